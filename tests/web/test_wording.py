"""Times and numbers in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.web.wording import clock_words, date_words, day_words, days_words, instant_words, plural, span_words

HALF_PAST_NINE = datetime(2026, 11, 28, 9, 30, 59, tzinfo=UTC)


def test_an_instant_is_told_with_its_zone():
    """B1.2: nobody has to guess whose clock is meant."""
    assert instant_words(HALF_PAST_NINE) == "28 November 2026, 09:30 UTC"
    assert instant_words(HALF_PAST_NINE, ZoneInfo("Europe/Vienna")) == "28 November 2026, 10:30 CET"
    assert day_words(HALF_PAST_NINE) == "28 November 2026"


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "today"), (1, "tomorrow"), (-1, "yesterday"), (7, "in 7 days"), (-3, "3 days ago")],
)
def test_a_day_is_told_as_somebody_plans_by_it(days, words):
    """B11.1: day of the week, date, and how far off it is by the reader's own calendar."""
    vienna, late = ZoneInfo("Europe/Vienna"), datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
    assert date_words(late, vienna, late - timedelta(days=days)) == f"Sunday, 29 November 2026 ({words})"


def test_a_time_of_today_is_told_without_its_day():
    """B4.2: until when a rotation is held; with the zone, so that nobody has to guess."""
    vienna = ZoneInfo("Europe/Vienna")
    assert clock_words(HALF_PAST_NINE, vienna, HALF_PAST_NINE) == "10:30 CET"
    tomorrow = HALF_PAST_NINE + timedelta(days=1)
    assert clock_words(HALF_PAST_NINE, vienna, tomorrow) == "28 November 2026, 10:30 CET"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=125), "2 min 5 s"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=3, seconds=5), "3 h"),
        (timedelta(days=1, hours=2, minutes=3), "1 day 2 h"),
        (timedelta(days=12), "12 days"),
        (timedelta(seconds=59, milliseconds=999), "59 s"),
        (timedelta(milliseconds=3), "less than a second"),
        (timedelta(seconds=-5), "less than a second"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(span, words):
    """B4.3: an outage of two minutes and five seconds reads like that."""
    assert span_words(span) == words


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=9999)))
def test_a_span_is_never_told_as_longer_than_it_is(span):
    """B4.3: what is cut off is less than the smallest unit that is told."""
    sizes = {"day": 86400, "days": 86400, "h": 3600, "min": 60, "s": 1}
    parts = span_words(span).split()
    told = sum(int(number) * sizes[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))

    assert told <= span.total_seconds() < told + sizes[parts[1]]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (45.9, "45 days"),
        (1.5, "1 day"),
        (0.4, "less than a day"),
        (-0.4, "today"),
        (-1.2, "1 day ago"),
        (-3, "3 days ago"),
    ],
)
def test_days_that_are_left_are_whole(days, words):
    """B1.2: a day that has begun does not count any more."""
    assert days_words(days) == words


def test_one_is_no_plural():
    """Plain words."""
    assert [plural(number, "day") for number in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert plural(2, "deputy", "deputies") == "2 deputies"
