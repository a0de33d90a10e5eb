"""What a browser sends when a form is submitted, files included.

Files are read here, by a small reader of ``multipart/form-data``, and not by a script in the page: so the pages work
without JavaScript, forbid it by their Content-Security-Policy, and take a binary ``.der`` as it is. The listener bounds
the body's size; this module bounds the number of parts.

Source: RFC 7578; RFC 2046 section 5.1.1.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

MOST_PARTS: Final = 20
MULTIPART: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME: Final = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
_FILE: Final = re.compile(r";\s*filename\*?=", re.IGNORECASE)


class NotAForm(Exception):
    """The body is not what a browser sends."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a submitted form by name; of several with one name the last."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return what was typed; nothing for a field that was not sent."""
        return self.fields.get(name, "")


def parse_form(content_type: str, body: bytes) -> Form:
    """Return the form in *body*. A file input without a file counts as not sent.

    Raises:
        NotAForm: Another content type, or a body that does not fit it.
    """
    try:
        if content_type.partition(";")[0].strip().casefold() == MULTIPART:
            return _from_parts(content_type, body)
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARTS)
        return Form(dict(pairs))
    except ValueError as error:
        raise NotAForm from error


def _from_parts(content_type: str, body: bytes) -> Form:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise NotAForm
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for head, content in _parts(body, (boundary[1] or boundary[2]).encode("ascii")):
        name = _NAME.search(head)
        if name is None:
            raise NotAForm
        if not _FILE.search(head):
            fields[name[1]] = content.decode()
        elif content:
            files[name[1]] = content
    return Form(fields, files)


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield head and content of each part; what stands before the first and behind the last does not count."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) > MOST_PARTS + 2 or not pieces[-1].startswith(b"--"):
        raise NotAForm
    for piece in pieces[1:-1]:
        head, found, content = piece.partition(b"\r\n\r\n")
        if not found or head.startswith(b"--"):
            raise NotAForm
        yield head.decode(), content
