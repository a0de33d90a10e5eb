"""Times and numbers as people read them on a page. Pure."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_UNITS: Final = ((86_400, "day", "days"), (3_600, "h", "h"), (60, "min", "min"), (1, "s", "s"))
_PARTS: Final = 2
"""How many units a span is told in: what comes behind them is of no interest."""


def instant_words(moment: datetime, zone: tzinfo = UTC, *, exact: bool = False) -> str:
    """Return *moment* with the zone that it is told in, such as ``28 November 2026, 09:30 UTC``.

    It is told to the minute or, where what happens follows quickly, *exact* to the second.
    """
    local = moment.astimezone(zone)
    time = f"{local:%H:%M:%S}" if exact else f"{local:%H:%M}"
    return f"{day_words(moment, zone)}, {time} {local:%Z}"


def day_words(moment: datetime, zone: tzinfo = UTC) -> str:
    """Return the day of *moment*, such as ``28 November 2026``."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def date_words(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return the day of *moment* as somebody plans by it, such as ``Saturday, 28 November 2026 (in 4 days)``."""
    local = moment.astimezone(zone)
    return f"{local:%A}, {day_words(moment, zone)} ({_far_words((local.date() - now.astimezone(zone).date()).days)})"


def clock_words(moment: datetime, zone: tzinfo, now: datetime) -> str:
    """Return the time of *moment* to the minute, such as ``09:30 CET``, with its day where that is not today."""
    local = moment.astimezone(zone)
    is_today = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M} {local:%Z}" if is_today else instant_words(moment, zone)


def _far_words(days: int) -> str:
    named = {0: "today", 1: "tomorrow", -1: "yesterday"}
    return named.get(days, f"in {days} days" if days > 0 else f"{-days} days ago")


def span_words(span: timedelta) -> str:
    """Return *span* in its two largest units, such as ``2 min 5 s``; what is negative counts as nothing."""
    seconds = max(int(span.total_seconds()), 0)
    parts: list[str] = []
    for size, one, many in _UNITS:
        number, rest = divmod(seconds, size)
        if number or parts:
            parts.append(f"{number} {one if number == 1 else many}" if number else "")
            seconds = rest
        if len(parts) == _PARTS:
            break
    return " ".join(part for part in parts if part) or "less than a second"


def days_words(days: float) -> str:
    """Return how long *days* are to wait, in whole days: a day that has begun does not count any more."""
    whole = int(abs(days))
    if days < 0:
        return f"{plural(whole, 'day')} ago" if whole else "today"
    return plural(whole, "day") if whole else "less than a day"


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return *number* with its noun: ``1 day``, ``2 days``; *many* where it is not simply an s longer."""
    return f"{number} {one if number == 1 else many or one + 's'}"
