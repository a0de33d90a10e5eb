from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.model.service import Freeze
from tokenward.policy.working_days import before_freeze, is_working_day, working_days_before

HOLIDAYS = Freeze(date(2026, 12, 15), date(2027, 1, 5))


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, 20), (1, 19), (3, 17), (5, 13)],
    ids=["none", "the day before", "within the week", "over a weekend"],
)
def test_working_days_before_leave_out_the_weekend(days: int, expected: int) -> None:
    """B7.3: from a Friday back."""
    friday = datetime(2026, 11, 20, 17, tzinfo=UTC)

    assert working_days_before(friday, days) == friday.replace(day=expected)


def test_three_working_days_before_a_sunday_is_the_wednesday() -> None:
    """B7.3: a weekend in between counts for nothing."""
    assert working_days_before(datetime(2026, 11, 29, tzinfo=UTC), 3) == datetime(2026, 11, 25, tzinfo=UTC)


@given(st.integers(0, 10**7), st.integers(1, 30))
def test_working_days_before_always_is_a_working_day(hours: int, days: int) -> None:
    """B7.3: whatever the calendar."""
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours)

    assert is_working_day(working_days_before(moment, days).date())


@pytest.mark.parametrize("day", [date(2026, 12, 15), date(2026, 12, 31), date(2027, 1, 5)])
def test_a_moment_in_a_freeze_window_moves_to_just_before_it(day: date) -> None:
    """B2.7: first and last day belong to the window."""
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    assert before_freeze(moment, (HOLIDAYS,)) == datetime(2026, 12, 14, 23, 59, 59, tzinfo=UTC)


def test_a_moment_outside_stays() -> None:
    """B2.7: the day after the window is free."""
    moment = datetime(2027, 1, 6, tzinfo=UTC)

    assert before_freeze(moment, (HOLIDAYS,)) == moment


def test_windows_that_adjoin_are_one() -> None:
    """B2.7: out of one window into the next would not help."""
    audit = Freeze(date(2026, 12, 10), date(2026, 12, 14))

    moved = before_freeze(datetime(2026, 12, 20, tzinfo=UTC), (HOLIDAYS, audit))

    assert moved == datetime(2026, 12, 9, 23, 59, 59, tzinfo=UTC)
