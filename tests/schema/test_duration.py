from datetime import timedelta
from typing import Annotated

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tokenward.schema.duration import LONGEST, Duration, format_duration, parse_duration, waited_at_most
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


def test_nothing_is_waited_for_longer_than_there_is_sense_in():
    """The bound itself is allowed; what is over it is refused with the bound, as people write it."""
    wait = TypeAdapter[timedelta](Annotated[Duration, waited_at_most(timedelta(minutes=2), "server")])
    assert wait.validate_python("2m") == timedelta(minutes=2)
    with pytest.raises(ValidationError, match="no server is waited for that long") as refused:
        wait.validate_python("121s")
    assert 'at most "2m"' in str(refused.value)
