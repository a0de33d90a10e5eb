"""What the policy can decide, and the facts that it decides on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tokenward.model.finding import Finding
from tokenward.model.person import PersonState
from tokenward.model.roster import Roster
from tokenward.model.rotation import Cause, Rotation
from tokenward.model.service import Service
from tokenward.model.token import InstalledToken, TokenState


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one service when an event about it is decided."""

    service: Service
    roster: Roster
    people: Mapping[str, PersonState]
    """States of everybody of whom events have told."""
    token: InstalledToken | None = None
    rotation: Rotation | None = None
    """The open one."""
    quiet_until: datetime | None = None
    """Until when a person asked the clock's causes to keep quiet."""
    needs_person: bool = True
    """Whether the service's issuer is a person; one that is none acts at once, whatever the urgency."""
    password_speakers: frozenset[str] = frozenset()
    """Sources of a kind that may speak of anybody's password, whoever names them (Standard Webhooks)."""

    def state_of(self, person: str) -> PersonState:
        """Return what is known about *person*, which may be nothing."""
        return self.people.get(person, PersonState(person))


@dataclass(frozen=True, slots=True)
class Rotate:
    """A new token is needed: open a rotation, join the open one, or follow it."""

    cause: Cause
    due_at: datetime
    why: str
    """A sentence that may be shown to anybody."""
    new_key: bool = False
    actor: str | None = None
    """Who is to act; None: nobody is usable, so the operators are asked."""
    recover_until: datetime | None = None
    """While a stray download is looked for, nothing new is asked."""
    satisfied_after_click: bool = True
    """Whether a token that was already downloaded when the event came satisfies it too."""


@dataclass(frozen=True, slots=True)
class Reassign:
    """Whoever is asked in the open rotation no longer can be: somebody else is to act."""

    actor: str | None
    """None: nobody is usable, so the operators are asked."""
    why: str


@dataclass(frozen=True, slots=True)
class TakeCertificate:
    """The certificate that came with the event is the one to give to Apple next."""

    fingerprint: str
    why: str


@dataclass(frozen=True, slots=True)
class TakeEnvelope:
    """The envelope that came with the event is the new token: install it."""

    digest: str
    why: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask, at these times, how things stand with the installed token, and keep the answers with the event."""

    at: tuple[datetime, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Somebody is to be told."""

    audience: str
    """``person:<id>``, ``operators`` or ``on-call``."""
    template: str
    reason_key: str
    """Nothing is said twice for one reason."""
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotePerson:
    """What is known about a person changes."""

    state: PersonState
    why: str


@dataclass(frozen=True, slots=True)
class NoteToken:
    """What is known about the installed token's state changes."""

    state: TokenState
    why: str


@dataclass(frozen=True, slots=True)
class StateExpiry:
    """A person states until when the installed token lives."""

    expires_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the open rotation without a new token."""

    why: str
    quiet_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Look at the open rotation again at once, whatever it waits for; with a target, at that one only."""

    why: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class HoldFor:
    """Somebody says that they start now: repeat the preflight and, if it is clear, hold the rotation for them."""

    person: str
    why: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """Whoever is asked wants no reminder before then."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class TakeAsInstalled:
    """Somebody says that they handed the file over in a product's own console."""

    why: str


@dataclass(frozen=True, slots=True)
class TakeAsProven:
    """A person's word that the service works stands in for a proof that does not come."""

    why: str


@dataclass(frozen=True, slots=True)
class EndRecovery:
    """The file of a stray download is lost: ask for a new one now."""

    why: str


@dataclass(frozen=True, slots=True)
class Retire:
    """Nobody looks after the service any more: its open rotation ends, and what is on record stays."""

    reason: str
    why: str


@dataclass(frozen=True, slots=True)
class Reinstate:
    """A retired service is looked after again."""

    why: str


@dataclass(frozen=True, slots=True)
class Record:
    """Keep the event and do nothing else."""

    why: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """The event concerns nobody here: keep only that it was seen."""

    why: str


@dataclass(frozen=True, slots=True)
class Deny:
    """What was asked for is refused, with the reason."""

    finding: Finding


Decision = (
    Rotate
    | Reassign
    | TakeCertificate
    | TakeEnvelope
    | Probe
    | Tell
    | NotePerson
    | NoteToken
    | StateExpiry
    | Cancel
    | Resume
    | HoldFor
    | Snooze
    | TakeAsInstalled
    | TakeAsProven
    | EndRecovery
    | Retire
    | Reinstate
    | Record
    | Ignore
    | Deny
)
