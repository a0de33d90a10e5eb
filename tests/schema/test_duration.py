from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokenward.schema.duration import LONGEST, format_duration, parse_duration
from tokenward.schema.fault import Fault

SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


@given(st.integers(1, 500), st.sampled_from("wdhms"))
def test_a_number_with_a_unit_is_that_length_of_time(number, unit):
    """A duration means its number times its unit."""
    assert parse_duration(f"{number}{unit}") == timedelta(seconds=number * SECONDS[unit])


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_what_is_written_is_read_back(seconds):
    """Round trip of every duration in whole seconds."""
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.text()))
@example("45 d")
@example("P45D")
@example("\N{ARABIC-INDIC DIGIT FOUR}d")
@example("1d\n")
def test_anything_else_is_a_fault_and_nothing_else(value):
    """Garbage gives a fault, or a positive length of time where it happens to be one."""
    try:
        duration = parse_duration(value)
    except Fault:
        return
    assert isinstance(value, str)
    assert timedelta() < duration <= LONGEST


@pytest.mark.parametrize("value", [30, 30.0, "30", "", "0d", "-1d", "1.5h", "1D", "1y", "3651d", "999999999w", True])
def test_a_missing_unit_zero_and_too_much_are_refused(value):
    """A bare number could mean anything, so it means nothing."""
    with pytest.raises(Fault):
        parse_duration(value)
