"""When something that failed is tried again: it follows from stored numbers, so a restart changes nothing."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast attempts follow each other, in seconds."""

    first: float
    longest: float
    longest_asked: float
    """How long the other side may make us wait by ``Retry-After``."""


PATIENT: Final = Pace(first=5, longest=600, longest_asked=3600)
"""Before the click: nothing is broken yet."""
URGENT: Final = Pace(first=2, longest=60, longest_asked=300)
"""After the click: the old token is dead, and every minute is an outage."""

_MOST_DOUBLINGS: Final = 16


def share_of(name: str) -> float:
    """Return a number from 0 up to 1 that follows from *name* alone, so that what bears other names does not crowd."""
    return zlib.crc32(name.encode()) / 2**32


def next_attempt_at(
    now: datetime,
    attempts: int,
    retry_after_seconds: float | None,
    jitter: float,
    pace: Pace = PATIENT,
) -> datetime:
    """Return when to try again after *attempts* failures: each wait is twice the one before, up to the longest.

    *jitter*, from 0 up to 1, shortens the wait by up to a quarter, so that many services do not come back
    together. What the other side asked for is never undercut within the pace's limit; nonsense in it
    (negative, not a number) counts as nothing.
    """
    doublings = min(max(attempts - 1, 0), _MOST_DOUBLINGS)
    wait = min(pace.first * 2**doublings, pace.longest) * (1 - jitter / 4)
    asked = retry_after_seconds if retry_after_seconds is not None and retry_after_seconds > 0 else 0.0
    return now + timedelta(seconds=max(wait, min(asked, pace.longest_asked)))
