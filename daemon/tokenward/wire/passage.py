"""The way of a client library to its server: through our own client, so that its limits hold for the library too."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Never

from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.secret import Secret
from tokenward.wire.answer import Answer
from tokenward.wire.client import Connection, HttpPeer, Lost


class Answered(Exception):
    """The answer is there: ends a library's part, before it makes of the answer what nobody has looked at."""


class Passage:
    """One conversation. It leads to the servers that were configured, and nowhere else.

    A library that blocks runs in a thread and calls ``send``; the request itself is made in the loop that made the
    passage, where time and size are bounded and where an end of the daemon ends it.
    """

    def __init__(self, title: str, connection: Connection, *roots: str, lost: Lost | None = None) -> None:
        """Lead to the servers at *roots*; *lost* says what a lost answer means, as ``HttpPeer.send`` takes it."""
        self._title = title
        self._peers = {
            root: HttpPeer(title, root, unreachable=Code.TARGET_UNREACHABLE, connection=connection) for root in roots
        }
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._answers: list[Answer] = []

    @property
    def answer(self) -> Answer:
        """The last answer that came through, which is the one to the library's last question."""
        return self._answers[-1]

    def send(self, method: str, url: str, headers: Mapping[str, str | Secret], body: bytes) -> Answer:
        """Return the answer to one request, in a thread; raises as ``ask`` does."""
        return asyncio.run_coroutine_threadsafe(self.ask(method, url, headers, body), self._loop).result()

    def send_last(self, method: str, url: str, headers: Mapping[str, str | Secret], body: bytes) -> Never:
        """Make a request whose answer the library does not get to see.

        Raises:
            Answered: It is there. Otherwise as ``ask``.
        """
        self.send(method, url, headers, body)
        raise Answered

    async def ask(self, method: str, url: str, headers: Mapping[str, str | Secret], body: bytes) -> Answer:
        """Return the answer to one request.

        Raises:
            NeedsOperator: It would have gone to another server.
            Retryable: As ``HttpPeer.send`` raises it.
            OutcomeUnknown: As ``HttpPeer.send`` raises it.
        """
        root = next((root for root in self._peers if url == root or url.startswith((f"{root}/", f"{root}?"))), None)
        if root is None:
            raise NeedsOperator(self._astray())
        sent = {name: value for name, value in headers.items() if name.lower() not in _OURS}
        answer = await self._peers[root].send(method, url.removeprefix(root), headers=sent, body=body, lost=self._lost)
        self._answers.append(answer)
        return answer

    def _astray(self) -> Finding:
        return Finding(
            Code.TARGET_REFUSED,
            f"{self._title} sent Tokenward on to an address that is not configured.",
            "Nothing was sent there, so no secret was.",
            "Check the address in the target's table; a proxy or another service may answer in its place.",
        )


_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent"})
"""Headers that belong to the connection, which is ours."""


def hush(*names: str) -> None:
    """Keep the loggers *names* of libraries to warnings: below them they write whole requests and answers."""
    for name in names:
        logging.getLogger(name).setLevel(logging.WARNING)
