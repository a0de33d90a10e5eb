"""What is kept, beyond the model's own values: events as they lie in the inbox, files, messages, planned questions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tokenward.model.certificate import Certificate
from tokenward.model.event import Event


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An event as it lies in the inbox."""

    id: int
    event: Event
    attachment: str | None
    """Digest of the envelope or fingerprint of the certificate that came with it."""
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an event, for whoever sent it."""

    outcome: str
    """``accepted``, ``ignored``, ``denied`` or ``late``."""
    lines: tuple[str, ...] = ()
    """What was decided and why, one sentence each; for a denial the finding's text."""
    code: str | None = None
    """Number of the finding, for a denial."""


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate on record for a service."""

    certificate: Certificate
    service: str
    origin: str
    """``dropped``, ``fetched`` or ``made``."""
    recorded_at: datetime
    rotation: str | None = None
    visit: int = 0
    sealed_key: bytes | None = None
    """The private key, sealed for ``certificate/<fingerprint>``, where Tokenward holds it."""


@dataclass(frozen=True, slots=True)
class StoredEnvelope:
    """An envelope on record; the file itself is sealed for ``envelope/<digest>``."""

    digest: str
    service: str
    recorded_at: datetime
    sealed: bytes
    file_name: str
    certificate: str | None = None
    """Fingerprint of the certificate that it was made for, where that is known."""
    issued_at: datetime | None = None
    """As the file name says, where it is plausible."""


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody is to be told. Its text is made when it is sent."""

    audience: str
    """``person:<id>``, ``operators`` or ``on-call``."""
    template: str
    reason_key: str
    """Nothing is said twice for one reason."""
    service: str | None = None
    words: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PlannedProbe:
    """A question about a service's token that is due at some time."""

    id: int
    service: str
    due_at: datetime
    event_id: int | None
    """The event that asked for it, with which its result is kept."""
