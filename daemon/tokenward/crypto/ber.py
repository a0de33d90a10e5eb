"""A strict reader for the little BER that an envelope needs: both kinds of length, low tag numbers.

Written here because envelopes come from strangers: one kind of error, every byte looked at once, no nesting
without end, and the exact bytes of each element kept, since issuers and serial numbers are compared as they
stand.

Source: ITU-T X.690 sections 8.1 and 8.7.
"""

from typing import Final, NamedTuple

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0x80
CONSTRUCTED: Final = 0x20

_END_OF_CONTENTS: Final = b"\x00\x00"
_DEEPEST: Final = 12
"""Indefinite lengths inside each other; Apple's envelope has five."""
_LONGEST_LENGTH: Final = 4
_LONG_FORM: Final = 0x80
_HIGH_TAG: Final = 0x1F


class NotBer(ValueError):
    """The bytes are no BER, cut short, nested too deeply, or of another shape than expected."""


class Element(NamedTuple):
    """One element as it stood in the file."""

    tag: int
    content: bytes
    raw: bytes
    """The element with its tag, its length and its end mark."""
    inside: tuple["Element", ...] | None = None
    """What was read on the way to the end mark; None where the length stands in front."""

    def children(self) -> tuple["Element", ...]:
        """Return the elements inside.

        Raises:
            NotBer: It is not constructed, or its content is no whole number of elements.
        """
        if self.inside is not None:
            return self.inside
        if not self.tag & CONSTRUCTED:
            raise NotBer("a primitive element has no children")
        found = []
        position = 0
        while position < len(self.content):
            child, position = _read(self.content, position, 0)
            found.append(child)
        return tuple(found)

    def expect(self, tag: int) -> "Element":
        """Return this element, which must carry *tag*.

        Raises:
            NotBer: It carries another one.
        """
        if self.tag != tag:
            raise NotBer(f"tag {self.tag:#04x} where {tag:#04x} belongs")
        return self


def read_whole(data: bytes) -> Element:
    """Return the one element that *data* is.

    Raises:
        NotBer: It is none, or something follows it.
    """
    element, end = _read(data, 0, 0)
    if end != len(data):
        raise NotBer(f"{len(data) - end} bytes after the end")
    return element


def _read(data: bytes, start: int, depth: int) -> tuple[Element, int]:
    """Return the element at *start* and where the next one begins."""
    if depth > _DEEPEST:
        raise NotBer("nested too deeply")
    if start + 2 > len(data):
        raise NotBer("cut short")
    tag = data[start]
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise NotBer("a tag number above 30")
    first = data[start + 1]
    if first == _LONG_FORM:
        return _read_indefinite(data, start, depth)
    begin, size = (start + 2, first) if first < _LONG_FORM else _long_length(data, start + 2, first - _LONG_FORM)
    end = begin + size
    if end > len(data):
        raise NotBer("cut short")
    return Element(tag, data[begin:end], data[start:end]), end


def _long_length(data: bytes, position: int, octets: int) -> tuple[int, int]:
    """Return where the content begins and how long it is."""
    begin = position + octets
    if octets > _LONGEST_LENGTH or begin > len(data):
        raise NotBer("cut short")
    return begin, int.from_bytes(data[position:begin], "big")


def _read_indefinite(data: bytes, start: int, depth: int) -> tuple[Element, int]:
    if not data[start] & CONSTRUCTED:
        raise NotBer("an indefinite length on a primitive element")
    begin = position = start + 2
    inside = []
    while data[position : position + 2] != _END_OF_CONTENTS:
        child, position = _read(data, position, depth + 1)
        inside.append(child)
    end = position + 2
    return Element(data[start], data[begin:position], data[start:end], tuple(inside)), end
