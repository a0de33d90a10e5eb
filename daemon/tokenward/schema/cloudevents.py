"""CloudEvents 1.0 about people, in JSON: an event or an array of them, read strictly.

Own lines, since the format is one small object and every doubt about it must be refused: a library that fills
in a missing time with the present, or lets the last of two equal members win, would date or redirect a
departure.

Source: CloudEvents 1.0 "Context Attributes"; JSON Event Format sections 2, 3 and 4; RFC 9493 for subjects.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import unquote

from tokenward.model.event import IDENTITY_KINDS, Event, EventKind, Way
from tokenward.model.finding import Code, Finding
from tokenward.model.instant import BadInstant, parse_instant
from tokenward.model.person import Subject
from tokenward.schema.near import suggest
from tokenward.schema.strict_json import BadJson, Json, parse_json

MOST_EVENTS: Final = 1000
"""In one array."""
LONGEST_TEXT: Final = 512

_NAME: Final = re.compile(r"[a-z0-9]+|data_base64")
_TYPE: Final = re.compile(r"(?:.*\.)?identity\.(?P<kind>.+)")
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")
_ID_SPACE: Final = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_NOT_A_PERSON: Final = frozenset({"phone_number", "uri", "did", "complex"})
"""Registered formats that the configuration has no names for."""
_KINDS: Final = {kind.value: kind for kind in IDENTITY_KINDS}
_KEPT_WORDS: Final = ("new", "reason")
"""Members of ``data`` that say more about the act: the new identifier, and why."""

_EXAMPLE: Final = (
    '{"specversion": "1.0", "id": "hr-42", "source": "urn:corp:hr", "type": "identity.employment.ending", '
    '"subject": "kim@corp.example", "data": {"effective_at": "2026-11-30T18:00:00Z"}}'
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reception:
    """How an event came in, which its sender cannot say of itself."""

    source: str
    """Slug of the source."""
    way: Way
    received_at: datetime


class BadCloudEvent(ValueError):
    """The bytes are no event about a person, or one of an unknown kind; nothing of them is taken."""

    def __init__(self, finding: Finding, *, is_cut_short: bool = False) -> None:
        """Carry the *finding* for whoever sent it; *is_cut_short* says that only the end is missing."""
        super().__init__(finding.happened)
        self.finding = finding
        self.is_cut_short = is_cut_short


class _Fault(ValueError):
    """One attribute is wrong."""


def parse_events(raw: bytes, reception: Reception) -> tuple[Event, ...]:
    """Return the events in *raw*, at least one: structured mode, or an array as in batch mode.

    An event's key is its ``source`` and ``id``, which CloudEvents makes unique together.

    Raises:
        BadCloudEvent: Some of it is wrong. All faults of the first bad event are named at once.
    """
    try:
        value = parse_json(raw)
    except BadJson as error:
        raise BadCloudEvent(_not_an_event(f"It is no valid JSON: {error}"), is_cut_short=error.is_cut_short) from error
    if not isinstance(value, list):
        return (_event(value, reception, "The event"),)
    if not 1 <= len(value) <= MOST_EVENTS:
        raise BadCloudEvent(_not_an_event(f"The array holds {len(value)} events, not 1 to {MOST_EVENTS}"))
    return tuple(_event(one, reception, f"Event {number} of {len(value)}") for number, one in enumerate(value, 1))


def _event(value: Json, reception: Reception, name: str) -> Event:
    if not isinstance(value, dict):
        raise BadCloudEvent(_not_an_event(f"{name} is {_json_type(value)}, not an object"))
    reading = _Reading(value)
    source = reading.take("source", _word)
    event_id = reading.take("id", _text)
    reading.take("specversion", _version)
    written_type = reading.take("type", _word)
    time = reading.take("time", _instant, required=False)
    data = reading.take("data", _object, required=False) or {}
    inside = _Reading(data, "data.")
    occurred_at = inside.take("occurred_at", _instant, required=False)
    effective_at = inside.take("effective_at", _instant, required=False)
    subject = inside.take("subject", subject_of, required=False)
    if subject is None and "subject" not in data:
        subject = reading.take("subject", _email)
    faults = (*_shape_faults(value), *reading.faults, *inside.faults)
    if faults or not (source and event_id and written_type and subject):
        raise BadCloudEvent(_not_an_event(f"{name} is not right: {'; '.join(faults)}"))
    return Event(
        source=reception.source,
        key=f"{source} {event_id}",
        kind=_kind(written_type, name),
        way=reception.way,
        received_at=reception.received_at,
        subject=subject,
        occurred_at=occurred_at or time,
        effective_at=effective_at,
        data={
            word: text for word in _KEPT_WORDS if isinstance(text := data.get(word), str) and len(text) <= LONGEST_TEXT
        },
    )


class _Reading:
    """Takes members out of an object and collects what is wrong with them."""

    def __init__(self, members: Mapping[str, Json], prefix: str = "") -> None:
        self._members = members
        self._prefix = prefix
        self.faults: list[str] = []

    def take(self, name: str, parse: Callable[[Json], T], *, required: bool = True) -> T | None:
        """Return the parsed member, or None where it is missing or wrong."""
        if self._members.get(name) is None:
            if required:
                self.faults.append(f"{self._prefix}{name} is missing")
            return None
        try:
            return parse(self._members[name])
        except _Fault as fault:
            self.faults.append(f"{self._prefix}{name} {fault}")
            return None


def _shape_faults(members: Mapping[str, Json]) -> tuple[str, ...]:
    strange = tuple(name for name in members if not _NAME.fullmatch(name))
    faults = tuple(f"{name[:40]!r} is no attribute name: lower-case letters and digits only" for name in strange)
    if "data_base64" in members:
        return (*faults, "data_base64 stands where a JSON object in data belongs")
    return faults


def _kind(written: str, name: str) -> EventKind:
    match = _TYPE.fullmatch(written)
    kind = _KINDS.get(match["kind"]) if match else None
    if kind is None:
        raise BadCloudEvent(_unknown_kind(written, match["kind"] if match else written, name))
    return kind


# --- Subjects -----------------------------------------------------------------------------------------------


def subject_of(value: Json) -> Subject:
    """Return the one identifier in an RFC 9493 subject; of ``aliases`` the first of a known format.

    An issuer and its subject stand in one value with a blank between them. Beyond the registered formats, the name of
    an id space with an ``id`` is taken, such as ``{"format": "employee", "id": "E042"}``.

    Raises:
        ValueError: It names nobody that a configuration could name.
    """
    members = _object(value)
    reading = members.get("format")
    if reading == "aliases":
        return _first_alias(members.get("identifiers"))
    if not isinstance(reading, str) or not _ID_SPACE.fullmatch(reading) or reading in _NOT_A_PERSON:
        raise _Fault(f"has the format {_shown(reading)}, not email, account, opaque, iss_sub, aliases or an id space")
    parse = _FORMATS.get(reading, _identifier)
    return parse(reading, members)


def _first_alias(identifiers: Json) -> Subject:
    if not isinstance(identifiers, list):
        raise _Fault("is of the format aliases and has no array of identifiers")
    for one in identifiers:
        if isinstance(one, dict) and one.get("format") != "aliases":  # RFC 9493 section 3.2.8: no nesting
            try:
                return subject_of(one)
            except _Fault:
                continue
    raise _Fault("has no identifier of a known format among its aliases")


def _identifier(space: str, members: Mapping[str, Json]) -> Subject:
    return Subject(space, _member(members, "id", _text))


def _email_subject(_: str, members: Mapping[str, Json]) -> Subject:
    return _member(members, "email", _email)


def _account_subject(_: str, members: Mapping[str, Json]) -> Subject:
    scheme, _, account = _member(members, "uri", _word).partition(":")
    if scheme.lower() != "acct":
        raise _Fault("has a uri that does not begin with acct:")
    return Subject("account", _email(unquote(account)).value)


def _issued_subject(_: str, members: Mapping[str, Json]) -> Subject:
    return Subject("iss_sub", f"{_member(members, 'iss', _word)} {_member(members, 'sub', _text)}")


_FORMATS: Final[Mapping[str, Callable[[str, Mapping[str, Json]], Subject]]] = {
    "email": _email_subject,
    "account": _account_subject,
    "iss_sub": _issued_subject,
}


def _member(members: Mapping[str, Json], name: str, parse: Callable[[Json], T]) -> T:
    try:
        return parse(members.get(name))
    except _Fault as fault:
        raise _Fault(f"has a member {name} that {fault}") from fault


# --- Values -------------------------------------------------------------------------------------------------


def _text(value: Json) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Fault(f"is {_json_type(value)}, not a text")
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise _Fault(f"is longer than {LONGEST_TEXT} characters or holds control characters")
    return value


def _word(value: Json) -> str:
    text = _text(value)
    if " " in text:
        raise _Fault("holds a blank")
    return text


def _version(value: Json) -> str:
    if value != "1.0":
        raise _Fault(f'is {_shown(value)}, not "1.0"')
    return "1.0"


def _instant(value: Json) -> datetime:
    try:
        return parse_instant(_text(value))
    except (BadInstant, OverflowError) as error:
        raise _Fault("is no instant with an offset, such as 2027-03-01T09:00:00Z") from error


def _object(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise _Fault(f"is {_json_type(value)}, not an object")
    return value


def _email(value: Json) -> Subject:
    address = _text(value).strip()
    if not _ADDRESS.fullmatch(address):
        raise _Fault("is no address such as kim@corp.example; other identifiers go into data.subject")
    return Subject("email", address)


_JSON_TYPES: Final = {
    dict: "an object",
    list: "an array",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}


def _json_type(value: Json) -> str:
    if value == "":
        return "empty"
    return _JSON_TYPES.get(type(value), "a number")


def _shown(value: Json) -> str:
    return f"{value[:40]!r}" if isinstance(value, str) else _json_type(value)


# --- Findings -----------------------------------------------------------------------------------------------


def _not_an_event(happened: str) -> Finding:
    return Finding(
        Code.NOT_AN_EVENT,
        f"{happened[:600]}.",
        "Nothing was taken from it, and nothing was changed.",
        f"Send a CloudEvents 1.0 object such as {_EXAMPLE}",
    )


def _unknown_kind(written: str, kind: str, name: str) -> Finding:
    return Finding(
        Code.UNKNOWN_KIND,
        f"{name} has the type {written[:80]!r}, which is no known kind of event about a person.",
        "Nothing was taken from it, and nothing was changed.",
        f"Let type end in identity. and {suggest(kind, _KINDS)}, such as identity.password.changed.",
    )
