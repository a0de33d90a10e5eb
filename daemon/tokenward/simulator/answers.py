"""Answers as values, so that rules can be written without HTTP, and how one is cut short on purpose."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

TEXT: Final = "text/plain;charset=UTF-8"
JSON: Final = "application/json;charset=UTF8"

Jsonable = str | int | float | bool | None | Mapping[str, "Jsonable"] | list["Jsonable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)
    truncated: bool = False

    @classmethod
    def text(cls, status: int, body: str) -> Self:
        """Return *body* as plain text, the form of Apple's errors."""
        return cls(status, body.encode())

    @classmethod
    def json(cls, status: int, value: Jsonable, headers: Mapping[str, str] | None = None) -> Self:
        """Return *value* as JSON with the content type that Apple writes."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), JSON, headers or {})

    def response(self) -> Response:
        """Return what starlette sends."""
        kind = CutShort if self.truncated else Response
        headers = {"content-type": self.content_type, **self.headers}
        return kind(self.body, self.status, headers)


class CutShort(Response):
    """Announces its whole length, sends half, and lets the connection drop."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body, and never the end."""
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
