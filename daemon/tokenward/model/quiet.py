"""When somebody is not to be disturbed, as the configuration says it."""

from dataclasses import dataclass
from datetime import UTC, date, time, tzinfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours, weekends and holidays, all in the person's own time."""

    start: time = time(20)
    end: time = time(7)
    """Before ``start`` they last until then on the next day; equal to it, there are none."""
    weekends: bool = True
    holidays: frozenset[date] = frozenset()
    zone: tzinfo = UTC
