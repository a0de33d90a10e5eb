"""Speaking to the running daemon: HTTP with JSON over its control socket, within bounds of time and size."""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, cast

import httpx2

from tokenward.cli.exit_codes import Exit, exit_of_number
from tokenward.cli.failure import Failed
from tokenward.web.as_json import Json

LOOK_SECONDS: Final = 10.0
"""How long an answer to a question may take in all."""
ASK_SECONDS: Final = 30.0
"""The same for a request, whose answer waits for up to ``WAIT_SECONDS``."""
WAIT_SECONDS: Final = 15.0
LARGEST_ANSWER: Final = 32 * 1024 * 1024

_PARTS: Final = ("happened", "means", "do")


@dataclass(frozen=True, slots=True)
class Client:
    """The daemon behind one control socket."""

    path: Path
    steady: Callable[[], float] = field(default=time.monotonic, repr=False)
    """Measures how long an answer takes."""

    def look(self, path: str, seconds: float = LOOK_SECONDS) -> Json:
        """Return the answer to ``GET path``, which may take that long.

        Raises:
            Failed: The daemon does not answer, or says why not.
        """
        return self._exchange("GET", path, None, seconds)

    def ask(self, body: Mapping[str, object]) -> Json:
        """Return the answer to ``POST /v1/events``, which waits a while for what becomes of the event.

        Raises:
            Failed: The daemon does not answer, or refuses.
        """
        return self._exchange("POST", "/v1/events", {**body, "wait_seconds": WAIT_SECONDS}, ASK_SECONDS)

    def fetch(self, path: str) -> Json:
        """Return the answer to ``POST path``, which gives something out and puts that on record.

        Raises:
            Failed: The daemon does not answer, or says why not.
        """
        return self._exchange("POST", path, {}, LOOK_SECONDS)

    def _exchange(self, method: str, path: str, body: Mapping[str, object] | None, seconds: float) -> Json:
        deadline = self.steady() + seconds
        timeout = httpx2.Timeout(seconds)
        self._knock()
        transport = httpx2.HTTPTransport(uds=str(self.path))
        with (
            self._translated(),
            httpx2.Client(transport=transport, timeout=timeout, trust_env=False) as client,
            client.stream(method, f"http://tokenward{path}", json=body) as response,
        ):
            status, content = response.status_code, self._read(response.iter_raw(), deadline)
        answer = self._parsed(content, status)
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise _said(status, answer)
        return answer

    def _knock(self) -> None:
        """Find out whether anybody listens. The library would leave a socket open where nobody does."""
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(LOOK_SECONDS)
            try:
                knocking.connect(str(self.path))
            except OSError as error:
                raise self._unreachable(error) from error

    def _read(self, chunks: Iterator[bytes], deadline: float) -> bytes:
        content = bytearray()
        for chunk in chunks:
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise self._strange("its answer is too large")
            if self.steady() > deadline:
                raise self._no_answer()
        return bytes(content)

    def _parsed(self, content: bytes, status: int) -> Json:
        try:
            return cast("Json", json.loads(content))
        except ValueError as error:
            raise self._strange(f"it answered {status} without JSON") from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            raise self._unreachable(error) from error
        except httpx2.TransportError as error:
            raise self._no_answer() from error

    def _unreachable(self, error: Exception) -> Failed:
        if isinstance(error, PermissionError):
            return Failed(
                Exit.UNREACHABLE,
                f"You may not speak to the daemon at {self.path}.",
                "Nothing was asked of it.",
                "Become a member of the socket's group, or use sudo.",
            )
        return Failed(
            Exit.UNREACHABLE,
            f"The daemon does not answer at {self.path}.",
            "It does not run, or it has another configuration. Nothing was asked of it.",
            "Is it running? See `systemctl status tokenward`, or start it with `tokenward run`.",
        )

    def _no_answer(self) -> Failed:
        return Failed(
            Exit.UNREACHABLE,
            f"The daemon at {self.path} did not answer in time.",
            "What was asked of it may have been taken: nobody can tell from here.",
            "Look with `tokenward status` before you ask again, and into the daemon's log.",
        )

    def _strange(self, how: str) -> Failed:
        return Failed(
            Exit.FAILED,
            f"What listens at {self.path} is no daemon of this version: {how}.",
            "Nothing can be said of what was asked.",
            "Compare `tokenward version` with the daemon's log; restart the daemon after an upgrade.",
        )


def _said(status: int, answer: Json) -> Failed:
    """Return what the daemon says about a request that it did not carry out."""
    told = answer if isinstance(answer, dict) else {}
    happened, means, do = (str(told.get(part, "")) for part in _PARTS)
    number = str(told.get("code", ""))
    code = Exit.TRY_AGAIN if status == HTTPStatus.SERVICE_UNAVAILABLE else exit_of_number(number)
    return Failed(
        code,
        happened or f"The daemon answered {status}.",
        means or "It did not do what it was asked for.",
        do or "See the daemon's log.",
        number,
    )
