"""What a dropped file says: which event it is, for which service, and whether it has come to its end.

The folder says what a file is meant to be; its content decides in the end between certificate and envelope,
and a private key is recognised wherever it lies.

**The same drop or the same content again?** An event is durable before its file is moved, so a crash in
between leaves a file in the folder that was taken already. The key of a dropped file is therefore its folder,
its service, the digest of its content *and* the very file: its inode and the time of its last change, which
the kernel alone sets. After a crash these are what they were, the intake answers ``AlreadyKnown``, and the
file goes to ``done/`` as it would have. The same content dropped anew is another file, hence a new key, and
the intake judges it by its content: a certificate or envelope that is on record is refused as a duplicate and
says so in ``rejected/``. Moving a file back out of ``done/`` changes that time too, so it counts as dropped
anew. The device's number is left out: it can differ after a restart. An event's key is what its sender made
unique, so one that is dropped again is known and goes to ``done/``.
"""

import hashlib
import re
from collections.abc import Collection, Container
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Final

from tokenward.crypto import (
    Damaged,
    FileKind,
    NotACertificate,
    NotAnEnvelope,
    kind_of,
    parse_certificate,
    parse_envelope,
)
from tokenward.model.event import Attachment, AttachmentRole, Event, EventKind, Way
from tokenward.model.finding import Code, Finding, TokenwardError
from tokenward.schema.cloudevents import BadCloudEvent, Reception, parse_events
from tokenward.sources.drop.entry import Entry, Folder

_CERTIFICATE_NAMES: Final = (".pem", ".der", ".cer", ".crt")
_ROLES_BY_FOLDER: Final = {
    Folder.CERTIFICATES: AttachmentRole.CERTIFICATE,
    Folder.TOKENS: AttachmentRole.ENVELOPE,
}
_ROLES_BY_CONTENT: Final = {
    FileKind.CERTIFICATE: AttachmentRole.CERTIFICATE,
    FileKind.PRIVATE_KEY: AttachmentRole.CERTIFICATE,  # to be refused with its own sentence
    FileKind.ENVELOPE: AttachmentRole.ENVELOPE,
}
_SECRET_KINDS: Final = frozenset({FileKind.PRIVATE_KEY, FileKind.PKCS12, FileKind.SSH_KEY, FileKind.OPENED_TOKEN})
_KINDS: Final = {
    AttachmentRole.CERTIFICATE: EventKind.CERTIFICATE_NEW,
    AttachmentRole.ENVELOPE: EventKind.TOKEN_SUPPLIED,
}
_REFUSED_AS: Final = {
    Folder.CERTIFICATES: EventKind.CERTIFICATE_NEW,
    Folder.TOKENS: EventKind.TOKEN_SUPPLIED,
    Folder.EVENTS: EventKind.UNREADABLE,
}
_ARMOUR_ENDS: Final = re.compile(rb"-----END [A-Z0-9 ]+-----")
_DER_HEADER: Final = b"\x30\x82"
_DER_HEADER_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Submission:
    """An event that a file makes, with the file itself where it is one to be kept."""

    event: Event
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The file is whole. A file of events makes several submissions."""

    submissions: tuple[Submission, ...]
    is_secret: bool = False
    """Whether nobody but the daemon's user may read the file from now on."""


@dataclass(frozen=True, slots=True)
class Flawed:
    """The file is refused without asking the intake."""

    event: Event
    """As far as it could be made out, for the record."""
    finding: Finding
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Unfinished:
    """It may be still on its way; when it has stood still for a while, *then* is what it is."""

    then: Ready | Flawed


Reading = Ready | Flawed | Unfinished


class DropReader:
    """Turns files into events."""

    def __init__(self, source: str, services: Collection[str], owners: Container[int]) -> None:
        """Name events after *source*; files of *owners*, by user id, come by the trusted way."""
        self._source = source
        self._services = frozenset(services)
        self._owners = owners

    def read(self, entry: Entry, raw: bytes, now: datetime) -> Reading:
        """Return what *raw*, the content of *entry*, is."""
        if entry.folder is Folder.EVENTS:
            return self._read_events(entry, raw, now)
        return self._read_file(entry, raw, kind_of(raw), now)

    def refusal(self, entry: Entry, finding: Finding, now: datetime) -> Flawed:
        """Return the refusal of *entry*, whose content is not known, for *finding*."""
        return Flawed(self._bare_event(entry, b"", _REFUSED_AS[entry.folder], now), finding)

    def _read_file(self, entry: Entry, raw: bytes, kind: FileKind, now: datetime) -> Reading:
        role = _ROLES_BY_CONTENT.get(kind) or _ROLES_BY_FOLDER[entry.folder]
        event = self._event(entry, raw, role, now)
        whole = Ready((Submission(event, Attachment(role, entry.shown_name, raw)),), kind in _SECRET_KINDS)
        if _reads_to_its_end(role, raw, now):
            return whole
        if role is AttachmentRole.CERTIFICATE and _is_cut_short(raw):
            return Unfinished(Flawed(event, _CUT_SHORT))
        return Unfinished(whole)

    def _read_events(self, entry: Entry, raw: bytes, now: datetime) -> Reading:
        try:
            events = parse_events(raw, Reception(self._source, self._way(entry), now))
        except BadCloudEvent as error:
            return self._read_no_events(entry, raw, error, now)
        # The first event of a file speaks for it: ``folder`` is what the totals of dropped files go by.
        first, *others = (replace(one, data={**one.data, "file_name": entry.shown_name}) for one in events)
        first = replace(first, data={**first.data, "folder": entry.folder.value})
        return Ready(tuple(Submission(one) for one in (first, *others)))

    def _read_no_events(self, entry: Entry, raw: bytes, error: BadCloudEvent, now: datetime) -> Reading:
        kind = kind_of(raw)
        if kind is FileKind.PRIVATE_KEY:
            return self._read_file(entry, raw, kind, now)
        event = self._bare_event(entry, raw, _REFUSED_AS[entry.folder], now)
        return Unfinished(Flawed(event, _finding_for(error, raw, kind), kind in _SECRET_KINDS))

    def _event(self, entry: Entry, raw: bytes, role: AttachmentRole, now: datetime) -> Event:
        service = entry.service
        if service is None and role is AttachmentRole.CERTIFICATE:
            service = self._service_named(entry.name)
        return replace(self._bare_event(entry, raw, _KINDS[role], now), service=service)

    def _bare_event(self, entry: Entry, raw: bytes, kind: EventKind, now: datetime) -> Event:
        return Event(
            source=self._source,
            key=_key(entry, raw),
            kind=kind,
            way=self._way(entry),
            received_at=now,
            service=entry.service,
            data={"folder": entry.folder.value, "file_name": entry.shown_name},
        )

    def _way(self, entry: Entry) -> Way:
        return Way.OWNED_DROP if entry.owner in self._owners else Way.DROP

    def _service_named(self, name: str) -> str | None:
        """Return the service whose id *name* is, with or without the ending of a certificate."""
        path = PurePath(name)
        word = path.stem if path.suffix.lower() in _CERTIFICATE_NAMES else name
        return word if word in self._services else None


def _key(entry: Entry, raw: bytes) -> str:
    digest = hashlib.sha256(raw).hexdigest()
    return f"{entry.folder}/{entry.service or ''}/{digest}/{entry.inode:x}-{entry.changed_ns:x}"


def _reads_to_its_end(role: AttachmentRole, raw: bytes, now: datetime) -> bool:
    """Return whether *raw* is a whole file of its kind, good or bad; anything else may become one."""
    try:
        if role is AttachmentRole.CERTIFICATE:
            parse_certificate(raw, now)
        else:
            parse_envelope(raw)
    except (NotACertificate, NotAnEnvelope, Damaged):
        return False
    except TokenwardError:
        return True
    return True


def _is_cut_short(raw: bytes) -> bool:
    """Return whether the end is certainly missing: nothing there, open armour, or too few bytes."""
    if not raw.strip():
        return True
    if raw.startswith(_DER_HEADER):
        return len(raw) < _DER_HEADER_BYTES + int.from_bytes(raw[2:_DER_HEADER_BYTES], "big")
    return raw.count(b"-----BEGIN ") > len(_ARMOUR_ENDS.findall(raw))


def _finding_for(error: BadCloudEvent, raw: bytes, kind: FileKind) -> Finding:
    """Return the finding for what lies in the folder for events and is none, by what it is instead."""
    if error.is_cut_short or not raw.strip():
        return _CUT_SHORT
    if kind not in _ROLES_BY_CONTENT:
        return error.finding
    return Finding(
        Code.NOT_AN_EVENT,
        f"This is {kind.phrase}, not an event.",
        "Nothing was taken from it, and nothing was changed.",
        "Put it into the folder for certificates or for tokens.",
    )


_CUT_SHORT: Final = Finding(
    Code.PARTIAL,
    "The file ends before its content does.",
    "Nothing more came for a while, so the transfer most likely broke off. Nothing was taken from it.",
    "Drop the whole file again, best with: tokenward drop FILE (or as NAME.tmp, renamed when it is whole)",
)
