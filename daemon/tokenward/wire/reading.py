"""What many products answer alike: JSON that is read into a model, files in a form, and marks of what was shown."""

import base64
import binascii
import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import httpx2
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError

from tokenward.model.finding import Retryable
from tokenward.wire.answer import Answer
from tokenward.wire.findings import unexpected

_NOWHERE: Final = "http://form.invalid/"


class Shown(BaseModel):
    """Parent of what is read from a product's answers: more than is known here may stand in them."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # at the ends of the calendar
        raise ValueError("no such instant in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An instant, whatever the offset from UTC in which it is shown: summer time is no other token."""

M = TypeVar("M", bound=BaseModel)


def read_as(model: type[M], answer: Answer, title: str, what: str) -> M:
    """Return the body of *answer*, a good one, as *model*; *what* goes on with "it answered 200 and …".

    Raises:
        Retryable: It is no good answer, or nothing of that shape.
    """
    if answer.is_ok:
        try:
            return model.model_validate_json(answer.body)
        except ValidationError:
            pass
    raise Retryable(unexpected(title, answer, what), answer.retry_after_seconds)


def find_in(model: type[M], answer: Answer) -> M | None:
    """Return the body of *answer*, whatever its status, as *model*; None where it has another shape."""
    try:
        return model.model_validate_json(answer.body)
    except ValidationError:
        return None


def unpacked(text: str, answer: Answer, title: str, what: str) -> bytes:
    """Return what *text*, a part of *answer* in base64, holds; *what* as for ``read_as``.

    Raises:
        Retryable: It is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # the latter for what is not ASCII
        raise Retryable(unexpected(title, answer, what)) from None


def certificate_in(answer: Answer, title: str) -> bytes:
    """Return the body of *answer*, a certificate in PEM.

    Raises:
        Retryable: It is something else.
    """
    if answer.is_ok and b"-----BEGIN CERTIFICATE-----" in answer.body:
        return answer.body
    raise Retryable(unexpected(title, answer, "gave no certificate"), answer.retry_after_seconds)


def mark_of(*shown: object) -> str:
    """Return a digest of *shown*, of which no part can be read back."""
    return hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()


def file_in_form(field: str, name: str, content: bytes) -> tuple[str, bytes]:
    """Return the content type and the body of a form that sends one file. RFC 7578."""
    form = httpx2.Request("POST", _NOWHERE, files={field: (name, content, "application/octet-stream")})
    return form.headers["content-type"], form.read()
