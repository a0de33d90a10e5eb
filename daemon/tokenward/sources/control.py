"""The writing side of the control socket: whatever a person asks for on the command line comes in as an event.

The socket's permissions are the authorisation: who can connect may ask for anything.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tokenward.model.event import (
    ABOUT_PEOPLE,
    Attachment,
    AttachmentRole,
    Event,
    EventKind,
    Refused,
    Taken,
    Way,
)
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.instant import BadInstant, Clock, parse_instant
from tokenward.model.person import Subject
from tokenward.rotation.ports import Chance
from tokenward.rotation.record import Settlement
from tokenward.schema.cloudevents import subject_of
from tokenward.schema.near import suggest
from tokenward.sources import TakesEvents

SOURCE: Final = "control"
LARGEST_FILE: Final = 256 * 1024
LARGEST_BODY: Final = 512 * 1024
"""A file of 256 KiB in base64, and words."""
LONGEST_WAIT_SECONDS: Final = 20.0

_KINDS: Final = {kind.value: kind for kind in EventKind}
_FILE_KINDS: Final = {
    EventKind.CERTIFICATE_NEW: AttachmentRole.CERTIFICATE,
    EventKind.TOKEN_SUPPLIED: AttachmentRole.ENVELOPE,
    EventKind.IMPORT_TOKEN: AttachmentRole.TOKEN,
}
_INSTANTS: Final = ("occurred_at", "effective_at")
_OWN_WORDS: Final = frozenset({"attachment", "folder", "file_name", "person"})
"""Words in an event's data that say what was really received; nobody may write them."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=320)]


class Settlements(Protocol):
    """Tells what became of an event."""

    async def settled(self, event_id: int, timeout_seconds: float) -> Settlement | None:
        """Return what became of the event as soon as that is known; None when it is not within the time."""
        ...


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SentFile(_Part):
    """A file that comes with an event."""

    name: Word
    content_base64: str
    role: AttachmentRole | None = None
    """What it is meant to be; by the event's kind where it is not said."""


class SentEvent(_Part):
    """The body of ``POST /v1/events``."""

    kind: str
    key: Word | None = None
    """What names the event at its sender, so that a repetition is recognised; a fresh one where it is not given."""
    service: Word | None = None
    person: Word | None = None
    """Id of the person who acts or, for what happened to a person, of whom it happened to."""
    subject: Word | dict[str, JsonValue] | None = None
    """An address, or an RFC 9493 subject."""
    data: dict[Word, Annotated[str, StringConstraints(max_length=1000)]] = Field(default={}, max_length=32)
    """Further words. ``occurred_at`` and ``effective_at`` are instants."""
    file: SentFile | None = None
    wait_seconds: float = Field(default=0.0, ge=0.0, le=LONGEST_WAIT_SECONDS)
    """How long to wait for what becomes of it; the event is durable before that."""


class ControlSource:
    """Takes events from the command line."""

    def __init__(self, intake: TakesEvents, settlements: Settlements, clock: Clock, chance: Chance) -> None:
        """Hand what is asked for to *intake*, each under a fresh key from *chance*."""
        self._intake = intake
        self._settlements = settlements
        self._clock = clock
        self._chance = chance

    def routes(self) -> tuple[Route, ...]:
        """Return ``POST /v1/events``.

        It answers 202 with ``event_id``, ``verdict`` (``taken`` or ``known``), ``warnings`` and
        ``settlement`` (null, or ``outcome``, ``lines`` and ``code``). What is refused is answered with a
        finding (``code``, ``happened``, ``means``, ``do``): 422 for a body that can't be understood, 409 for
        what can't be taken, 503 while the store can't write.
        """
        limit = Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)
        return (Route("/v1/events", self._take, methods=["POST"], middleware=[limit]),)

    async def _take(self, request: Request) -> Response:
        try:
            sent = SentEvent.model_validate_json(await request.body())
            event, attachment = self._understood(sent, self._clock.now())
        except ValidationError as error:
            return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, _misshapen(error))
        except NeedsOperator as error:
            return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, error.finding)
        try:
            verdict = await self._intake.submit(event, attachment)
        except Retryable as error:
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, error.finding)
        if isinstance(verdict, Refused):
            return _answer(HTTPStatus.CONFLICT, verdict.finding)
        taken = {
            "event_id": verdict.event_id,
            "verdict": "taken" if isinstance(verdict, Taken) else "known",
            "warnings": verdict.warnings if isinstance(verdict, Taken) else (),
            "settlement": await self._settlement(verdict.event_id, sent.wait_seconds),
        }
        return JSONResponse(taken, HTTPStatus.ACCEPTED)

    async def _settlement(self, event_id: int, wait_seconds: float) -> Mapping[str, object] | None:
        if not wait_seconds:
            return None
        settlement = await self._settlements.settled(event_id, wait_seconds)
        if settlement is None:
            return None
        return {"outcome": settlement.outcome, "lines": list(settlement.lines), "code": settlement.code}

    def _understood(self, sent: SentEvent, now: datetime) -> tuple[Event, Attachment | None]:
        """Return the event that *sent* means.

        Raises:
            NeedsOperator: It means none.
        """
        kind = _kind(sent.kind)
        attachment = _attachment(sent.file, kind)
        reserved = sorted(_OWN_WORDS & sent.data.keys())
        if reserved:
            raise _wrong(f"data holds {', '.join(reserved)}, which nobody may write there")
        occurred_at, effective_at = (_instant(sent.data, name) for name in _INSTANTS)
        words = {name: text for name, text in sent.data.items() if name not in _INSTANTS}
        received = {"person": sent.person, "file_name": attachment.name if attachment else None}
        event = Event(
            source=SOURCE,
            key=sent.key or self._chance.token(),
            kind=kind,
            way=Way.CONTROL,
            received_at=now,
            service=sent.service,
            subject=_subject(sent, kind),
            occurred_at=occurred_at,
            effective_at=effective_at,
            data={**words, **{name: text for name, text in received.items() if text}},
        )
        return event, attachment


def _kind(written: str) -> EventKind:
    kind = _KINDS.get(written)
    if kind is None:
        raise NeedsOperator(
            Finding(
                Code.UNKNOWN_KIND,
                f"{written[:60]!r} is no kind of event.",
                "Nothing was changed.",
                f"Say {suggest(written, _KINDS)}.",
            )
        )
    return kind


def _subject(sent: SentEvent, kind: EventKind) -> Subject | None:
    if isinstance(sent.subject, str):
        return Subject("email", sent.subject)
    if sent.subject is not None:
        try:
            return subject_of(sent.subject)
        except ValueError as error:
            raise _wrong(f"subject {error}") from error
    if kind in ABOUT_PEOPLE and sent.person:
        return Subject("person", sent.person)
    return None


def _attachment(file: SentFile | None, kind: EventKind) -> Attachment | None:
    role = _FILE_KINDS.get(kind)
    if (file is None) != (role is None):
        needed = "needs a file" if file is None else "takes no file"
        raise _wrong(f"an event of the kind {kind} {needed}")
    if file is None or role is None:
        return None
    if AttachmentRole.TOKEN in {role, file.role} and file.role not in {role, None}:
        raise _wrong(f"an event of the kind {kind} takes no file that is meant to be a {file.role}")
    try:
        body = base64.b64decode(file.content_base64, validate=True)
    except binascii.Error as error:
        raise _wrong("file.content_base64 is no base64") from error
    if len(body) > LARGEST_FILE:
        raise _wrong(f"the file has {len(body)} bytes, more than {LARGEST_FILE}")
    return Attachment(file.role or role, file.name.rpartition("/")[2], body)


def _instant(data: Mapping[str, str], name: str) -> datetime | None:
    text = data.get(name)
    if not text:
        return None
    try:
        return parse_instant(text)
    except BadInstant as error:
        raise _wrong(f"data.{name}: {error}") from error


def _wrong(happened: str) -> NeedsOperator:
    return NeedsOperator(_not_an_event(f"The request can't be understood: {happened}."))


def _misshapen(error: ValidationError) -> Finding:
    """Return what is wrong with the body's shape; never its values, which may be a file's content."""
    faults = (
        f"{'.'.join(map(str, one['loc'])) or 'the body'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return _not_an_event(f"The request can't be understood: {'; '.join(faults)[:600]}.")


def _not_an_event(happened: str) -> Finding:
    return Finding(
        Code.NOT_AN_EVENT,
        happened,
        "Nothing was changed.",
        'Send a JSON object such as {"kind": "rotate", "service": "main"}; the command line does it right.',
    )


def _answer(status: HTTPStatus, finding: Finding) -> Response:
    return JSONResponse(finding.parts(), status)
