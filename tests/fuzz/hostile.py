"""Input that is large and shaped to cost as much as it can: one unit again and again, and good input blown up."""

import base64
import json
from collections.abc import Iterator
from typing import Final

from fuzz.parsers import Parser

UNITS: Final = (
    *(b"\0", b" ", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xff", b"\xff\xfe", "é".encode(), b"9", b"\\", b'"'),
    *(b"{", b"[", b'{"a":', b"[{", b'"a",', b"1,", b"{},", b"[],", b"1e9,", b"\\u0061", b"\\ud800", b'\\"', b"null,"),
    *(b"<", b"a: ", b"a:\n b\n", b"M", b"M\n", b"MIAG", b"====", b"-", b"-----", b"O1772355600000", b"identity."),
    *(b"-----BEGIN CMS-----", b"-----END CMS-----", b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN MESSAGE-----"),
    b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
    *(b"\x30\x80", b"\xa0\x80", b"\x24\x80\x04\x01x", b"\x30\x00", b"\x30\x84\x00\x00\xff\xff", b"\x31\x82\x7f\xff"),
    *(b"a@", b"@a", b"Mon, ", b"1 Jan ", b"(", b":", b"+0100 ", b"token_", b"content-type: application/"),
)


def hostile_inputs(parser: Parser, size: int) -> Iterator[tuple[str, bytes]]:
    """Yield inputs of *size* bytes, a few of less, each with a name."""
    for unit in UNITS:
        filled = (unit * (size // len(unit)))[:size]
        yield f"{unit!r} again and again", filled
        yield f"{unit!r} in base64", base64.b64encode(filled[: size // 4 * 3])
        yield f"{unit!r} in a text", b'{"a":"' + filled[: size - 8] + b'"}'
        yield f"{unit!r} in an array", b"[" + filled[: size - 8].rstrip(b",") + b"]"
    for number, seed in enumerate(parser.seeds()):
        yield f"seed {number} again and again", (seed * (size // len(seed) + 1))[:size]
        for filler in (b" ", b"\n", b"A", b"\0"):
            room = size - len(seed)
            yield f"seed {number} before {filler!r}", seed + filler * room
            yield f"seed {number} behind {filler!r}", filler * room + seed
            yield f"seed {number} around {filler!r}", seed[: len(seed) // 2] + filler * room + seed[len(seed) // 2 :]
    yield from _large_json(size)


def _large_json(size: int) -> Iterator[tuple[str, bytes]]:
    members = [f'"{number:x}":0' for number in range(size // 10)]
    yield "many members", _object(members)
    yield "many members and the last one twice", _object([*members[:-1], members[-2]])
    yield "many equal members", _object(['"a":0'] * (size // 6))
    yield "many objects", b"[" + b",".join([b'{"a":{"b":[]}}'] * (size // 15)) + b"]"
    aliases = {"format": "aliases", "identifiers": [{"format": "x", "id": 7}] * (size // 32)}
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "identity.x", "data": {"subject": aliases}}
    yield "many aliases", json.dumps(event).encode()
    wrong = {**event, "data": {str(number): number for number in range(size // 20_000)}}
    yield "many wrong events", json.dumps([wrong] * 1000).encode()
    yield "a long kind", json.dumps({**event, "type": "identity." + "a." * 200, "data": {}, "subject": "a@b"}).encode()


def _object(members: list[str]) -> bytes:
    return b"{" + ",".join(members).encode() + b"}"
