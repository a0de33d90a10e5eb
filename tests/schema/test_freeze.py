from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokenward.model.service import Freeze
from tokenward.schema.fault import Fault
from tokenward.schema.freeze import parse_freeze


@given(st.dates(), st.dates())
def test_two_days_make_a_span_where_the_first_is_not_later(one, other):
    """Both days are included; backwards is a fault."""
    written = f"{one.isoformat()}/{other.isoformat()}"
    if one <= other:
        assert parse_freeze(written) == Freeze(one, other)
    else:
        with pytest.raises(Fault, match="before it begins"):
            parse_freeze(written)


@given(st.text() | st.dates() | st.none() | st.integers())
@example("2026-02-30/2026-03-01")
@example("0000-01-01/2026-03-01")
@example("2026-12-15")
@example("2026-12-15/P3W")
def test_anything_else_is_a_fault(value):
    """Garbage gives a fault and nothing else."""
    with pytest.raises(Fault):
        parse_freeze(value)


def test_a_single_day_is_a_span():
    """First and last day may be the same."""
    assert parse_freeze("2026-12-24/2026-12-24") == Freeze(date(2026, 12, 24), date(2026, 12, 24))
