from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.simulator import ber
from tokenward.simulator.ber import Element, NotBer

primitives = st.binary(max_size=300).map(lambda content: ber.definite(ber.OCTET_STRING, content))
trees = st.recursive(
    primitives,
    lambda inner: st.builds(
        lambda write, parts: write(ber.SEQUENCE, *parts),
        st.sampled_from((ber.definite, ber.indefinite)),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@given(trees)
def test_what_was_written_is_read_back_with_every_byte(data):
    """X.690 section 8.1.3: definite and indefinite lengths, nested in any way."""
    element = Element.from_bytes(data + b"behind")

    assert element.raw == data


@given(st.binary())
def test_garbage_is_read_or_refused_and_nothing_else(data):
    """Bad input is answered, never a crash."""
    with suppress(NotBer):
        Element.from_bytes(data)


@given(trees, st.data())
def test_a_cut_element_is_refused(data, draw):
    """A file that broke off is no shorter file."""
    cut = draw.draw(st.integers(0, len(data) - 1))
    with pytest.raises(NotBer):
        Element.from_bytes(data[:cut])


def test_endless_nesting_is_refused():
    """Bad input is answered, never a crash."""
    with pytest.raises(NotBer):
        Element.from_bytes(b"\x30\x80" * 100_000)


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [
        ("1.2.840.113549.1.7.3", "06092a864886f70d010703"),
        ("2.16.840.1.101.3.4.1.2", "0609608648016503040102"),
    ],
)
def test_identifiers_are_written_as_the_standard_says(dotted, encoded):
    """X.690 section 8.19."""
    assert ber.object_identifier(dotted).hex() == encoded


def test_a_string_in_pieces_is_put_together():
    """X.690 section 8.7.3."""
    pieces = (ber.definite(ber.OCTET_STRING, part) for part in (b"one ", b"two"))
    assert Element.from_bytes(ber.indefinite(0x24, *pieces)).octets() == b"one two"


@pytest.mark.parametrize(
    ("number", "encoded"), [(0, "020100"), (127, "02017f"), (128, "02020080"), (65537, "0203010001")]
)
def test_numbers_have_a_leading_zero_where_they_would_look_negative(number, encoded):
    """X.690 section 8.3."""
    assert ber.integer(number).hex() == encoded
