"""How a rotation takes its course, as every view tells it: its outage, and how far each target has come. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tokenward.model.rotation import Installation, Rotation


@dataclass(frozen=True, slots=True)
class Outage:
    """The time between the click and the proof that the service works again."""

    started_at: datetime
    ended_at: datetime | None
    seconds: float
    """So far, while it runs."""


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """How far a target has come with the rotation's envelope."""

    target: str
    required: bool
    attempts: int
    attempted_at: datetime | None
    installed_at: datetime | None
    rung: int | None
    error: str | None
    by_hand: bool
    """Whether somebody hands the file over in the product's own console."""
    next_attempt_at: datetime | None


def outage_of(rotation: Rotation, now: datetime) -> Outage | None:
    """Return how long the service was without a working token, so far; None: it never was, or nobody knows."""
    if rotation.outage_started_at is None:
        return None
    until = rotation.outage_ended_at or rotation.closed_at or now
    lasted = max(until - rotation.outage_started_at, timedelta())
    return Outage(rotation.outage_started_at, rotation.outage_ended_at, lasted.total_seconds())


def progress_of(installation: Installation) -> TargetProgress:
    """Return how far the target of *installation* has come."""
    return TargetProgress(
        target=installation.target,
        required=installation.required,
        attempts=installation.attempts,
        attempted_at=installation.attempted_at,
        installed_at=installation.installed_at,
        rung=installation.rung,
        error=installation.error,
        by_hand=installation.by_hand,
        next_attempt_at=installation.next_attempt_at,
    )
