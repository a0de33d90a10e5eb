"""Telling what a file is by looking inside, whatever its name says.

Nothing here decides whether a file is good; it finds the word for it, so that a refusal can say what was
handed over.
"""

import json
import re
from enum import StrEnum
from typing import Final

from tokenward.crypto.armour import decode_base64, decode_start, pem_blocks, without_mark

_LOOKED_AT: Final = 256 * 1024
_TEXT_SAMPLE: Final = 4096


class FileKind(StrEnum):
    """What a file is."""

    ENVELOPE = "envelope"
    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private-key"
    PUSH_CERTIFICATE = "push-certificate"
    TRUSTED_CERTIFICATE = "trusted-certificate"
    PKCS12 = "pkcs12"
    PKCS7 = "pkcs7"
    CSR = "csr"
    PUBLIC_KEY = "public-key"
    SSH_KEY = "ssh-key"
    OPENED_TOKEN = "opened-token"  # noqa: S105 - a kind of file
    CONTENT_TOKEN = "content-token"  # noqa: S105 - a kind of file
    EVENT = "event"
    JSON = "json"
    ARCHIVE = "archive"
    WEB_PAGE = "web-page"
    PROPERTY_LIST = "property-list"
    UTF16 = "utf-16"
    TEXT = "text"
    EMPTY = "empty"
    UNKNOWN = "unknown"

    @property
    def phrase(self) -> str:
        """The kind as it stands in a sentence: ``This is <phrase>``."""
        return _PHRASES[self]


_PHRASES: Final = {
    FileKind.ENVELOPE: "a server token file (.p7m)",
    FileKind.CERTIFICATE: "a certificate",
    FileKind.PRIVATE_KEY: "a private key",
    FileKind.PUSH_CERTIFICATE: "an Apple push certificate",
    FileKind.TRUSTED_CERTIFICATE: "a certificate in OpenSSL's own TRUSTED CERTIFICATE form",
    FileKind.PKCS12: "a PKCS#12 file (.p12 or .pfx), which holds a private key as a rule",
    FileKind.PKCS7: "a PKCS#7 file (.p7b or a signed message)",
    FileKind.CSR: "a certificate signing request",
    FileKind.PUBLIC_KEY: "a bare public key",
    FileKind.SSH_KEY: "an SSH key",
    FileKind.OPENED_TOKEN: "a server token that somebody has already decrypted",
    FileKind.CONTENT_TOKEN: "a content token for apps and books",
    FileKind.EVENT: "an event",
    FileKind.JSON: "a JSON file",
    FileKind.ARCHIVE: "a compressed archive",
    FileKind.WEB_PAGE: "a web page",
    FileKind.PROPERTY_LIST: "a property list or another XML file",
    FileKind.UTF16: "a text in UTF-16",
    FileKind.TEXT: "a text of another kind",
    FileKind.EMPTY: "an empty file",
    FileKind.UNKNOWN: "a file of an unknown kind",
}

# --- Binary files -------------------------------------------------------------------------------------------

_LENGTH: Final = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
_SEQUENCE: Final = rb"\x30" + _LENGTH
_PKCS_1: Final = rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01"

_SHAPES: Final = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (_SEQUENCE + _PKCS_1 + rb"\x07\x03", FileKind.ENVELOPE),
        (_SEQUENCE + rb"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", FileKind.ENVELOPE),
        (_SEQUENCE + _PKCS_1 + rb"\x07[^\x03]", FileKind.PKCS7),
        (_SEQUENCE + rb"\x02\x01\x03\x30", FileKind.PKCS12),
        (_SEQUENCE + rb"\x02\x01[\x00\x01][\x02\x04\x30]", FileKind.PRIVATE_KEY),  # PKCS#1, SEC 1, PKCS#8
        (_SEQUENCE + _SEQUENCE + _PKCS_1 + rb"\x05", FileKind.PRIVATE_KEY),  # PKCS#8, encrypted
        (_SEQUENCE + _SEQUENCE + rb"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01", FileKind.PRIVATE_KEY),
        (_SEQUENCE + _SEQUENCE + rb"\x02\x01\x00" + _SEQUENCE + rb"(?:\x31|\x30)", FileKind.CSR),
        (_SEQUENCE + _SEQUENCE + rb"\xa0\x03\x02\x01[\x00-\x02]\x02", FileKind.CERTIFICATE),
        (_SEQUENCE + _SEQUENCE + rb"\x02" + _LENGTH, FileKind.CERTIFICATE),  # version 1
        (_SEQUENCE + _SEQUENCE + rb"\x06", FileKind.PUBLIC_KEY),
        (_SEQUENCE + rb"\x02\x82..\x00", FileKind.PUBLIC_KEY),  # PKCS#1
        (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|\xfd7zXZ|BZh[1-9]|Rar!|.{257}ustar", FileKind.ARCHIVE),
        (rb"bplist0", FileKind.PROPERTY_LIST),
    )
)
_PUSH_TOPIC: Final = b"com.apple.mgmt"


def _binary_kind(data: bytes) -> FileKind | None:
    """Return the kind of a binary file, of which the beginning is enough; None for everything else."""
    kind = next((kind for shape, kind in _SHAPES if shape.match(data)), None)
    if kind is FileKind.CERTIFICATE and _PUSH_TOPIC in data:
        return FileKind.PUSH_CERTIFICATE
    return kind


# --- Texts --------------------------------------------------------------------------------------------------

_LABELS: Final = {
    "CERTIFICATE": FileKind.CERTIFICATE,
    "X509 CERTIFICATE": FileKind.CERTIFICATE,
    "TRUSTED CERTIFICATE": FileKind.TRUSTED_CERTIFICATE,
    "CERTIFICATE REQUEST": FileKind.CSR,
    "NEW CERTIFICATE REQUEST": FileKind.CSR,
    "PUBLIC KEY": FileKind.PUBLIC_KEY,
    "RSA PUBLIC KEY": FileKind.PUBLIC_KEY,
    "PKCS7": FileKind.PKCS7,
    "CMS": FileKind.PKCS7,
    "MESSAGE": FileKind.OPENED_TOKEN,
}
_SEVERAL_CONTENTS: Final = frozenset({FileKind.CERTIFICATE, FileKind.PKCS7})
_MAIL: Final = re.compile(rb"content-type:\s*application/(?:x-)?pkcs7-mime", re.IGNORECASE)
_OPENINGS: Final = (
    (re.compile(rb"ssh-(?:rsa|dss|ed25519) |ecdsa-sha2-|---- BEGIN SSH2", re.IGNORECASE), FileKind.SSH_KEY),
    (re.compile(rb"<\?xml|<plist", re.IGNORECASE), FileKind.PROPERTY_LIST),
    (re.compile(rb"<"), FileKind.WEB_PAGE),
)
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_BLANKS: Final = dict.fromkeys(map(ord, "\t\r\n\f"), " ")


def kind_of(raw: bytes) -> FileKind:
    """Return what *raw* is, by content; also of a file that was cut short, as far as its beginning tells.

    A private key anywhere in the file makes it one, whatever else stands there. Never raises; looks at the
    first 256 KiB.
    """
    data = raw[:_LOOKED_AT]
    text = without_mark(data)
    if not text:
        return FileKind.EMPTY
    if b"PRIVATE KEY-----" in data.replace(b"\0", b""):  # in UTF-16 as well
        return FileKind.PRIVATE_KEY
    if data.startswith(_UTF16_MARKS):
        return FileKind.UTF16
    return _binary_kind(data) or _armoured_kind(data) or _text_kind(text)


def _armoured_kind(data: bytes) -> FileKind | None:
    """Return the kind of PEM armour, a certificate before all else; None where none is known."""
    if b"-----BEGIN " not in data:
        return None
    found = [(_LABELS[block.label], block) for block in pem_blocks(data) if block.label in _LABELS]
    if not found:
        return next((kind for label, kind in _LABELS.items() if f"-----BEGIN {label}-".encode() in data), None)
    kind, block = min(found, key=lambda pair: pair[0] is not FileKind.CERTIFICATE)
    inside = block.decoded() if kind in _SEVERAL_CONTENTS else None
    return _binary_kind(inside or b"") or kind


def _text_kind(text: bytes) -> FileKind:
    opening = next((kind for pattern, kind in _OPENINGS if pattern.match(text)), None)
    if opening:
        return opening
    if text.startswith(b"{"):
        return _json_kind(text)
    if _MAIL.search(text[:_TEXT_SAMPLE]):
        return _mail_kind(text)
    return _base64_kind(text) or _plain_kind(text)


def _json_kind(text: bytes) -> FileKind:
    """Return which JSON object this is, by its members' names."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return _plain_kind(text)
    if "consumer_key" in members or "access_secret" in members:
        return FileKind.OPENED_TOKEN
    if "token" in members and "expDate" in members:
        return FileKind.CONTENT_TOKEN
    return FileKind.EVENT if "specversion" in members else FileKind.JSON


def _mail_kind(text: bytes) -> FileKind:
    """Return the kind of an S/MIME message; one that is cut short is what its headers announce."""
    body = re.split(rb"\r?\n[ \t]*\r?\n", text, maxsplit=1)[1:]
    announced = FileKind.PKCS7 if b"signed-data" in text[:_TEXT_SAMPLE] else FileKind.ENVELOPE
    return (_binary_kind(decode_start(body[0][:_TEXT_SAMPLE])) if body else None) or announced


def _base64_kind(text: bytes) -> FileKind | None:
    """Return the kind of a file that was put into base64 without armour; None where it is no such thing."""
    inside = decode_base64(text) or decode_start(text)
    if inside.startswith(b"-----BEGIN "):
        return kind_of(inside)
    if inside.startswith(b"{"):
        return _json_kind(inside)
    return _binary_kind(inside)


def _plain_kind(text: bytes) -> FileKind:
    try:
        printable = text.decode().translate(_BLANKS).isprintable()
    except UnicodeDecodeError:
        return FileKind.UNKNOWN
    return FileKind.TEXT if printable else FileKind.UNKNOWN
