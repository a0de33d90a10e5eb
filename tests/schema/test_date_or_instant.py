from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.schema.date_or_instant import parse_date_or_instant
from tokenward.schema.fault import Fault


@given(st.dates())
def test_a_day_means_its_start_in_utc(day):
    """B1.2: where only a date is known it is the start of that day."""
    assert parse_date_or_instant(day) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-720, 720))  # noqa: DTZ001
def test_an_instant_keeps_its_moment_and_comes_out_in_utc(moment, minutes):
    """An offset is taken into account."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    parsed = parse_date_or_instant(aware)

    assert parsed == aware
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [datetime(2027, 3, 1, 9), "2027-03-01", 20270301, None, datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))],  # noqa: DTZ001
    ids=str,
)
def test_anything_else_is_a_fault(value):
    """Without an offset an instant could be any of 26 hours; text is no date in TOML."""
    with pytest.raises(Fault, match="2027-03-01T09:00:00Z"):
        parse_date_or_instant(value)


def test_a_day_is_no_instant_of_another_kind():
    """`datetime` is a `date` in Python; the two are told apart."""
    assert parse_date_or_instant(date(2027, 3, 1)) == datetime(2027, 3, 1, tzinfo=UTC)
