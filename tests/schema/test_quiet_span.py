from datetime import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokenward.schema.fault import Fault
from tokenward.schema.quiet_span import parse_quiet_span

CLOCK = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@given(CLOCK, CLOCK)
def test_two_times_of_day_make_a_span(start, end):
    """B11.1: as on the wall; an earlier end is on the next day."""
    assert parse_quiet_span(f"{start:%H:%M}-{end:%H:%M}") == (start, end)


@given(st.text() | st.integers() | st.none())
@example("24:00-07:00")
@example("20-7")
@example("20:00-07:00 ")
def test_anything_else_is_a_fault(value):
    """Garbage gives a fault and nothing else."""
    with pytest.raises(Fault):
        parse_quiet_span(value)
