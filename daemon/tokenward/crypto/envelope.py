"""Token files as they come from Apple's portal: the outer layers, read without any key."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from tokenward.crypto.armour import MAX_FILE_BYTES, decode_base64, pem_blocks, without_mark
from tokenward.crypto.ber import NotBer
from tokenward.crypto.ciphers import CONTENT_CIPHERS, cipher_name, transport_name
from tokenward.crypto.cms import Layers, parse_layers
from tokenward.crypto.kind import FileKind, kind_of
from tokenward.crypto.refusals import Damaged, EnvelopeTooLarge, NotAnEnvelope
from tokenward.model.envelope import Envelope

_BER: Final = b"\x30"
_HEADER: Final = re.compile(rb"[!-9;-~]+:")
_EMPTY_LINE: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_DATED: Final = "tripledes_cbc"


def parse_envelope(raw: bytes, cap: int = MAX_FILE_BYTES) -> Envelope:
    """Return what can be known of the token file *raw* without opening it.

    Takes S/MIME with or without headers, a byte order mark or blank lines in front, any line ends, blanks
    behind them, all base64 in one line, PEM armour, and CMS as it is; BER with indefinite lengths, as Apple
    writes it, or DER. The envelope's digest is that of the CMS, so that one token in two wrappings is one
    token.

    Args:
        raw: The whole file; kept unchanged as ``original``.
        cap: The most bytes that are looked at.

    Raises:
        NotAnEnvelope: Something else; its ``kind`` says what.
        Damaged: Cut short, altered, or followed by something.
        EnvelopeTooLarge: More than *cap* bytes.

    Source: RFC 8551 section 3.3, RFC 5652 section 6; Apple's own form was read from published specimens of
    2014 and 2025.
    """
    if len(raw) > cap:
        raise EnvelopeTooLarge(len(raw), cap)
    cms = _unwrapped(without_mark(raw))
    try:
        layers = parse_layers(cms)
    except NotBer as error:
        raise _refusal(raw) from error
    if not _is_whole(layers):
        raise Damaged
    return _envelope(raw, cms, layers)


def _refusal(raw: bytes) -> Damaged | NotAnEnvelope:
    kind = kind_of(raw)
    return Damaged() if kind is FileKind.ENVELOPE else NotAnEnvelope(kind)


def _unwrapped(text: bytes) -> bytes:
    """Return the CMS inside *text*; empty where what should be base64 is none."""
    if text.startswith(_BER):
        return text
    blocks = pem_blocks(text)
    if blocks:
        return blocks[0].decoded() or b""
    body = _body(text)
    return body if body.startswith(_BER) else decode_base64(body) or b""


def _body(text: bytes) -> bytes:
    """Return what follows the header block, or all of *text* where it begins with none."""
    if not _HEADER.match(text):
        return text
    return (*_EMPTY_LINE.split(text, maxsplit=1), b"")[1]


def _is_whole(layers: Layers) -> bool:
    """Return whether the ciphertext could have come out of its cipher: whole blocks, at least one."""
    cipher = CONTENT_CIPHERS.get(layers.cipher.identifier)
    if cipher is None or cipher.authenticated:
        return bool(layers.ciphertext)
    return bool(layers.ciphertext) and len(layers.ciphertext) % cipher.block_bytes == 0


def _envelope(raw: bytes, cms: bytes, layers: Layers) -> Envelope:
    transports = layers.key_transports
    return Envelope(
        original=raw,
        cms=cms,
        digest=hashlib.sha256(cms).hexdigest(),
        recipients=tuple(transport.recipient for transport in transports),
        content_cipher=cipher_name(layers.cipher),
        key_transport=transport_name(transports[0].algorithm) if transports else "none",
        warnings=tuple(_warnings(layers)),
    )


def _warnings(layers: Layers) -> Iterator[str]:
    """Say in which way the envelope differs from Apple's own."""
    cipher = cipher_name(layers.cipher)
    if layers.cipher.identifier not in CONTENT_CIPHERS:
        yield f"Its content is encrypted with {cipher}, which cannot be opened here."
    if cipher == _DATED:
        yield "Its content is encrypted with triple DES, which is out of date; Apple uses AES."
    if not layers.key_transports:
        yield "It is made for no RSA key, so it cannot be opened here."
    if len(layers.key_transports) > 1:
        yield f"It is made for {len(layers.key_transports)} recipients; Apple makes it for one."
