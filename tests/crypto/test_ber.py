import pytest
from asn1crypto import parser
from hypothesis import given
from hypothesis import strategies as st

from tokenward.crypto.ber import NotBer, read_whole

LEAVES = st.binary(max_size=200).map(lambda content: definite(0x04, content))


def definite(tag: int, content: bytes) -> bytes:
    """Return an element with its length in front."""
    size = len(content)
    length = bytes((size,)) if size < 0x80 else bytes((0x82,)) + size.to_bytes(2, "big")
    return bytes((tag,)) + length + content


def grow(inner):
    """Return constructed elements around *inner*, with both kinds of length."""
    content = st.lists(inner, max_size=4).map(b"".join)
    return st.one_of(
        content.map(lambda parts: definite(0x30, parts)), content.map(lambda parts: b"\xa0\x80" + parts + b"\0\0")
    )


@given(st.recursive(LEAVES, grow, max_leaves=12))
def test_elements_are_read_as_an_independent_reader_reads_them(data):
    """A3: tag, content and extent, at every level."""
    compare(data)


def compare(data: bytes) -> None:
    """Read *data* both ways, down to the leaves."""
    element = read_whole(data)
    _, constructed, _, _, content, _ = parser.parse(data, strict=True)
    assert (element.content, element.raw) == (content, data)
    if constructed:
        children = element.children()
        assert b"".join(child.raw for child in children) == content
        for child in children:
            compare(child.raw)


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data):
    """B5.1: one kind of error."""
    try:
        read_whole(data)
    except NotBer:
        return


@pytest.mark.parametrize(
    "data",
    ["", "30", "3080", "30800000ff", "0480", "3085000000000100", "3084ffffffff", "1f810100", "300200", "3081"],
)
def test_what_is_no_whole_element_is_refused(data):
    """B5.1: cut short, followed by something, or of a form that no envelope has."""
    with pytest.raises(NotBer):
        read_whole(bytes.fromhex(data))


def test_a_primitive_element_has_no_children():
    """B5.1: a string is not looked into."""
    with pytest.raises(NotBer):
        read_whole(b"\x04\x02\x05\x00").children()
