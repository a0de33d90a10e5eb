"""Until when somebody is left in peace. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from tokenward.model.quiet import QuietHours
from tokenward.policy.working_days import is_working_day

_LONGEST: Final = 400
"""In days. Whoever declares more holidays than that in a row is told all the same."""
_MIDNIGHT: Final = time()
_DAY: Final = timedelta(days=1)


def quiet_until(now: datetime, quiet: QuietHours) -> datetime | None:
    """Return when the quiet that *now* lies in is over, in UTC; None where nobody is disturbed now.

    The hours are those on the wall: on a day on which the clocks change they begin and end when the clock says so.
    """
    moment = now
    for _ in range(_LONGEST):
        over_at = _ends_at(moment, quiet)
        if over_at is None:
            return None if moment == now else moment.astimezone(UTC)
        moment = over_at
    return None


def _ends_at(moment: datetime, quiet: QuietHours) -> datetime | None:
    """Return a later moment up to which it is quiet for certain, if *moment* is quiet."""
    local = moment.astimezone(quiet.zone)
    day, clock = local.date(), local.time()
    if (quiet.weekends and not is_working_day(day)) or day in quiet.holidays:
        return _at(day + _DAY, _MIDNIGHT, quiet)
    if quiet.start <= quiet.end:
        return _after(moment, day, quiet) if quiet.start <= clock < quiet.end else None
    if clock >= quiet.start:
        return _at(day + _DAY, quiet.end, quiet)
    return _after(moment, day, quiet) if clock < quiet.end else None


def _after(moment: datetime, day: date, quiet: QuietHours) -> datetime:
    """Return when the clock on *day* says, after *moment*, that it is over; in one night of the year it does twice."""
    first = _at(day, quiet.end, quiet)
    return first if first > moment else _at(day, quiet.end.replace(fold=1), quiet)


def _at(day: date, clock: time, quiet: QuietHours) -> datetime:
    return datetime.combine(day, clock, quiet.zone).astimezone(UTC)
