"""What a file is, for whom, until when and what is wrong with it: found by looking inside, without a daemon."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Final, Protocol

from tokenward.cli.file_advice import ADVICE
from tokenward.crypto import (
    CannotBeOpened,
    FileKind,
    Imprint,
    ValueMissing,
    kind_of,
    parse_certificate,
    parse_envelope,
    read_imprints,
)
from tokenward.crypto.armour import decode_base64, without_mark
from tokenward.crypto.message import parse_message
from tokenward.model.certificate import AnyRecipient, Certificate
from tokenward.model.envelope import AppleFileName, Envelope
from tokenward.model.event import Event, Way
from tokenward.model.finding import Code, Finding, TokenwardError
from tokenward.model.instant import BadInstant, parse_instant
from tokenward.model.token import ServerToken
from tokenward.schema.cloudevents import BadCloudEvent, Reception, parse_events

UNRECOGNISED: Final = frozenset({FileKind.UNKNOWN, FileKind.TEXT, FileKind.EMPTY})

_ARMOURED: Final = frozenset(
    {
        FileKind.ENVELOPE,
        FileKind.CERTIFICATE,
        FileKind.PUSH_CERTIFICATE,
        FileKind.TRUSTED_CERTIFICATE,
        FileKind.PRIVATE_KEY,
        FileKind.PUBLIC_KEY,
        FileKind.PKCS7,
        FileKind.PKCS12,
        FileKind.CSR,
    }
)
"""Kinds that come in more than one outer form."""
_WITH_CERTIFICATES: Final = frozenset(
    {FileKind.CERTIFICATE, FileKind.PUSH_CERTIFICATE, FileKind.TRUSTED_CERTIFICATE, FileKind.PRIVATE_KEY}
)
"""Kinds that hold certificates, or may."""
_BINARY: Final = "binary (DER or BER)"
_NAMED_FOR: Final[Mapping[str, str]] = {".pem": "PEM", ".der": _BINARY}


class Kept(Protocol):
    """What is on record here about certificates and their keys."""

    def services_of(self, recipient: AnyRecipient) -> tuple[str, ...]:
        """Return the services one of whose certificates *recipient* names."""
        ...

    def services_with(self, certificate: Certificate) -> tuple[str, ...]:
        """Return the services that *certificate* is on record for."""
        ...

    def opened(self, envelope: Envelope) -> ServerToken | None:
        """Return what is inside, or None where no key of ours is the one that it was made for.

        Raises:
            TokenwardError: The key that it names does not open it, or can't be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a file that whoever wants to use it should know."""

    happened: str
    code: str | None = None
    means: str | None = None
    do: str | None = None

    @classmethod
    def of(cls, finding: Finding) -> "Remark":
        """Return *finding* as a remark."""
        return cls(finding.happened, finding.code.number, finding.means, finding.do)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in one file. Holds the values of a token only where it could be read, and shows them to nobody."""

    file: str
    kind: FileKind
    form: str | None = None
    """The outer form: PEM, S/MIME …; None where its kind has but one."""
    services: tuple[str, ...] = ()
    """Whose certificate it is, or it was made for, as far as is on record here."""
    recipients: tuple[AnyRecipient, ...] = ()
    algorithms: tuple[str, ...] = ()
    certificate: Certificate | None = None
    refused: tuple[Imprint, ...] = ()
    """The certificates in it that would not be taken, as far as they can be read."""
    apple_name: AppleFileName | None = None
    expires_at: datetime | None = None
    token: ServerToken | None = None
    events: tuple[str, ...] = ()
    """What the events in it say, one sentence each."""
    remarks: tuple[Remark, ...] = ()

    @property
    def is_recognised(self) -> bool:
        """Whether it is something that has a name."""
        return self.kind not in UNRECOGNISED

    @property
    def is_opened(self) -> bool:
        """Whether it is an envelope that a key of ours opens."""
        return self.kind is FileKind.ENVELOPE and self.token is not None

    @property
    def advice(self) -> str:
        """What to do with such a file."""
        return ADVICE[self.kind]


def inspected(file: str, raw: bytes, now: datetime, kept: Kept | None = None) -> Inspection:
    """Return what is found in *raw*, a file called *file*; never raises, whatever it is.

    *kept* tells whose it is, where there is a record that can be read.
    """
    kind = kind_of(raw)
    found = Inspection(file, kind, form=_form_of(raw) if kind in _ARMOURED else None)
    look = _LOOKS.get(kind)
    try:
        found = look(found, raw, now, kept) if look else found
    except TokenwardError as error:
        found = _with(found, Remark.of(error.finding))
    is_refused = kind in _WITH_CERTIFICATES and found.certificate is None
    return replace(found, refused=read_imprints(raw)) if is_refused else found


# --- One look for each kind that has more to tell -----------------------------------------------------------


def _look_at_envelope(found: Inspection, raw: bytes, _now: datetime, kept: Kept | None) -> Inspection:
    envelope = parse_envelope(raw)
    found = replace(
        found,
        recipients=envelope.recipients,
        algorithms=(envelope.content_cipher, envelope.key_transport),
        apple_name=AppleFileName.parse(PurePath(found.file).name),
        remarks=tuple(Remark(warning) for warning in envelope.warnings),
    )
    if kept is None:
        return found
    services = (service for recipient in envelope.recipients for service in kept.services_of(recipient))
    found = replace(found, services=tuple(dict.fromkeys(services)))
    try:
        token = kept.opened(envelope)
    except TokenwardError as error:
        return _with(found, Remark.of(error.finding))
    return _with_token(found, token) if token else found


def _look_at_certificate(found: Inspection, raw: bytes, now: datetime, kept: Kept | None) -> Inspection:
    certificate = parse_certificate(raw, now)
    return replace(
        found,
        certificate=certificate,
        algorithms=(f"rsa{certificate.key_bits}",),
        expires_at=certificate.not_after,
        services=kept.services_with(certificate) if kept else (),
        remarks=(*(Remark(warning) for warning in certificate.warnings), *_misnamed(found)),
    )


def _misnamed(found: Inspection) -> Iterator[Remark]:
    meant = _NAMED_FOR.get(PurePath(found.file).suffix.lower())
    if meant is not None and meant != found.form:
        yield Remark(f"Its name promises {meant}, and it is {found.form}. Tokenward takes it so; others may not.")


def _look_at_private_key(found: Inspection, _raw: bytes, _now: datetime, _kept: Kept | None) -> Inspection:
    return _with(found, _PRIVATE_KEY)


def _look_at_opened_token(found: Inspection, raw: bytes, _now: datetime, _kept: Kept | None) -> Inspection:
    try:
        token = parse_message(_unwrapped(raw))
    except ValueMissing as error:
        return _with(found, Remark(f"It lacks a usable {', '.join(error.names)}.", Code.VALUE_MISSING.number))
    except CannotBeOpened:  # its text speaks of an envelope
        return _with(found, Remark("It is cut short or altered.", Code.DAMAGED.number))
    return _with(_with_token(found, token), _IN_THE_OPEN)


def _look_at_content_token(found: Inspection, raw: bytes, _now: datetime, _kept: Kept | None) -> Inspection:
    members = json.loads(_unwrapped(raw))  # its kind was told by these very members
    try:
        return replace(found, expires_at=parse_instant(str(members["expDate"])))
    except BadInstant:
        return found


def _look_at_event(found: Inspection, raw: bytes, now: datetime, _kept: Kept | None) -> Inspection:
    try:
        events = parse_events(raw, Reception("file", Way.DROP, now))
    except BadCloudEvent as error:
        return _with(found, Remark.of(error.finding))
    return replace(found, events=tuple(_visible(f"{one.kind} about {_whom(one)}") for one in events))


def _whom(event: Event) -> str:
    return event.subject.value if event.subject else "nobody"


def _visible(text: str) -> str:
    """Return *text* without what could move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


_Look = Callable[[Inspection, bytes, datetime, Kept | None], Inspection]
_LOOKS: Final[Mapping[FileKind, _Look]] = {
    FileKind.ENVELOPE: _look_at_envelope,
    FileKind.CERTIFICATE: _look_at_certificate,
    FileKind.PRIVATE_KEY: _look_at_private_key,
    FileKind.OPENED_TOKEN: _look_at_opened_token,
    FileKind.CONTENT_TOKEN: _look_at_content_token,
    FileKind.EVENT: _look_at_event,
}


def _with(found: Inspection, remark: Remark) -> Inspection:
    return replace(found, remarks=(*found.remarks, remark))


def _with_token(found: Inspection, token: ServerToken) -> Inspection:
    remarks = (*found.remarks, *(Remark(warning) for warning in token.warnings))
    return replace(found, token=token, expires_at=token.expires_at, remarks=remarks)


def _unwrapped(raw: bytes) -> bytes:
    """Return the JSON in *raw*, which may have been put into base64."""
    text = without_mark(raw)
    return text if b"{" in text else decode_base64(text) or text


def _form_of(raw: bytes) -> str:
    """Return the outer form of a file that is one of several."""
    text = without_mark(raw)
    if text.startswith(b"\x30"):
        return _BINARY
    if b"-----BEGIN " in raw:
        return "PEM"
    if b"-----B\0" in raw.replace(b"-\0", b"-"):
        return "PEM in UTF-16"
    inside = decode_base64(text)
    if inside is None:
        return "S/MIME"
    return "PEM in base64" if inside.startswith(b"-----BEGIN ") else "base64 without armour"


_PRIVATE_KEY: Final = Remark(
    "There is a private key in this file.",
    Code.PRIVATE_KEY.number,
    "Whoever has it can open every token that was made for its certificate.",
    "Keep it where its owner alone can read it; never drop it, mail it or give it to Apple.",
)
_IN_THE_OPEN: Final = Remark(
    "The values of the token stand here in the open.",
    None,
    "Whoever reads this file can act as the service.",
    "Delete it as soon as it has served its purpose.",
)
