"""The layers of an encrypted CMS message, read without any key.

Source: RFC 5652 section 6 (EnvelopedData), RFC 5083 section 2 (AuthEnvelopedData), RFC 5084 section 3.2
(AES-GCM), RFC 3560 and RFC 8017 appendix A.2.1 (RSAES-OAEP).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tokenward.crypto.ber import (
    CONSTRUCTED,
    CONTEXT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    NotBer,
    read_whole,
)
from tokenward.model.certificate import AnyRecipient, KeyRecipient, Recipient

_ENVELOPED_DATA: Final = bytes.fromhex("2a864886f70d010703")
_AUTH_ENVELOPED_DATA: Final = bytes.fromhex("2a864886f70d0109100117")
_CONSTRUCTED_0: Final = CONTEXT_0 | CONSTRUCTED
_CONSTRUCTED_1: Final = _CONSTRUCTED_0 | 1


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm's object identifier (content octets) and its parameters, where it has any."""

    identifier: bytes
    parameters: Element | None


@dataclass(frozen=True, slots=True)
class KeyTransport:
    """The content key, encrypted for one recipient."""

    recipient: AnyRecipient
    algorithm: Algorithm
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class Layers:
    """What an encrypted message is made of."""

    key_transports: tuple[KeyTransport, ...]
    """Recipients of other kinds, such as passwords, are left out."""
    cipher: Algorithm
    ciphertext: bytes
    tag: bytes
    """The authentication tag; empty for EnvelopedData, which has none."""
    authenticated: bytes
    """What the tag covers beside the ciphertext."""


@lru_cache(maxsize=4)
def parse_layers(cms: bytes) -> Layers:
    """Return the layers of *cms*, a ContentInfo in BER or DER.

    The last few are kept: one file is read when it is dropped, when it is admitted and when it is opened.

    Raises:
        NotBer: Cut short, followed by something, or of another structure.
    """
    content_type, content = _fields(read_whole(cms).expect(SEQUENCE), 2)[:2]
    if content_type.expect(OBJECT_IDENTIFIER).content not in {_ENVELOPED_DATA, _AUTH_ENVELOPED_DATA}:
        raise NotBer("another content type")
    data = _fields(content.expect(_CONSTRUCTED_0), 1)[0]
    version, *fields = _fields(data.expect(SEQUENCE), 3)
    version.expect(INTEGER)
    if fields[0].tag == _CONSTRUCTED_0:  # originator info
        del fields[0]
    if len(fields) < 2:  # noqa: PLR2004 - recipients and content
        raise NotBer("no content")
    cipher, ciphertext = _encrypted_content(fields[1])
    tag, authenticated = _authentication(fields[2:])
    return Layers(_key_transports(fields[0]), cipher, ciphertext, tag, authenticated)


def _fields(element: Element, at_least: int) -> tuple[Element, ...]:
    children = element.children()
    if len(children) < at_least:
        raise NotBer("a field is missing")
    return children


def _key_transports(recipient_infos: Element) -> tuple[KeyTransport, ...]:
    infos = recipient_infos.expect(SET).children()
    return tuple(_key_transport(info) for info in infos if info.tag == SEQUENCE)


def _key_transport(info: Element) -> KeyTransport:
    _, recipient, algorithm, encrypted_key = _fields(info, 4)[:4]
    key = encrypted_key.expect(OCTET_STRING).content
    return KeyTransport(_recipient(recipient), parse_algorithm(algorithm), key)


def _recipient(identifier: Element) -> AnyRecipient:
    if identifier.tag == CONTEXT_0:
        return KeyRecipient(identifier.content)
    issuer, serial = _fields(identifier.expect(SEQUENCE), 2)[:2]
    return Recipient(issuer.expect(SEQUENCE).raw, serial.expect(INTEGER).content)


def parse_algorithm(element: Element) -> Algorithm:
    """Return the AlgorithmIdentifier that *element* is.

    Raises:
        NotBer: It is none.
    """
    identifier, *parameters = _fields(element.expect(SEQUENCE), 1)
    return Algorithm(identifier.expect(OBJECT_IDENTIFIER).content, parameters[0] if parameters else None)


def _encrypted_content(info: Element) -> tuple[Algorithm, bytes]:
    """Return cipher and ciphertext; the latter may stand in one piece or in several."""
    _, cipher, content = _fields(info.expect(SEQUENCE), 3)[:3]
    if content.tag == CONTEXT_0:
        return parse_algorithm(cipher), content.content
    pieces = content.expect(_CONSTRUCTED_0).children()
    return parse_algorithm(cipher), b"".join(piece.expect(OCTET_STRING).content for piece in pieces)


def _authentication(fields: list[Element]) -> tuple[bytes, bytes]:
    """Return the tag and what it covers: the attributes under the universal SET tag. RFC 5083 section 2.2."""
    tags = [field.content for field in fields if field.tag == OCTET_STRING]
    attributes = [field.raw for field in fields if field.tag == _CONSTRUCTED_1]
    covered = bytes((SET,)) + attributes[0][1:] if attributes else b""
    return tags[0] if tags else b"", covered
