"""Everything that reads what strangers wrote: how it is called, what it may raise, and what good input looks like.

Whatever the bytes, a parser here answers with a value whose texts can be stored and sent, or raises one of the errors
that it declares.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from fakes.apple_envelope import VALUES, apple_cms, apple_file, apple_message, one_line_of_json
from tokenward.apple import business_api, business_login, device_api
from tokenward.crypto import (
    MAX_FILE_BYTES,
    CannotBeOpened,
    Damaged,
    EnvelopeTooLarge,
    LoadedKeypair,
    NotACertificate,
    NotAnEnvelope,
    PrivateKeyExposed,
    SeveralCertificates,
    TooLarge,
    UnfitKey,
    ValueMissing,
    WrongRecipient,
    kind_of,
    load_keypair,
    make_keypair,
    open_envelope,
    parse_certificate,
    parse_envelope,
    read_imprints,
    to_pem,
)
from tokenward.crypto.message import parse_message
from tokenward.model.event import Way
from tokenward.model.finding import NeedsOperator, Retryable
from tokenward.policy.apple_words import Place, find_refusal, is_lost_session, parse_account
from tokenward.schema.cloudevents import BadCloudEvent, Reception, parse_events
from tokenward.sources.drop.entry import LARGEST_FILE, Entry, Folder
from tokenward.sources.drop.reader import DropReader
from tokenward.targets.nanodep import answers as nanodep
from tokenward.wire.answer import Answer
from tokenward.wire.client import Connection
from tokenward.wire.retry_after import LONGEST_WAIT_SECONDS

NOW: Final = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
RECEPTION: Final = Reception("drop", Way.DROP, NOW)
_READER: Final = DropReader("drop", ("main", "labs"), {0})
_LONGEST_NAME: Final = 255
MEBIBYTE: Final = 1024 * 1024
_ANSWER: Final = Connection().largest_answer
_PAGE: Final = business_api.PAGES.largest_answer
_HEADER: Final = 100 * 1024  # httpcore2 reads no longer block of headers


@dataclass(frozen=True, slots=True)
class Parser:
    """One reader of foreign bytes."""

    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    """What it may raise; anything else is a bug."""
    seeds: Callable[[], tuple[bytes, ...]]
    """Good input, for a search to start from."""
    largest: int = MEBIBYTE
    """In bytes: what its caller lets through at most."""
    readings: int = 1
    """How often ``read`` reads the same bytes, each time for another question."""

    def try_on(self, raw: bytes) -> None:
        """Have *raw* read. Raises what is not declared, and AssertionError where the value could not be kept."""
        try:
            value = self.read(raw)
        except self.refusals:
            return
        for text in _texts(value):
            assert text.encode() is not None  # a lone surrogate raises here


def _texts(value: object) -> Iterator[str]:
    """Yield every text inside *value*."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _texts(name)
            yield from _texts(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _texts(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


# --- How each is called -------------------------------------------------------------------------------------


@cache
def keypair() -> LoadedKeypair:
    """Return the keypair that the seeds are made for; only its name is the same in every process."""
    return load_keypair(make_keypair("Main MDM", 7, NOW, timedelta(days=730)))


def _account(raw: bytes) -> object:
    refusals = [find_refusal(place, raw) for place in Place]
    lost = [is_lost_session(status, raw) for status in (401, 403, 500)]
    return [parse_account(raw), *refusals, *lost]


def _business(raw: bytes) -> object:
    answer = Answer(200, {}, raw)
    seen = []
    for shape in (business_api._Servers, business_api._Users, business_api._Page, business_api._OneServer):
        try:
            seen.append(business_api._read(shape, answer))
        except NeedsOperator:
            continue
    servers = [one.data for one in seen if isinstance(one, business_api._OneServer)]
    return [business_api._refused(answer), *(business_api._registration(server) for server in servers)]


def _dates(raw: bytes) -> object:
    """Read the two headers that hold dates; header values are latin-1 where they are no ASCII."""
    retry_after, _, date = raw.decode("latin-1").partition("\n")
    answer = Answer(503, {"retry-after": retry_after, "date": date}, b"")
    seconds = answer.retry_after_seconds
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS
    return [seconds, answer.skew_seconds(NOW)]


def _login(raw: bytes) -> object:
    return [business_login._problem_in(raw), business_login._bearer_in(Answer(200, {}, raw), NOW).until.isoformat()]


def _nanodep(raw: bytes) -> object:
    answer = Answer(200, {}, raw)
    return [
        nanodep.parse_token(answer),
        nanodep.is_version(answer),
        nanodep.parse_names(answer),
        nanodep.is_nothing_held(answer),
    ]


def _drop(raw: bytes) -> object:
    """Read a dropped file; its first line is its name."""
    name, _, content = raw.partition(b"\n")
    shown = name[:_LONGEST_NAME].replace(b"/", b"").replace(b"\0", b"").decode(errors="surrogateescape")
    entries = [Entry(folder, None, shown, 0o100640, 1000, 1, len(content), 7, 1, 1) for folder in Folder]
    readings = [_READER.read(entry, content, NOW) for entry in entries]
    return [[entry.shown_name for entry in entries], readings]


# --- What good input looks like -----------------------------------------------------------------------------


def _certificates() -> tuple[bytes, ...]:
    certificate = keypair().certificate
    return certificate.der, to_pem(certificate)


def _envelopes() -> tuple[bytes, ...]:
    cms = apple_cms(keypair().certificate, apple_message())
    return cms, apple_file(cms)


def _messages() -> tuple[bytes, ...]:
    return apple_message(), one_line_of_json()


def _events() -> tuple[bytes, ...]:
    event = {
        "specversion": "1.0",
        "id": "hr-42",
        "source": "urn:corp:hr",
        "type": "identity.employment.ending",
        "time": "2026-11-24T04:00:00Z",
        "data": {"effective_at": "2026-11-30T18:00:00Z", "subject": {"format": "email", "email": "kim@corp.example"}},
    }
    return _json(event), _json([event, {**event, "id": "hr-43"}])


def _accounts() -> tuple[bytes, ...]:
    detail = {"server_uuid": "3F2C0000AAAA4000800000000000BBBB", "server_name": "Main MDM", "admin_id": "kim@corp"}
    return _json(detail), b"token_rejectedForbidden", b'"T_C_NOT_SIGNED"', b"oauth_problem_adviceUnauthorized"


def _business_bodies() -> tuple[bytes, ...]:
    attributes = {"serverName": "Main MDM", "deviceCount": 3, "updatedDateTime": "2026-11-24T04:00:00Z"}
    server = {"type": "mdmServers", "id": "3F2C", "attributes": attributes}
    user = {"id": "1", "attributes": {"managedAppleAccount": "kim@corp.example", "roleOuList": [{"roleName": "x"}]}}
    return (
        _json({"data": server}),
        _json({"data": [server], "meta": {"paging": {"nextCursor": "abc", "limit": 100}}}),
        _json({"data": [user]}),
        _json({"errors": [{"code": "FORBIDDEN", "status": "403"}]}),
    )


def _logins() -> tuple[bytes, ...]:
    return (_json({"access_token": "abc", "token_type": "Bearer", "expires_in": 3600, "error": "none"}),)


def _sessions() -> tuple[bytes, ...]:
    return (_json({"auth_session_token": "1a2b3c"}),)


def _nanodep_bodies() -> tuple[bytes, ...]:
    return one_line_of_json(VALUES), _json({"version": "v0.6.0"}), _json({"error": "resource not found"})


def _date_headers() -> tuple[bytes, ...]:
    moment = b"Tue, 24 Nov 2026 12:02:00 GMT"
    return b"120\n" + moment, moment + b"\n" + moment, b"Fri, 31 Dec 1999 23:59:59 +0100\n"


def _drops() -> tuple[bytes, ...]:
    contents = (*_certificates(), *_envelopes(), *_events())
    return tuple(b"main.pem\n" + content for content in contents)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_CERTIFICATE_REFUSALS: Final = (NotACertificate, PrivateKeyExposed, SeveralCertificates, TooLarge, UnfitKey)
_ENVELOPE_REFUSALS: Final = (NotAnEnvelope, Damaged, EnvelopeTooLarge)

PARSERS: Final[Mapping[str, Parser]] = {
    "account": Parser(_account, (), _accounts, _ANSWER),
    "business": Parser(_business, (), _business_bodies, _PAGE, readings=5),
    "certificate": Parser(lambda raw: parse_certificate(raw, NOW), _CERTIFICATE_REFUSALS, _certificates),
    "dates": Parser(_dates, (), _date_headers, _HEADER),
    "drop": Parser(_drop, (), _drops, LARGEST_FILE, readings=len(Folder)),
    "envelope": Parser(parse_envelope, _ENVELOPE_REFUSALS, _envelopes),
    "events": Parser(lambda raw: parse_events(raw, RECEPTION), (BadCloudEvent,), _events),
    "imprints": Parser(read_imprints, (), _certificates),
    "kind": Parser(kind_of, (), lambda: (*_certificates(), *_envelopes(), *_messages(), *_events())),
    "login": Parser(_login, (Retryable,), _logins, _ANSWER, readings=2),
    "message": Parser(parse_message, (CannotBeOpened, ValueMissing), _messages, MAX_FILE_BYTES),
    "nanodep": Parser(_nanodep, (), _nanodep_bodies, _ANSWER, readings=4),
    "opening": Parser(
        lambda raw: open_envelope(parse_envelope(raw), keypair()),
        (*_ENVELOPE_REFUSALS, WrongRecipient, CannotBeOpened, ValueMissing),
        _envelopes,
    ),
    "session": Parser(lambda raw: device_api._session_of(Answer(200, {}, raw)), (), _sessions, _ANSWER),
}
