"""Troubles between a product and whoever asks it: wraps any application, and gets in the way when told to.

troubles = Troubles(Fleet(...).app())
async with serving(troubles) as url:
troubles.now = THROTTLED                    # every request, until it is None again
troubles.only = ("PATCH", "/renew")         # or only those whose method and path fit
"""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

HANG_SECONDS = 30.0
"""Longer than any test waits for an answer."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way in which an answer fails."""

    name: str
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    after: bool = False
    """Whether the product first does what it was asked."""
    hangs: bool = False
    breaks_off: bool = False


THROTTLED = Trouble("throttled", 429, b"slow down", (("Retry-After", "7"),))
OUT_OF_ORDER = Trouble("out of order", 500, b"oops")
AWAY = Trouble("away", 503, b"<html>maintenance</html>")
PROXY = Trouble("a proxy's page", 200, b"<html>Please sign in</html>", (("Content-Type", "text/html"),))
NOTHING = Trouble("nothing", 200, b"")
LIST = Trouble("a list", 200, b"[]")
NULL = Trouble("null", 200, b"null")
DEEP = Trouble("deep", 200, b"[" * 100_000)
NOT_TEXT = Trouble("not text", 200, b"\xff\xfe\x00{")
HUGE = Trouble("huge", 200, b'{"a": "' + b"x" * 1_000_000)
BROKEN_OFF = Trouble("broken off", breaks_off=True)
HANGS = Trouble("hangs", hangs=True)
MANY = (THROTTLED, OUT_OF_ORDER, AWAY, PROXY, NOTHING, LIST, NULL, DEEP, NOT_TEXT, HUGE, BROKEN_OFF)
"""All but those that take time."""


def moved(url: str, status: int = 307) -> Trouble:
    """Return a redirect to *url*."""
    return Trouble(f"moved {status}", status, b"", (("Location", url),))


@dataclass(slots=True)
class Troubles:
    """An application with troubles in front of it."""

    app: ASGIApp
    now: Trouble | None = None
    only: tuple[str, str] | None = None
    """Method, and what must stand in the path, of the requests that meet the trouble."""
    latency: float = 0.0
    """In seconds: how far away the product is."""
    named_in: bytes = b""
    """Header that says what is asked, where the path does not; it counts as the path's end."""
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail to."""
        method, path = scope["method"], scope["path"]
        self.seen.append((method, path))
        if self.latency:
            await asyncio.sleep(self.latency)
        asked = path + dict(scope["headers"]).get(self.named_in, b"").decode()
        trouble = self.now
        if trouble is None or (self.only and not (method == self.only[0] and self.only[1] in asked)):
            await self.app(scope, receive, send)
            return
        if trouble.after:
            await self.app(scope, receive, _drop)
        else:
            await _read(receive)
        await _fail(trouble, send)


@dataclass(frozen=True, slots=True)
class Forward:
    """An application that passes everything on to the server at ``url``, which runs somewhere else."""

    url: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and its answer back."""
        request = Request(scope, receive)
        headers = {name: value for name, value in request.headers.items() if name not in _OWN}
        target = f"{self.url}{request.url.path}?{request.url.query}".rstrip("?")
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.request(request.method, target, headers=headers, content=await request.body())
        passed = {name: value for name, value in answer.headers.items() if name not in _OWN}
        await Response(answer.content, answer.status_code, passed)(scope, receive, send)


_OWN = {"host", "content-length", "transfer-encoding", "connection", "content-encoding", "accept-encoding"}


async def _drop(_: MutableMapping[str, Any]) -> None:
    """Let the product's own answer be lost."""


async def _read(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _fail(trouble: Trouble, send: Send) -> None:
    if trouble.hangs:
        await asyncio.sleep(HANG_SECONDS)
        return
    headers = [(name.encode(), value.encode()) for name, value in trouble.headers]
    if trouble.breaks_off:
        headers.append((b"content-length", b"100"))
    await send({"type": "http.response.start", "status": trouble.status, "headers": headers})
    if trouble.breaks_off:
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionAbortedError
    await send({"type": "http.response.body", "body": trouble.body})
