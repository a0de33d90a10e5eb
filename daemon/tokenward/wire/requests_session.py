"""A session of ``requests`` for libraries that take one. Imported by whoever uses such a library: it is an extra."""

import io
from http import HTTPStatus
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override

from tokenward.wire.passage import Answered, Passage

_NOT_PASSED_ON: Final = frozenset({"content-encoding", "content-length", "transfer-encoding", "location"})
"""Headers that no longer fit, and the one that a library would follow to somewhere else."""


class _Body(io.BytesIO):
    """An answer's body, read to its end; libraries put attributes of their own on it."""


class _Through(BaseAdapter):
    """Sends what a library has prepared through a passage."""

    def __init__(self, passage: Passage) -> None:
        super().__init__()
        self._passage = passage

    @override
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        answer = self._passage.send(request.method or "GET", request.url or "", request.headers, _content(request))
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(
            {name: value for name, value in answer.headers.items() if name not in _NOT_PASSED_ON}
        )
        response.url = request.url or ""
        response.request = request
        response.raw = _Body(answer.body)
        return response

    @override
    def close(self) -> None:
        """Close nothing: every request is a conversation of its own."""


class _LastThrough(_Through):
    """As ``_Through``, for a library that need not see an answer, but for being asked who it is."""

    @override
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **kwargs)
        if response.status_code == HTTPStatus.UNAUTHORIZED and "Authorization" not in request.headers:
            return response
        raise Answered


def session_through(passage: Passage) -> requests.Session:
    """Return a session whose requests all go through *passage*: no redirect is followed, no proxy guessed."""
    return _led(requests.Session(), _Through(passage))


def lead_last(session: requests.Session, passage: Passage) -> None:
    """Let the requests of a library's own *session* go through *passage*, of which it does not see the answers."""
    _led(session, _LastThrough(passage))


def _led(session: requests.Session, through: _Through) -> requests.Session:
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, through)
    return session


def _content(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)
