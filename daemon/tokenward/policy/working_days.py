"""Working days, and the windows in which nothing should come due. All in UTC, Monday to Friday.

Public holidays are unknown here: whoever must not be asked on one says so with a freeze window.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from tokenward.model.instant import DAY
from tokenward.model.service import Freeze

_SATURDAY: Final = 5
_JUST_BEFORE: Final = timedelta(seconds=1)


def is_working_day(day: date) -> bool:
    """Return whether *day* is one from Monday to Friday."""
    return day.weekday() < _SATURDAY


def working_days_before(moment: datetime, days: int) -> datetime:
    """Return the same time of day, *days* working days before *moment*."""
    while days > 0:
        moment -= DAY
        days -= is_working_day(moment.date())
    return moment


def before_freeze(moment: datetime, windows: Iterable[Freeze]) -> datetime:
    """Return *moment*, or the last second before the window (or the adjoining windows) that it lies in."""
    closed = tuple(windows)
    while window := next((window for window in closed if moment in window), None):
        moment = datetime.combine(window.first, time.min, UTC) - _JUST_BEFORE
    return moment
