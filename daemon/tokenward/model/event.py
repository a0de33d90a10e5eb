"""Events: what happened, or what a person asked for, as a source believed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from tokenward.model.finding import Finding
from tokenward.model.person import Subject


class EventKind(StrEnum):
    """Every kind of event that Tokenward knows. One vocabulary for all sources."""

    # Files
    CERTIFICATE_NEW = "certificate.new"
    TOKEN_SUPPLIED = "token.supplied"
    # People
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_RESET = "password.reset"
    PASSWORD_EXPIRE_FLAG = "password.expire_flag"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_DELETED = "account.deleted"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_LOCKED = "account.locked"
    EMPLOYMENT_ENDING = "employment.ending"
    EMPLOYMENT_ENDED = "employment.ended"
    ROLE_LOST = "role.lost"
    IDENTIFIER_CHANGED = "identifier.changed"
    IDENTIFIER_RECYCLED = "identifier.recycled"
    # The clock and the probes
    TOKEN_EXPIRING = "token.expiring"
    TOKEN_EXPIRED = "token.expired"
    TOKEN_REJECTED = "token.rejected"
    TOKEN_SUPERSEDED = "token.superseded"
    TERMS_UNSIGNED = "terms.unsigned"
    SERVICE_UNLINKED = "service.unlinked"
    CONFIRMATION_DUE = "confirmation.due"
    # Refused before anybody could say what it is
    UNREADABLE = "unreadable"
    # What a person asks for, on the command line or a page
    ROTATE = "rotate"
    RETRY = "retry"
    CANCEL = "cancel"
    ADOPT = "adopt"
    CLAIM = "claim"
    FILE_LOST = "file.lost"
    HAND_OVER = "hand.over"
    HANDED_OFF = "handed.off"
    REMIND_LATER = "remind.later"
    ACCESS_CONFIRMED = "access.confirmed"
    LINK_WANTED = "link.wanted"
    ACKNOWLEDGE = "ack"
    PROBE = "probe"
    IMPORT_TOKEN = "token.import"
    RETIRE = "retire"
    REINSTATE = "reinstate"


IDENTITY_KINDS: Final = frozenset(
    {
        EventKind.PASSWORD_CHANGED,
        EventKind.PASSWORD_RESET,
        EventKind.PASSWORD_EXPIRE_FLAG,
        EventKind.ACCOUNT_DISABLED,
        EventKind.ACCOUNT_DELETED,
        EventKind.ACCOUNT_ENABLED,
        EventKind.ACCOUNT_LOCKED,
        EventKind.EMPLOYMENT_ENDING,
        EventKind.EMPLOYMENT_ENDED,
        EventKind.ROLE_LOST,
        EventKind.IDENTIFIER_CHANGED,
        EventKind.IDENTIFIER_RECYCLED,
    }
)
"""Kinds by which others tell what happened to a person. Each needs a subject."""

ABOUT_PEOPLE: Final = IDENTITY_KINDS | {
    EventKind.ACCESS_CONFIRMED,
    EventKind.CONFIRMATION_DUE,
    EventKind.LINK_WANTED,
}
"""Kinds that are settled for a person, whatever services that concerns. Each needs a subject."""

DEPARTURE_KINDS: Final = frozenset(
    {
        EventKind.ACCOUNT_DISABLED,
        EventKind.ACCOUNT_DELETED,
        EventKind.EMPLOYMENT_ENDING,
        EventKind.EMPLOYMENT_ENDED,
    }
)
"""Kinds that say that somebody leaves. Nobody but the operators may learn of one before it is effective."""


DISCREET_KIND: Final = "custodian.change_planned"
"""What a departure that is not effective yet is called wherever others may look."""


class Way(StrEnum):
    """How an event came in. It decides how far a file is trusted that nobody but the product can open."""

    DROP = "drop"
    """The drop folder, by anybody who may write there."""
    OWNED_DROP = "owned_drop"
    """The drop folder, by an owner whom the configuration trusts with tokens."""
    CONTROL = "control"
    """The control socket, whose permissions are the authorisation."""
    ISSUER = "issuer"
    """The service's own issuer."""
    PAGE = "page"
    """A personal page."""
    RECEIVER = "receiver"
    """A web receiver, after its sender's checks."""
    WATCH = "watch"
    """The daemon's own clock and probes."""


TRUSTED_WITH_SEALED_FILES: Final = frozenset({Way.OWNED_DROP, Way.CONTROL, Way.ISSUER, Way.PAGE})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``source`` and ``key`` together say whether it was seen before."""

    source: str
    """Slug of the source."""
    key: str
    """Unique within the source, the same for every repetition."""
    kind: EventKind
    way: Way
    received_at: datetime
    service: str | None = None
    """The service it names, where it names one."""
    subject: Subject | None = None
    occurred_at: datetime | None = None
    effective_at: datetime | None = None
    """When a departure takes effect, where the sender says."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Further words, none of them secret: ``person``, ``reason``, ``until``, ``file_name`` …"""

    @property
    def is_departure_ahead(self) -> bool:
        """Whether it announces a departure that is not effective yet, which is the operators' business alone."""
        if self.kind not in DEPARTURE_KINDS:
            return False
        ahead = self.effective_at is not None and self.effective_at > self.received_at
        return ahead or self.kind is EventKind.EMPLOYMENT_ENDING

    @property
    def shown_kind(self) -> str:
        """The kind as logs, metrics and pages may name it."""
        return DISCREET_KIND if self.is_departure_ahead else self.kind.value


class AttachmentRole(StrEnum):
    """What an attached file is taken to be. Content decides in the end."""

    CERTIFICATE = "certificate"
    ENVELOPE = "envelope"
    TOKEN = "token"
    """The five values of a server token in the open, as JSON. Nobody but the control socket takes one."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with an event."""

    role: AttachmentRole
    name: str
    """The name it bore, without any folder; a hint only."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """The event is durably in the inbox."""

    event_id: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlreadyKnown:
    """The same event was taken before; nothing was added."""

    event_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The event was not taken. The refusal itself is on record."""

    finding: Finding


Verdict = Taken | AlreadyKnown | Refused
"""What the intake says of an event; always durable before it is said."""
