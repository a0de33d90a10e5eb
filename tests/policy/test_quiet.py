from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.model.quiet import QuietHours
from tokenward.policy.quiet import quiet_until

BERLIN = ZoneInfo("Europe/Berlin")
USUAL = QuietHours(zone=BERLIN)
HOURS = st.builds(time, st.integers(0, 23), st.integers(0, 59))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001
CHANGES = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from([datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]),
    st.integers(-180, 180),
)
"""Moments around those at which Berlin's clocks change."""
QUIETS = st.builds(
    QuietHours,
    start=HOURS,
    end=HOURS,
    weekends=st.booleans(),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5),
    zone=st.sampled_from([UTC, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")]),
)


def berlin(text: str) -> datetime:
    """Return a time on the walls of Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-24T19:59", None),
        ("2026-11-24T20:00", "2026-11-25T07:00"),
        ("2026-11-25T06:59", "2026-11-25T07:00"),
        ("2026-11-25T07:00", None),
        ("2026-11-27T20:00", "2026-11-30T07:00"),
        ("2026-11-29T12:00", "2026-11-30T07:00"),
    ],
    ids=["evening", "night begins", "night ends soon", "morning", "friday night", "sunday"],
)
def test_people_are_left_in_peace_at_night_and_at_weekends(now, until):
    """B11.1: 20:00 to 07:00 and weekends, unless something else is set."""
    assert quiet_until(berlin(now), USUAL) == (berlin(until) if until else None)


def test_a_holiday_is_quiet_to_its_end_and_the_night_after_it_too():
    """B11.1: a list of holidays."""
    quiet = QuietHours(holidays=frozenset({date(2026, 12, 24), date(2026, 12, 25)}), zone=BERLIN)

    assert quiet_until(berlin("2026-12-23T21:00"), quiet) == berlin("2026-12-28T07:00")


def test_hours_within_one_day_and_no_hours_at_all():
    """B11.1: whoever works at night sleeps by day; equal hours are none."""
    by_day = QuietHours(time(9), time(17), weekends=False)
    none = QuietHours(time(0), time(0), weekends=False)

    assert quiet_until(datetime(2026, 11, 24, 12, tzinfo=UTC), by_day) == datetime(2026, 11, 24, 17, tzinfo=UTC)
    assert quiet_until(datetime(2026, 11, 24, 3, tzinfo=UTC), none) is None


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"], ids=["an hour is missing", "an hour comes twice"])
def test_on_a_night_on_which_the_clocks_change_the_morning_is_when_the_clock_says_so(night):
    """B11.1: hours are those on the wall."""
    quiet = QuietHours(weekends=False, zone=BERLIN)
    until = quiet_until(berlin(f"{night}T01:00"), quiet)

    assert until is not None
    assert until.astimezone(BERLIN).strftime("%H:%M") == "07:00"


def test_a_quiet_that_ends_in_the_hour_that_comes_twice_ends_after_the_moment_asked_about():
    """B11.1: between the first 02:30 of that night and the second it is 02:15 once more, and quiet."""
    quiet = QuietHours(time(22), time(2, 30), weekends=False, zone=BERLIN)
    first, second = (datetime(2026, 10, 25, hour, 15, tzinfo=UTC) for hour in (0, 1))

    assert quiet_until(first, quiet) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert quiet_until(second, quiet) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(now=MOMENTS | CHANGES, quiet=QUIETS)
def test_the_end_of_a_quiet_is_later_and_not_quiet_itself(now, quiet):
    """B11.1: whoever is told then is disturbed at no quiet hour, and nobody waits for ever."""
    until = quiet_until(now, quiet)

    if until is not None:
        assert now < until < now + timedelta(days=20)
        assert quiet_until(until, quiet) is None
