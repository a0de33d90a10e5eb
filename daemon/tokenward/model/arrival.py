"""What came in lately, as those who look at the record are told of it."""

from dataclasses import dataclass
from datetime import datetime

from tokenward.model.token import TokenState


@dataclass(frozen=True, slots=True)
class Answer:
    """A dated answer about a service's token, kept with the event that was the reason to ask."""

    service: str
    at: datetime
    answered: bool
    """Whether the other side gave an answer that means something at all."""
    verdict: TokenState | None
    """None: it could not tell."""
    why: str
    server_uuid: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that was taken, or one that was refused at the door."""

    at: datetime
    """When it was taken or refused."""
    source: str
    kind: str
    """As logs, metrics and pages may name it: a departure that is not effective yet is not called one."""
    service: str | None
    outcome: str | None
    """``accepted``, ``ignored``, ``denied`` or ``late``; ``refused`` at the door; None while it waits."""
    lines: tuple[str, ...]
    """What was decided and why, one sentence each; for a denial or refusal the finding's text."""
    code: str | None
    """Number of the finding, for a denial or a refusal."""
    event_id: int | None
    """None: it was refused, so it is no event."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has read: the last event and the last refusal that they were told of."""

    event: int = 0
    refusal: int = 0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Some of what came in, oldest first."""

    entries: tuple[Arrival, ...]
    place: Place
    """Behind which whatever comes next stands."""


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """A new password of whoever downloaded a service's token, and how the token bore it."""

    event_id: int
    kind: str
    source: str
    at: datetime
    """When it happened, else when it was heard of."""
    answers: int
    """How often the token was asked after because of it, before it was replaced."""
    last_worked_at: datetime | None
    """When the old token was last seen to work afterwards; None: it was not seen to."""
    first_dead_at: datetime | None
    """When the old token was first seen to be dead afterwards, before it was replaced."""
    replaced_at: datetime | None
    """When the old token was dead for certain, as a newer one was downloaded; None: none was yet."""
