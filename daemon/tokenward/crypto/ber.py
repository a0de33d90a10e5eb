"""A strict reader for the little BER that an envelope needs: both kinds of length, low tag numbers.

Written here because envelopes come from strangers: one kind of error, no nesting without end, nothing that reaches
out of what holds it, and the exact bytes of an element to be had, since issuers and serial numbers are compared as
they stand.

Source: ITU-T X.690 sections 8.1 and 8.7.
"""

from collections.abc import Callable
from typing import Final, TypeVar

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0x80
CONSTRUCTED: Final = 0x20

_END_MARK: Final = b"\x00\x00"
_DEEPEST: Final = 12
"""Elements inside each other, as far as they are gone into; Apple's envelope has six."""
_INDEFINITE: Final = 0x80
_LONGEST_LENGTH: Final = _INDEFINITE + 4
_HIGH_TAG: Final = 0x1F


Found = TypeVar("Found")


class NotBer(ValueError):
    """The bytes are no BER, cut short, nested too deeply, or of another shape than expected."""


class Reader:
    """A place in BER that moves on, from one element to the next, as each is asked for by its tag.

    It never leaves the element that it has gone into. Its methods raise NotBer where an element is none, is
    missing, ends too early, or carries another tag.
    """

    __slots__ = ("_data", "_depth", "_end", "_position", "_until_mark")

    def __init__(self, data: bytes) -> None:
        """Stand before the first element of *data*."""
        self._data = data
        self._position = 0
        self._end = len(data)
        self._until_mark = False
        self._depth = 0

    def more(self) -> bool:
        """Return whether anything follows within the element that was gone into."""
        if self._until_mark:
            return self._data[self._position : self._position + 2] != _END_MARK
        return self._position < self._end

    def at(self, tag: int) -> bool:
        """Return whether the next element carries *tag*."""
        return self._position < self._end and self._data[self._position] == tag

    def take(self, tag: int) -> bytes:
        """Return the content of the next element, whose length must stand in front."""
        begin, end = self._extent(tag)
        if end is None:
            raise NotBer("an indefinite length on a primitive element")
        self._position = end
        return self._data[begin:end]

    def inside(self, tag: int, read: Callable[["Reader"], Found]) -> Found:
        """Return what *read* finds within the next element; whatever it does not ask for is passed over."""
        begin, end = self._extent(tag)
        if not tag & CONSTRUCTED:
            raise NotBer("a primitive element has nothing inside")
        if self._depth == _DEEPEST:
            raise NotBer("nested too deeply")
        outside = self._end, self._until_mark
        self._position, self._end, self._until_mark = begin, end or self._end, end is None
        self._depth += 1
        found = read(self)
        while self.more():
            self.skip()
        if self._until_mark:
            self._pass_end_mark()
        self._depth -= 1
        self._end, self._until_mark = outside
        return found

    def _pass_end_mark(self) -> None:
        self._position += len(_END_MARK)
        if self._position > self._end:
            raise NotBer("an end mark outside the element that holds it")

    def whole(self, tag: int) -> bytes:
        """Return the next element as it stands: tag, length, content and end mark."""
        if not self.at(tag):
            raise NotBer(f"no tag {tag:#04x} where it belongs")
        return self.skip()

    def skip(self) -> bytes:
        """Pass over the next element, whatever it is, and return it as it stands."""
        start = self._position
        tag = self._data[start] if start < self._end else 0
        if tag & _HIGH_TAG == _HIGH_TAG:
            raise NotBer("a tag number above 30")
        end = self._extent(tag)[1]
        if end is None:
            self.inside(tag, _nothing)
        else:
            self._position = end
        return self._data[start : self._position]

    def finish(self) -> None:
        """Make sure that nothing is left."""
        if self._position != len(self._data):
            raise NotBer(f"{len(self._data) - self._position} bytes after the end")

    def _extent(self, tag: int) -> tuple[int, int | None]:
        """Return where the content of the next element begins and ends; None where an end mark says so."""
        data, start = self._data, self._position
        begin = start + 2
        if begin > self._end:
            raise NotBer("cut short")
        if data[start] != tag:
            raise NotBer(f"tag {data[start]:#04x} where {tag:#04x} belongs")
        size = data[start + 1]
        if size >= _INDEFINITE:
            if size == _INDEFINITE:
                return begin, None
            if size > _LONGEST_LENGTH:
                raise NotBer("a length of more than four octets")
            begin += size - _INDEFINITE
            size = int.from_bytes(data[start + 2 : begin])
        end = begin + size
        if end > self._end:
            raise NotBer("cut short")
        return begin, end


def _nothing(_: Reader) -> None:
    """Ask for nothing."""
