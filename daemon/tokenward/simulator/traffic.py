"""What every listener does with every request: a record without secrets, and a Date in simulated time."""

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tokenward.simulator.answers import Jsonable
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.durable import Store

KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that was answered. Neither headers nor bodies are kept, and queries only of NanoDEP."""

    number: int
    at: datetime
    listener: str
    method: str
    path: str
    query: str
    client: str
    agent: str
    user: str
    status: int


class RequestLog:
    """The newest requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, listener: str, scope: Scope, status: int, at: datetime) -> None:
        """Record one request."""
        self._count += 1
        headers = dict(scope["headers"])
        client = scope.get("client")
        self._entries.append(
            Entry(
                number=self._count,
                at=at,
                listener=listener,
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"].decode("latin-1") if listener == "nanodep" else "",
                client=client[0] if client else "",
                agent=headers.get(b"user-agent", b"").decode("latin-1"),
                user=headers.get(b"x-portal-user", b"").decode("latin-1"),
                status=status,
            )
        )

    def shown(self) -> list[Jsonable]:
        """Return the entries as JSON."""
        return [{**asdict(entry), "at": entry.at.isoformat()} for entry in self._entries]


class Traffic:
    """ASGI middleware around one listener's application."""

    def __init__(self, app: ASGIApp, listener: str, store: Store, log: RequestLog) -> None:
        self._app = app
        self._listener = listener
        self._store = store
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; note how it was answered, before the answer leaves."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = simulated_now(self._store.world.clock_offset)
                MutableHeaders(scope=message)["date"] = format_datetime(now, usegmt=True)
                self._log.add(self._listener, scope, message["status"], now)
            await send(message)

        await self._app(scope, receive, watched)
