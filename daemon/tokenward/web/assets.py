"""Style sheets, scripts and pictures of the pages: those of the package and no others, kept by browsers for a year."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file that pages refer to."""

    body: bytes
    media_type: str
    version: str
    """Changes with the content."""


def asset_url(name: str) -> str:
    """Return the address of the file *name*: another one as soon as its content is another.

    Raises:
        KeyError: The package has no such file.
    """
    return f"/static/{name}?v={_assets()[name].version}"


def asset_routes() -> tuple[Route, ...]:
    """Return ``GET /static/{name}`` for the files of the package. There is no way from it to any other file."""
    return (Route("/static/{name}", _answer),)


async def _answer(request: Request) -> Response:
    asset = _assets().get(str(request.path_params["name"]))
    if asset is None:
        return PlainTextResponse("There is no such file.\n", HTTPStatus.NOT_FOUND)
    is_this_one = request.query_params.get("v") == asset.version
    caching = _FOR_A_YEAR if is_this_one else _ASK_EACH_TIME
    return Response(asset.body, headers=_HEADERS | {"Content-Type": asset.media_type, "Cache-Control": caching})


@cache
def _assets() -> Mapping[str, Asset]:
    """Return every file in the package's folder, read once."""
    folder = resources.files("tokenward.web") / "static"
    files = (file for file in folder.iterdir() if file.is_file())
    return {file.name: _asset(file.name, file.read_bytes()) for file in files if _kind(file.name)}


def _asset(name: str, body: bytes) -> Asset:
    return Asset(body, _kind(name), hashlib.sha256(body).hexdigest()[:12])


def _kind(name: str) -> str:
    return _KINDS.get(name[name.rfind(".") :], "")
