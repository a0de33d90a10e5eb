"""Strict headers on every answer of a listener, also on those that no page makes: redirects, refusals, wrong paths."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tokenward.web.html import PAGE_HEADERS


class Strict:
    """Puts the headers of every page on whatever an application answers; what it says itself stays as it is."""

    def __init__(self, app: ASGIApp) -> None:
        """Pass everything on to *app*."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PAGE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, strictly)
