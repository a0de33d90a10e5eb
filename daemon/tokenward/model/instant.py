"""Instants: always aware, always UTC, parsed strictly and written in one form."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

DAY = timedelta(days=1)


class BadInstant(ValueError):
    """A text is no instant, or one without an offset from UTC, which could mean any of 26 hours."""


class Clock(Protocol):
    """Where the present comes from. The application has the only one that looks at the machine's clock."""

    def now(self) -> datetime:
        """Return the present, aware and in UTC."""
        ...


def utc(moment: datetime) -> datetime:
    """Return *moment* in UTC.

    Raises:
        BadInstant: It is naive.
    """
    if moment.tzinfo is None:
        raise BadInstant(f"{moment.isoformat()} has no offset from UTC")
    return moment.astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """Return the instant that *text* names, in UTC. Fractions and every form of offset are taken.

    Raises:
        BadInstant: No date and time, or one without an offset.

    Source: RFC 3339 section 5.6. ``datetime.fromisoformat`` also takes a bare date as a naive midnight; refusing naive
    results refuses those.
    """
    try:
        return utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError) as error:  # the latter at the ends of the calendar
        raise BadInstant(f"{text[:60]!r} is no instant such as 2027-03-01T09:00:00Z") from error


def format_instant(moment: datetime) -> str:
    """Return *moment* as RFC 3339 with whole seconds and ``Z``; microseconds are kept where there are any."""
    return utc(moment).isoformat().replace("+00:00", "Z")


def days_between(start: datetime, end: datetime) -> float:
    """Return how many days *end* lies after *start*; negative when it lies before."""
    return (end - start) / DAY
