"""What the dates in an HTTP answer's headers say."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT_SECONDS: Final = 3600.0


def parse_http_date(text: str | None) -> datetime | None:
    """Return the instant of an HTTP date, ``Tue, 24 Nov 2026 04:00:00 GMT``, or None for anything else.

    Source: RFC 9110 section 5.6.7.
    """
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        return None


def parse_retry_after(text: str | None, answered_at: datetime | None) -> float | None:
    """Return for how many seconds the other side wants to be left alone, at most one hour, or None.

    A date is measured against *answered_at*, the other side's own clock: a wrong one here does no harm.

    Source: RFC 9110 section 10.2.3.
    """
    value = (text or "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), LONGEST_WAIT_SECONDS)
    until = parse_http_date(value)
    if until is None or answered_at is None:
        return None
    return min(max((until - answered_at).total_seconds(), 0.0), LONGEST_WAIT_SECONDS)
