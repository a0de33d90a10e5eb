"""Reading what a form sends, within limits: one file, a few words."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from tokenward.model.finding import Code, Finding, NeedsCustodian
from tokenward.schema.account import parse_account
from tokenward.schema.fault import Fault

LARGEST_FILE: Final = 256 * 1024
LARGEST_BODY: Final = LARGEST_FILE + 16 * 1024
"""In bytes: the largest file, and the form around it."""
LARGEST_READ: Final = 8 * 1024 * 1024
"""In bytes: how much of what is too large is still read, and thrown away, so that its sender hears why."""
_MOST_FILES: Final = 4
_MOST_FIELDS: Final = 8
_LONGEST_FIELD: Final = 4096
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody handed over."""

    name: str
    body: bytes
    is_confirmed: bool
    """Whether they said that it is for this service, when they were asked."""
    account: str = ""
    """With which account they say that they downloaded it, where they were asked."""


async def uploaded(request: Request) -> Upload:
    """Return the one file of the form.

    Raises:
        NeedsCustodian: There is none, or there are several, or it is too large.
    """
    limited = Request(request.scope, _Limited(request.receive))
    try:
        form = await limited.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD)
    except HTTPException as error:
        if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise
        raise NeedsCustodian(_NO_FILE) from error
    try:
        files = [one for one in form.getlist("file") if isinstance(one, UploadFile) and (one.filename or one.size)]
        if not files:
            raise NeedsCustodian(_NO_FILE)
        if len(files) > 1:
            raise NeedsCustodian(_several(len(files)))
        body = await files[0].read()
        if len(body) > LARGEST_FILE:
            raise NeedsCustodian(_TOO_LARGE)
        return Upload(
            _called(files[0].filename or ""), body, form.get("confirmed") == "yes", _account(form.get("account"))
        )
    finally:
        await form.close()


def _account(written: object) -> str:
    """Return the account that was written; nothing for what is none, for then the one on record is the better guess."""
    try:
        return parse_account(written.strip() if isinstance(written, str) else written)
    except Fault:
        return ""


def _called(name: str) -> str:
    """Return the last part of *name*, without what a terminal would obey."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME] or "file"


class _Limited:
    """Receives a body up to the largest that is kept."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def __call__(self) -> Message:
        """Return the next part of the body.

        Raises:
            NeedsCustodian: It is too large; the rest was read and thrown away, for a browser listens only then.
        """
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size <= LARGEST_BODY:
            return message
        while message.get("more_body"):
            message = await self._receive()
        raise NeedsCustodian(_TOO_LARGE)


async def word(request: Request, name: str) -> str:
    """Return one word of the form, or nothing."""
    async with request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD) as form:
        value = form.get(name, "")
        return value if isinstance(value, str) else ""


_NO_FILE: Final = Finding(
    Code.NOT_AN_ENVELOPE,
    "No file came with that.",
    "Nothing was changed.",
    "Choose the file that Apple's portal gave you. Its name ends in .p7m.",
)
_TOO_LARGE: Final = Finding(
    Code.SIZE,
    "This file is far too large for a token.",
    "It was not looked at, and nothing was changed.",
    "Hand over the file that Apple's portal gave you. It has a few kilobytes, and its name ends in .p7m.",
)


def _several(count: int) -> Finding:
    return Finding(
        Code.NOT_AN_ENVELOPE,
        f"{count} files came at once.",
        "Only one of them can be the newest token, so none was used.",
        "Hand over the one that you downloaded last. Its name ends in .p7m.",
    )
