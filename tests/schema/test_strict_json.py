import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.schema.strict_json import MOST_VALUES, BadJson, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), inner)
    ),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_was_written_is_read(value, ascii_only):
    """C6: strict is not narrow; every ordinary value comes back as it was."""
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw):
    """C6, promise 5: one kind of error."""
    try:
        parse_json(raw)
    except BadJson:
        return


@pytest.mark.parametrize(("number", "is_taken"), [(MOST_VALUES, True), (MOST_VALUES + 1, False)])
def test_the_number_of_values_is_limited(number, is_taken):
    """Promise 5: half a megabyte of JSON can ask for a hundred megabytes of values."""
    raw = b"[" + b"0," * (number - 1) + b"0]"
    try:
        parse_json(raw)
    except BadJson:
        assert not is_taken
    else:
        assert is_taken


def test_a_member_that_stands_there_twice_among_thousands_is_named():
    """C6: and found in one pass over them."""
    members = [f'"{number}":0' for number in range(20_000)]
    with pytest.raises(BadJson, match="'777' stands there twice"):
        parse_json(("{" + ",".join([*members, members[777]]) + "}").encode())


def test_a_long_text_takes_little_memory():
    """Promise 5: looking past texts remembers no way back into them."""
    raw = json.dumps("x\\" * 100_000).encode()
    tracemalloc.start()
    try:
        parse_json(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * len(raw)
