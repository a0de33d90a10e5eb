import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tokenward.schema.fault import Fault
from tokenward.schema.slug import RESERVED, is_slug, parse_slug

LETTERS = string.ascii_lowercase + string.digits


@given(st.sampled_from(LETTERS), st.text(LETTERS + "-", max_size=40))
def test_lower_case_letters_digits_and_hyphens_make_an_id(first, rest):
    """Every id of the right form is taken as it is."""
    slug = first + rest
    if slug not in RESERVED:
        assert parse_slug(slug) == slug


@given(st.text() | st.integers() | st.none() | st.lists(st.text()))
@example("main\n")
@example("ﬁx")
@example("a" * 42)
def test_anything_else_is_a_fault_and_nothing_else(value):
    """Garbage gives a fault, or is an id."""
    if is_slug(value) and value not in RESERVED:
        assert parse_slug(value) == value
        assert set(value) <= set(LETTERS + "-")
    else:
        with pytest.raises(Fault):
            parse_slug(value)


@pytest.mark.parametrize("value", sorted(RESERVED))
def test_names_of_shared_folders_are_no_ids(value):
    """The drop folder keeps what it has dealt with under these names."""
    with pytest.raises(Fault, match="drop folder"):
        parse_slug(value)
