"""The text around binary files: byte order marks, PEM armour, base64 with the blanks it has collected."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

MAX_FILE_BYTES: Final = 64 * 1024
"""More than any certificate or envelope has; real envelopes have about 1.5 KB."""

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_BOUNDARY: Final = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of PEM armour."""

    label: str
    text: bytes
    """What stands between the two boundaries."""

    def decoded(self) -> bytes | None:
        """Return the bytes that the text stands for, or None where it is no base64."""
        return decode_base64(self.text)


def without_mark(raw: bytes) -> bytes:
    """Return *raw* without a UTF-8 byte order mark and blanks in front of it."""
    return raw.lstrip().removeprefix(_UTF8_MARK).lstrip()


def pem_blocks(raw: bytes) -> tuple[Block, ...]:
    """Return every closed piece of armour, in order. Indentation, text around and any line ends are taken.

    Source: RFC 7468 section 2, read leniently. Takes time in proportion to the size, whatever stands inside.
    """
    pieces = _BOUNDARY.split(raw)
    openings = zip(pieces[1::3], pieces[2::3], pieces[3::3], pieces[4::3], pieces[5::3], strict=False)
    return tuple(
        Block(label.decode(), text)
        for verb, label, text, next_verb, next_label in openings
        if (verb, next_verb) == (b"BEGIN", b"END") and label == next_label
    )


def decode_base64(text: bytes) -> bytes | None:
    """Return what *text* stands for, blanks and line ends left out of account; None where it is no base64."""
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return None


def decode_start(text: bytes) -> bytes:
    """Return what the beginning of *text* yields as base64, for telling what a cut file was meant to be."""
    dense = b"".join(text.split())
    found = re.match(rb"(?:[A-Za-z0-9+/]{4})*", dense)
    return base64.b64decode(found[0]) if found else b""
