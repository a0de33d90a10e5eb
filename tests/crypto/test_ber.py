import pytest
from asn1crypto import parser
from hypothesis import given
from hypothesis import strategies as st

from tokenward.crypto.ber import NotBer, Reader

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
    """Read the one element that *data* is both ways, down to the leaves."""
    _, constructed, _, _, content, _ = parser.parse(data, strict=True)
    if not constructed:
        assert Reader(data).take(data[0]) == content
        return
    children = children_of(data)
    assert b"".join(children) == content
    for child in children:
        compare(child)


def children_of(data: bytes) -> list[bytes]:
    """Return the elements inside the one that *data* is, as they stand."""
    ber = Reader(data)
    children = ber.inside(data[0], all_of)
    ber.finish()
    return children


def all_of(ber: Reader) -> list[bytes]:
    """Return what follows, element by element."""
    found = []
    while ber.more():
        found.append(ber.skip())
    return found


@given(st.lists(st.one_of(LEAVES, LEAVES.map(lambda leaf: b"\xa0\x80" + leaf + b"\0\0")), max_size=4))
def test_what_was_not_asked_for_is_passed_over(parts):
    """A3: a field more than expected keeps nothing from being read that follows."""
    ber = Reader(b"\x30\x80" + b"".join(parts) + b"\0\0" + b"\x02\x01\x07")

    first = ber.inside(0x30, lambda parts: parts.skip() if parts.more() else b"")

    assert first == (parts[0] if parts else b"")
    assert ber.take(0x02) == b"\x07"
    ber.finish()


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data):
    """B5.1: one kind of error."""
    try:
        whole(data)
    except NotBer:
        return


def whole(data: bytes) -> bytes:
    """Return the one element that *data* is."""
    ber = Reader(data)
    element = ber.skip()
    ber.finish()
    return element


@pytest.mark.parametrize(
    "data",
    ["", "30", "3080", "30800000ff", "0480", "3085000000000100", "3084ffffffff", "1f810100", "3081"],
)
def test_what_is_no_whole_element_is_refused(data):
    """B5.1: cut short, followed by something, or of a form that no envelope has."""
    with pytest.raises(NotBer):
        whole(bytes.fromhex(data))


@pytest.mark.parametrize(
    "data",
    ["300200", "300330800000", "300230800000", "30023003020107", "30800201", "3080020107", "30801f810100"],
)
def test_an_element_that_leaves_the_one_around_it_is_refused(data):
    """B5.1: neither a length nor an end mark may reach out of the element that holds it."""
    with pytest.raises(NotBer):
        children_of(bytes.fromhex(data))


def test_another_element_than_the_one_asked_for_is_refused():
    """B5.1: by its tag, and where none follows."""
    for ask in (Reader.take, Reader.whole, lambda ber, tag: ber.inside(tag, all_of)):
        with pytest.raises(NotBer):
            ask(Reader(b"\x04\x01\x05"), 0x30)
        with pytest.raises(NotBer):
            ask(Reader(b""), 0x30)


def test_a_primitive_element_has_nothing_inside():
    """B5.1: a string is not looked into."""
    with pytest.raises(NotBer):
        Reader(b"\x04\x02\x05\x00").inside(0x04, all_of)
