"""Reading what a form sends, within limits: one file, a few words."""

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tokenward.model.finding import Code, Finding, NeedsCustodian

LARGEST_FILE: Final = 256 * 1024
LARGEST_BODY: Final = LARGEST_FILE + 16 * 1024
"""In bytes: the largest file, and the form around it."""
_MOST_FILES: Final = 4
_MOST_FIELDS: Final = 8
_LONGEST_FIELD: Final = 4096


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody handed over."""

    name: str
    body: bytes
    is_confirmed: bool
    """Whether they said that it is for this service, when they were asked."""


async def uploaded(request: Request) -> Upload:
    """Return the one file of the form.

    Raises:
        NeedsCustodian: There is none, or there are several, or it is too large.
    """
    try:
        form = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD)
    except HTTPException as error:
        if error.status_code == HTTP_TOO_LARGE:
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
        name = (files[0].filename or "file").replace("\\", "/").rpartition("/")[2][:200]
        return Upload(name or "file", body, form.get("confirmed") == "yes")
    finally:
        await form.close()


async def word(request: Request, name: str) -> str:
    """Return one word of the form, or nothing."""
    async with request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD) as form:
        value = form.get(name, "")
        return value if isinstance(value, str) else ""


HTTP_TOO_LARGE: Final = 413

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
