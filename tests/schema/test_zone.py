import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokenward.schema.fault import Fault
from tokenward.schema.zone import parse_zone


def test_a_zone_is_named_as_everywhere():
    """B11.1: quiet hours are in the person's own time."""
    assert parse_zone("Europe/Berlin").key == "Europe/Berlin"


def test_a_misspelt_zone_is_told_what_was_meant():
    """The remedy stands beside the fault."""
    with pytest.raises(Fault, match="Europe/Berlin"):
        parse_zone("Europe/Berln")


@given(st.text() | st.integers() | st.none())
@example("../../etc/passwd")
@example("/etc/localtime")
@example("\0")
@example("")
def test_anything_else_is_a_fault(value):
    """Garbage, paths too, gives a fault and nothing else."""
    with pytest.raises(Fault):
        parse_zone(value)
