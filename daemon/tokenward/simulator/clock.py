"""The simulator's time: the machine's clock plus an offset that a test or a demo sets."""

from datetime import UTC, datetime, timedelta


def simulated_now(offset: timedelta) -> datetime:
    """Return the present instant in UTC, moved by *offset*. Nothing else in this process reads the clock."""
    return datetime.now(UTC) + offset
