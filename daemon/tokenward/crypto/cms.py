"""The layers of an encrypted CMS message, read without any key.

Source: RFC 5652 section 6 (EnvelopedData), RFC 5083 section 2 (AuthEnvelopedData), RFC 5084 section 3.2
(AES-GCM), RFC 3560 and RFC 8017 appendix A.2.1 (RSAES-OAEP).
"""

from functools import lru_cache
from typing import Final, NamedTuple

from tokenward.crypto.ber import (
    CONSTRUCTED,
    CONTEXT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    NotBer,
    Reader,
)
from tokenward.model.certificate import AnyRecipient, KeyRecipient, Recipient

_ENVELOPED_DATA: Final = bytes.fromhex("2a864886f70d010703")
_AUTH_ENVELOPED_DATA: Final = bytes.fromhex("2a864886f70d0109100117")
_ENCRYPTED: Final = frozenset({_ENVELOPED_DATA, _AUTH_ENVELOPED_DATA})
_CONSTRUCTED_0: Final = CONTEXT_0 | CONSTRUCTED
_CONSTRUCTED_1: Final = _CONSTRUCTED_0 | 1


class Algorithm(NamedTuple):
    """An algorithm's object identifier (content octets) and its parameters as they stand; empty where it has none."""

    identifier: bytes
    parameters: bytes


class KeyTransport(NamedTuple):
    """The content key, encrypted for one recipient."""

    recipient: AnyRecipient
    algorithm: Algorithm
    encrypted_key: bytes


class Layers(NamedTuple):
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
    ber = Reader(cms)
    layers = ber.inside(SEQUENCE, _content_info)
    ber.finish()
    return layers


def _content_info(ber: Reader) -> Layers:
    if ber.take(OBJECT_IDENTIFIER) not in _ENCRYPTED:
        raise NotBer("another content type")
    return ber.inside(_CONSTRUCTED_0, lambda content: content.inside(SEQUENCE, _enveloped_data))


def _enveloped_data(ber: Reader) -> Layers:
    ber.take(INTEGER)  # version
    if ber.at(_CONSTRUCTED_0):  # originator info
        ber.skip()
    key_transports = ber.inside(SET, _key_transports)
    cipher, ciphertext = ber.inside(SEQUENCE, _encrypted_content)
    tag, authenticated = _authentication(ber)
    return Layers(key_transports, cipher, ciphertext, tag, authenticated)


def _key_transports(ber: Reader) -> tuple[KeyTransport, ...]:
    found = []
    while ber.more():
        if ber.at(SEQUENCE):
            found.append(ber.inside(SEQUENCE, _key_transport))
        else:
            ber.skip()
    return tuple(found)


def _key_transport(ber: Reader) -> KeyTransport:
    ber.take(INTEGER)  # version
    return KeyTransport(_recipient(ber), parse_algorithm(ber), ber.take(OCTET_STRING))


def _recipient(ber: Reader) -> AnyRecipient:
    if ber.at(CONTEXT_0):
        return KeyRecipient(ber.take(CONTEXT_0))
    return ber.inside(SEQUENCE, _issuer_and_serial)


def _issuer_and_serial(ber: Reader) -> Recipient:
    return Recipient(ber.whole(SEQUENCE), ber.take(INTEGER))


def parse_algorithm(ber: Reader) -> Algorithm:
    """Return the AlgorithmIdentifier that comes next.

    Raises:
        NotBer: None does.
    """
    return ber.inside(SEQUENCE, _algorithm)


def _algorithm(ber: Reader) -> Algorithm:
    return Algorithm(ber.take(OBJECT_IDENTIFIER), ber.skip() if ber.more() else b"")


def _encrypted_content(ber: Reader) -> tuple[Algorithm, bytes]:
    """Return cipher and ciphertext; the latter may stand in one piece or in several."""
    ber.take(OBJECT_IDENTIFIER)  # content type
    cipher = parse_algorithm(ber)
    if ber.at(CONTEXT_0):
        return cipher, ber.take(CONTEXT_0)
    return cipher, ber.inside(_CONSTRUCTED_0, _pieces)


def _pieces(ber: Reader) -> bytes:
    pieces = []
    while ber.more():
        pieces.append(ber.take(OCTET_STRING))
    return b"".join(pieces)


def _authentication(ber: Reader) -> tuple[bytes, bytes]:
    """Return the tag and what it covers: the attributes under the universal SET tag. RFC 5083 section 2.2."""
    attributes = ber.skip() if ber.at(_CONSTRUCTED_1) else b""
    tag = ber.take(OCTET_STRING) if ber.at(OCTET_STRING) else b""
    return tag, bytes((SET,)) + attributes[1:] if attributes else b""
