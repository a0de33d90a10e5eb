from hypothesis import given
from hypothesis import strategies as st

from tokenward.schema.fault import quote


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
def test_a_repeated_value_is_short_and_stays_on_its_line(value):
    """A fault is one line, whatever stood in the file."""
    quoted = quote(value)

    assert len(quoted) <= 80
    assert not isinstance(value, str) or ("\n" not in quoted and "\x1b" not in quoted)
