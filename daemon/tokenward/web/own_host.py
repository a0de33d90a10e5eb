"""Only for whoever called us by one of our own names: a page from elsewhere can't make a browser read what is here.

A foreign name that is made to point to this machine (DNS rebinding) arrives with that name in ``Host``.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tokenward.schema.address import Address

_HTTP: Final = 80
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


class OwnHost:
    """Lets requests through whose ``Host`` is one of *names*; all others are told so in one line."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        """Stand before *app*; *names* are as they stand in ``Host``, with a port where that is not the usual one."""
        self._app = app
        self._names = frozenset(name.casefold() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = self._refusal(Headers(scope=scope).getlist("host")) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, hosts: list[str]) -> PlainTextResponse | None:
        if len(hosts) != 1:
            return PlainTextResponse("Say which host is meant, once.\n", HTTPStatus.BAD_REQUEST)
        if hosts[0].casefold() in self._names:
            return None
        return PlainTextResponse(
            "Nothing is served under this name: use the listener's own address, or set operations_url in [listen].\n",
            HTTPStatus.MISDIRECTED_REQUEST,
        )


def own_names(address: Address, url: str | None) -> frozenset[str]:
    """Return what ``Host`` may say of a listener on *address* that a proxy serves under *url*."""
    addresses = {address, *(Address(host, address.port) for host in _LOCAL)}
    names = {str(one) for one in addresses}
    if address.port == _HTTP:
        names |= {str(one).removesuffix(f":{_HTTP}") for one in addresses}
    if url is not None:
        names |= _names_in(url)
    return frozenset(names)


def _names_in(url: str) -> set[str]:
    """Return the host of *url* with its port, and without where that is the usual one."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else f"{parts.hostname}"
    usual = {"https": 443, "http": _HTTP}[parts.scheme]
    port = parts.port or usual
    return {f"{host}:{port}", host} if port == usual else {f"{host}:{port}"}
