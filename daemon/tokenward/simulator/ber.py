"""A little BER: enough to write Apple's envelope, and to read one. ITU-T X.690 sections 8.1 and 10."""

from dataclasses import dataclass
from typing import Final, Self

SEQUENCE: Final = 0x30
SET: Final = 0x31
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
CONTEXT_0: Final = 0x80
CONSTRUCTED: Final = 0x20
END_OF_CONTENTS: Final = b"\x00\x00"
_INDEFINITE: Final = 0x80
_DEEPEST: Final = 32
_LONG_TAG: Final = 0x1F  # tags above 30, which occur neither in an envelope nor in a certificate


class NotBer(Exception):
    """The bytes are no BER, cut short, or nested without end."""


def definite(tag: int, *parts: bytes) -> bytes:
    """Return one element whose length stands in front."""
    content = b"".join(parts)
    size = len(content)
    if size < _INDEFINITE:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _INDEFINITE | len(length))) + length + content


def indefinite(tag: int, *parts: bytes) -> bytes:
    """Return one constructed element that ends with an end-of-contents mark."""
    return bytes((tag, _INDEFINITE)) + b"".join(parts) + END_OF_CONTENTS


def object_identifier(dotted: str) -> bytes:
    """Return the element for an identifier like ``1.2.840.113549.1.7.3``."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return definite(OBJECT_IDENTIFIER, b"".join(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def integer(number: int) -> bytes:
    """Return the element for a small non-negative number."""
    return definite(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


@dataclass(frozen=True, slots=True)
class Element:
    """One element as read: its tag, its content, and all its bytes as they stood."""

    tag: int
    content: bytes
    raw: bytes
    children: tuple["Element", ...] = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the element that *data* starts with; what follows it is ignored.

        Raises:
            NotBer: Not one whole element.
        """
        element, _ = cls._read(data, 0, 0)
        return element

    @classmethod
    def _read(cls, data: bytes, start: int, depth: int) -> tuple[Self, int]:
        if depth > _DEEPEST or start + 2 > len(data):
            raise NotBer
        tag = data[start]
        if tag & _LONG_TAG == _LONG_TAG:
            raise NotBer
        size, begin = _length(data, start + 1)
        if size is None:
            return cls._read_indefinite(data, start, begin, depth)
        end = begin + size
        if end > len(data):
            raise NotBer
        children = cls._read_all(data[begin:end], depth) if tag & CONSTRUCTED else ()
        return cls(tag, data[begin:end], data[start:end], children), end

    @classmethod
    def _read_indefinite(cls, data: bytes, start: int, begin: int, depth: int) -> tuple[Self, int]:
        if not data[start] & CONSTRUCTED:
            raise NotBer
        children = []
        position = begin
        while data[position : position + 2] != END_OF_CONTENTS:
            child, position = cls._read(data, position, depth + 1)
            children.append(child)
        end = position + 2
        return cls(data[start], data[begin:position], data[start:end], tuple(children)), end

    @classmethod
    def _read_all(cls, content: bytes, depth: int) -> tuple[Self, ...]:
        children = []
        position = 0
        while position < len(content):
            child, position = cls._read(content, position, depth + 1)
            children.append(child)
        return tuple(children)

    def octets(self) -> bytes:
        """Return the octets of a string that may be cut into pieces. X.690 section 8.7.3."""
        if not self.tag & CONSTRUCTED:
            return self.content
        return b"".join(child.octets() for child in self.children)


def _length(data: bytes, position: int) -> tuple[int | None, int]:
    first = data[position]
    position += 1
    if first < _INDEFINITE:
        return first, position
    if first == _INDEFINITE:
        return None, position
    end = position + (first & 0x7F)
    if end > len(data):
        raise NotBer
    return int.from_bytes(data[position:end], "big"), end
