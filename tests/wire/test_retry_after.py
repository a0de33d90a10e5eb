"""Dates and waits in HTTP headers."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.wire.retry_after import LONGEST_WAIT_SECONDS, parse_http_date, parse_retry_after

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("90", 90.0),
        (" 90 ", 90.0),
        ("99999999", LONGEST_WAIT_SECONDS),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Wed, 25 Nov 2026 12:00:00 GMT", LONGEST_WAIT_SECONDS),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("²", None),
    ],
)
def test_a_wait_is_read_as_seconds_or_as_a_date_and_is_at_most_an_hour(text, seconds):
    """B10.2: throttling is obeyed, and no server can send the daemon to sleep for longer than an hour."""
    assert parse_retry_after(text, NOON) == seconds


def test_a_date_counts_from_the_other_sides_clock_and_says_nothing_without_one():
    """Our own clock may be wrong, so it is not asked."""
    assert parse_retry_after("Tue, 24 Nov 2026 12:02:00 GMT", None) is None


@given(st.text(max_size=60))
def test_any_text_is_a_wait_within_the_limits_or_none(text):
    """Headers come from others: whatever they hold, nothing is raised."""
    seconds = parse_retry_after(text, NOON)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT_SECONDS


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive limits
def test_a_date_survives_being_written_and_read(moment):
    """RFC 9110 section 5.6.7."""
    whole = moment.replace(microsecond=0)
    assert parse_http_date(format_datetime(whole, usegmt=True)) == whole


def test_a_date_without_a_zone_is_taken_as_utc():
    """RFC 5322 lets ``-0000`` mean an unknown zone; HTTP knows only GMT."""
    assert parse_http_date("Tue, 24 Nov 2026 12:00:00 -0000") == NOON
    assert parse_http_date("Tue, 24 Nov 2026 13:00:00 +0100") == NOON
    assert NOON + timedelta(0) == NOON
