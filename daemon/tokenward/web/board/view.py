"""What the board shows, as frozen values: the pages and the JSON beside them are made of the same.

Everything here may be read by whoever looks at the board. A departure that is ahead has no place in it: there is no
field that could hold one.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from tokenward.model.instant import days_between
from tokenward.model.organisation import Portal
from tokenward.model.person import Standing
from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import Cause, State
from tokenward.model.service import Keyholder
from tokenward.model.target import BlockReason
from tokenward.model.token import DEAD, Basis, TokenState
from tokenward.web.course import Outage, TargetProgress
from tokenward.web.vitals import Signal
from tokenward.web.waiting import WaitingFor

SOON_DAYS: Final = 14.0
"""From here on the end of a token is pressing, whatever else goes on."""


class Tone(StrEnum):
    """How something strikes whoever reads it; never the only thing that says so."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    NEUTRAL = "neutral"


class Turn(StrEnum):
    """Whose turn it is in an open rotation."""

    TOKENWARD = "tokenward"
    """Nobody has to do anything."""
    PERSON = "person"
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person whom the configuration names."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Block:
    """Why a rotation stands still."""

    reason: BlockReason
    remedy: str
    since: datetime
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimView:
    """Somebody is at it."""

    person: Somebody
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class RotationView:
    """A rotation, open or closed."""

    id: str
    service: str
    state: State
    causes: tuple[Cause, ...]
    """In the order in which one of them is shown where only one can be."""
    opened_at: datetime
    since: datetime
    """When it entered its state."""
    due_at: datetime
    is_overdue: bool
    waiting_for: WaitingFor | None
    turn: Turn
    people: tuple[Somebody, ...]
    """Whose turn it is, where it is that of people whom the configuration names."""
    waits: str
    """What it waits for, as a sentence; empty once it is closed."""
    claim: ClaimView | None
    recover_until: datetime | None
    blocked: Block | None
    plan_b: bool
    """Whether installing has failed for so long that somebody should do it by hand."""
    registered_by: RegisteredBy | None
    certificate: str | None
    certificate_changed: bool
    outage: Outage | None
    rung: int | None
    by: str | None
    """With whose account the new token was downloaded, as far as that is known."""
    follow_up: tuple[Cause, ...]
    targets: tuple[TargetProgress, ...]
    closed_at: datetime | None
    close_reason: str | None


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service."""

    id: str
    name: str
    organisation: str
    linked: bool
    """Whether it is known to be linked and working."""
    watched: bool
    """Whether it is only watched: nothing ever rotates it."""
    state: TokenState
    expires_at: datetime | None
    expiry_basis: Basis | None
    days_until_expiry: float | None
    renewal_at: datetime | None
    """When a rotation opens for the end of the token's year; None where nothing is planned for it."""
    planned_rotation_at: datetime | None
    """When the next rotation opens by itself, for whatever reason; None while one is open."""
    custodian: str | None
    custodian_name: str | None
    rung: int | None
    """How strongly the token in use was proven to work; None: not proven here."""
    proven_at: datetime | None
    outage: Outage | None
    """While one is running."""
    rotation: RotationView | None

    @property
    def tone(self) -> Tone:
        """How much is left of its token's year, as it strikes whoever reads it."""
        days = self.days_until_expiry
        if self.state in DEAD or (days is not None and days <= SOON_DAYS):
            return Tone.BAD
        if days is None:
            return Tone.NEUTRAL
        return Tone.WARN if days <= (self.days_before_end or 0) else Tone.GOOD

    @property
    def days_before_end(self) -> float | None:
        """How long before the end of the token's year a rotation opens."""
        if self.expires_at is None or self.renewal_at is None:
            return None
        return days_between(self.renewal_at, self.expires_at)


@dataclass(frozen=True, slots=True)
class OrganisationView:
    """One organisation; it is there even where it has no service (A1)."""

    id: str
    name: str
    portal: Portal
    linked: bool
    """Whether at least one service is known to be linked and working, without which no device can be assigned."""
    services: tuple[ServiceView, ...]


class Urgency(StrEnum):
    """Why somebody has to look, the most pressing first: a list of needs stands in this order."""

    NOT_READY = "not_ready"
    OUTAGE = "outage"
    DEAD = "dead"
    TERMS = "terms"
    STANDS_STILL = "stands_still"
    OVERDUE = "overdue"
    ENDS_SOON = "ends_soon"
    DUE_SOON = "due_soon"
    SOURCE = "source"
    CONFIGURATION = "configuration"
    NOBODY = "nobody"
    UNKNOWN_END = "unknown_end"
    NOT_LINKED = "not_linked"

    @property
    def is_pressing(self) -> bool:
        """Whether it can't wait for a quieter day."""
        return self.rank <= Urgency.ENDS_SOON.rank

    @property
    def rank(self) -> int:
        """Its place in the order."""
        return _IN_ORDER.index(self)


_IN_ORDER: Final = tuple(Urgency)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that somebody has to look at."""

    urgency: Urgency
    about: str
    """What it is about: the name of a service or an organisation, or what part of Tokenward."""
    service: str | None
    """Id of the service, where it is about one."""
    what: str
    do: str
    """The remedy."""
    since: datetime | None = None

    @property
    def tone(self) -> Tone:
        """How it strikes whoever reads it."""
        return Tone.BAD if self.urgency.is_pressing else Tone.WARN


@dataclass(frozen=True, slots=True)
class CoverageView:
    """Which sources can tell what of one person; none: nobody would hear of it."""

    person: Somebody
    sources: dict[Signal, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SourceView:
    """One way in."""

    id: str
    kind: str
    is_up: bool | None
    """None: it was not looked at yet."""
    is_silent: bool
    """Whether it has been silent for longer than it should be."""
    alive_at: datetime | None
    """Its last good poll or sign of life."""
    heard_at: datetime | None
    """When it last sent an event; a departure that is ahead does not count."""


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """Something that Tokenward cannot see."""

    about: str
    service: str | None
    what: str


@dataclass(frozen=True, slots=True)
class BoardView:
    """Everything at a glance."""

    at: datetime
    version: str
    needs: tuple[Need, ...]
    """The most urgent first."""
    organisations: tuple[OrganisationView, ...]
    blind_spots: tuple[BlindSpot, ...]
    coverage: tuple[CoverageView, ...]
    sources: tuple[SourceView, ...]


class Part(StrEnum):
    """What somebody is for a service."""

    CUSTODIAN = "custodian"
    DEPUTY = "deputy"
    DOWNLOADER = "downloader"
    """Neither, but they downloaded the token in use."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody who may be asked, or who downloaded the token in use; no more of them than anybody may know."""

    id: str
    name: str
    part: Part
    account: str | None
    standing: Standing
    usable: bool
    """Whether they could be asked."""
    confirmed_at: datetime | None
    """When they last said that they can sign in and see the service."""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The last answer about the token."""

    at: datetime
    verdict: TokenState | None
    """None: it could not tell."""
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, in words."""

    at: datetime
    kind: Tone
    words: str
    aside: str = ""


@dataclass(frozen=True, slots=True)
class ServicePage:
    """Everything about one service that may be read on the board."""

    at: datetime
    service: ServiceView
    organisation: str
    """Its name."""
    needs: tuple[Need, ...]
    issuer: str | None
    keyholder: Keyholder
    release_devices: bool
    wanted_rung: int | None
    """The rung that the configuration sets; None: the strongest that the first target can give."""
    targets: tuple[tuple[str, str], ...]
    """Id and kind of each target; the first one is the one that talks to Apple."""
    since: datetime | None
    """When the token in use was installed, or first seen."""
    issued_at: datetime | None
    downloader: str | None
    server_uuid: str | None
    answer: AnswerView | None
    next_probe_at: datetime | None
    quiet_until: datetime | None
    people: tuple[PersonView, ...]
    closed: tuple[RotationView, ...]
    """Rotations that are over, newest first."""
    history: tuple[Entry, ...]
    """What happened, newest first."""


@dataclass(frozen=True, slots=True)
class RotationPage:
    """One rotation with what happened in it."""

    at: datetime
    service: str
    """Its id."""
    name: str
    """Its name in Apple's portal."""
    is_configured: bool
    """Whether the configuration still names it."""
    rotation: RotationView
    history: tuple[Entry, ...]
