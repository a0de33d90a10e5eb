"""A rotation: one run from a cause to a proven new token, as one frozen value.

::

    opened ─► certificate_ready ─► registered ─► awaiting_token ─► received ─► checked ─► installed ─► proven ─► done
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from tokenward.model.registration import RegisteredBy
from tokenward.model.target import BlockReason


class State(StrEnum):
    """What is true while it lasts. ``done`` and ``cancelled`` end a rotation; nothing else does."""

    OPENED = "opened"
    """A cause is known; the way is being looked at and a certificate sought."""
    CERTIFICATE_READY = "certificate_ready"
    """The certificate for Apple is on record."""
    REGISTERED = "registered"
    """Apple has the certificate, or putting it there is left to the person or the issuer."""
    AWAITING_TOKEN = "awaiting_token"
    """A new token is asked for and not here yet."""
    RECEIVED = "received"
    """An envelope is stored, sealed."""
    CHECKED = "checked"
    """The envelope passed every check that can be made before it is handed on."""
    INSTALLED = "installed"
    """Every required target shows it when it is read back."""
    PROVEN = "proven"
    """The service was seen to work with it."""
    DONE = "done"
    CANCELLED = "cancelled"


OPEN_STATES: Final = tuple(state for state in State if state not in {State.DONE, State.CANCELLED})
AFTER_THE_CLICK: Final = frozenset({State.RECEIVED, State.CHECKED, State.INSTALLED, State.PROVEN})
"""From here on nothing is cancelled: the new token is the only one that works."""


class Cause(StrEnum):
    """Why a rotation is open; there can be several. In the order in which one of them is shown."""

    REJECTED = "rejected"
    CUSTODIAN = "custodian"
    PASSWORD = "password"
    CERTIFICATE = "certificate"
    EXPIRY = "expiry"
    SUPPLIED = "supplied"
    MANUAL = "manual"
    UNLINKED = "unlinked"


CLOCK_CAUSES: Final = frozenset({Cause.EXPIRY, Cause.UNLINKED})
"""Causes that the daemon's own clock raises; ``cancel --until`` keeps these quiet."""


def shown_cause(causes: tuple[Cause, ...]) -> Cause:
    """Return the one of *causes* that is shown where only one can be."""
    return next(cause for cause in Cause if cause in causes)


@dataclass(frozen=True, slots=True)
class Blocked:
    """A rotation stands still in whatever state it is in."""

    reason: BlockReason
    remedy: str
    next_attempt_at: datetime | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A person said "I start now": others are held off and the target is watched closely until it runs out."""

    person: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Installation:
    """How far one target has come with the rotation's envelope."""

    target: str
    required: bool
    by_hand: bool = False
    """Whether somebody hands the file over in the product's own console, for it takes none from us."""
    attempts: int = 0
    attempted_at: datetime | None = None
    """The intent: on record before the first byte leaves. By hand: when somebody said that they did it."""
    forced: bool = False
    """Whether the product's doubt about a changed consumer key was settled in favour of the new token."""
    noted: str | None = None
    """What stood in the target before the first attempt, as the adapter wrote it down (digests only)."""
    held_before: str | None = None
    """``Holding.shown`` from before the first attempt; empty for none."""
    expected: str | None = None
    """``Holding.shown`` that it must come to, once known."""
    installed_at: datetime | None = None
    error: str | None = None
    """The last refusal, for people."""
    mismatch: bool = False
    """Whether the last refusal was about a changed consumer key."""
    next_attempt_at: datetime | None = None
    rung: int | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """One run from a cause to a proven new token."""

    id: str
    service: str
    state: State
    revision: int
    causes: tuple[Cause, ...]
    opened_at: datetime
    entered_at: datetime
    """Since when it is in its state."""
    due_at: datetime
    """By when it should be done; can only move forward in time's favour, that is, earlier."""
    wake_at: datetime
    """When to look at it again."""
    actor: str | None = None
    """Id of the person who is asked, or for whom the issuer acts."""
    asked_at: datetime | None = None
    """When the question passed to them from somebody else; None where it has been theirs from the first."""
    new_key: bool = False
    """Whether the certificate in use before will not do."""
    visit: int = 0
    """How often ``opened`` was left for ``certificate_ready``: one fetch per visit."""
    certificate: str | None = None
    """Fingerprint of the certificate that was chosen for Apple."""
    certificate_changed: bool = False
    """Whether it changed while somebody was already asked."""
    registered_by: RegisteredBy | None = None
    """How the certificate came to Apple, or will; None until that is settled."""
    cleared_at: datetime | None = None
    """When a preflight last found the way clear."""
    envelope: str | None = None
    """Digest of the envelope that was received."""
    supplied_by: str | None = None
    """Managed Apple Account of whoever handed the envelope over, or for whom the issuer acted."""
    server_uuid: str | None = None
    """Apple's identity of the service that the new token belongs to, as far as it was seen."""
    downloader: str | None = None
    """Who downloaded the new token, as Apple says it, where that was seen."""
    witness_ip: str | None = None
    """From where Apple last heard the service before the new token was handed over."""
    claim: Claim | None = None
    recover_until: datetime | None = None
    """While a stray download is looked for: nothing new is asked before then."""
    remind_at: datetime | None = None
    """Until when whoever is asked wanted no reminder."""
    blocked: Blocked | None = None
    attempts: int = 0
    """Attempts of the effect in hand in this state."""
    attempted_at: datetime | None = None
    vouched_at: datetime | None = None
    """When a person's word took the place of a proof that did not come."""
    outage_started_at: datetime | None = None
    """The click, as far as it can be known."""
    outage_ended_at: datetime | None = None
    rung: int | None = None
    follow_up: tuple[Cause, ...] = ()
    """Causes that this token does not satisfy: a rotation for them opens when this one is done."""
    installations: tuple[Installation, ...] = ()
    closed_at: datetime | None = None
    close_reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is neither done nor cancelled."""
        return self.state in OPEN_STATES

    @property
    def waits_for_hand_off(self) -> bool:
        """Whether all that is left to install is left to somebody in a product's own console."""
        left = [one for one in self.installations if one.required and one.installed_at is None]
        return self.state is State.CHECKED and bool(left) and all(one.by_hand for one in left)

    @property
    def has_running_outage(self) -> bool:
        """Whether the old token is dead and the new one is not seen to work yet."""
        return self.outage_started_at is not None and self.outage_ended_at is None

    @property
    def is_after_click(self) -> bool:
        """Whether the new token already exists."""
        return self.state in AFTER_THE_CLICK
