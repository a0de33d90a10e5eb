"""A session of ``requests`` for libraries that take one. Imported by whoever uses such a library: it is an extra."""

import io
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override

from tokenward.wire.passage import Passage

_UNPACKED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _Body(io.BytesIO):
    """An answer's body, read to its end; libraries put attributes of their own on it."""


class _Through(BaseAdapter):
    """Sends what a library has prepared through a passage."""

    def __init__(self, passage: Passage) -> None:
        super().__init__()
        self._passage = passage

    @override
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        answer = self._passage.send(request.method or "GET", request.url or "", request.headers, content)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(
            {name: value for name, value in answer.headers.items() if name not in _UNPACKED}
        )
        response.url = request.url or ""
        response.request = request
        response.raw = _Body(answer.body)
        return response

    @override
    def close(self) -> None:
        """Close nothing: every request is a conversation of its own."""


class _Session(requests.Session):
    """Follows no redirect, whatever a library asks for, and reads nothing from the environment."""

    @override
    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def session_through(passage: Passage) -> requests.Session:
    """Return a session whose requests all go through *passage*."""
    session = _Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Through(passage))
    return session
