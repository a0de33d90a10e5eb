"""The ``.p7m`` file as Apple writes it: four headers, then base64 of CMS in BER with indefinite lengths.

Source: RFC 5652 section 6, RFC 5083 for GCM, and genuine files read byte by byte (2014, 2020, 2025).
"""

import base64
import json
import secrets
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7

from tokenward.simulator import ber
from tokenward.simulator.certificates import Recipient
from tokenward.simulator.state import Encoding, Service, Token

HEADERS: Final = (
    'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data',
    "Content-Transfer-Encoding: base64",
    'Content-Disposition: attachment; filename="smime.p7m"',
    "Content-Description: S/MIME Encrypted Message",
)
COLUMNS: Final = 76
CHUNK: Final = 100

DATA: Final = "1.2.840.113549.1.7.1"
ENVELOPED_DATA: Final = "1.2.840.113549.1.7.3"
AUTH_ENVELOPED_DATA: Final = "1.2.840.113549.1.9.16.1.23"
RSA: Final = "1.2.840.113549.1.1.1"
RSA_OAEP: Final = "1.2.840.113549.1.1.7"
AES128_CBC: Final = "2.16.840.1.101.3.4.1.2"
AES128_GCM: Final = "2.16.840.1.101.3.4.1.6"
AES192_CBC: Final = "2.16.840.1.101.3.4.1.22"
AES256_CBC: Final = "2.16.840.1.101.3.4.1.42"
TRIPLE_DES_CBC: Final = "1.2.840.113549.3.7"
GCM_TAG_BYTES: Final = 16
_SHA1: Final = hashes.SHA1()  # noqa: S303 - the default of RSAES-OAEP, RFC 4055 section 4.1
_OAEP: Final = padding.OAEP(padding.MGF1(_SHA1), _SHA1, None)


@dataclass(frozen=True, slots=True)
class _BlockKind:
    """A content cipher in CBC mode."""

    identifier: str
    key_bytes: int
    algorithm: Callable[[bytes], BlockCipherAlgorithm]


_APPLES: Final = _BlockKind(AES128_CBC, 16, AES)
_OTHERS: Final = {
    Encoding.AES192: _BlockKind(AES192_CBC, 24, AES),
    Encoding.AES256: _BlockKind(AES256_CBC, 32, AES),
    Encoding.TRIPLE_DES: _BlockKind(TRIPLE_DES_CBC, 24, TripleDES),
}


@dataclass(frozen=True, slots=True)
class _Sealed:
    """Encrypted content with the key that opens it."""

    key: bytes
    algorithm: bytes  # AlgorithmIdentifier
    content: bytes
    tag: bytes | None = None  # GCM only


def file_name(service: Service, token: Token) -> str:
    """Return the name that the portal gives the file: service, issue time with dashes, ``smime.p7m``."""
    return f"{service.name}_Token_{token.issued_at:%Y-%m-%dT%H-%M-%SZ}_smime.p7m"


def write_envelope(token: Token, recipient: Recipient, encoding: AbstractSet[Encoding] = frozenset()) -> bytes:
    """Return *token* encrypted to *recipient*; an empty *encoding* gives exactly Apple's form."""
    sealed = _seal(_content(token, encoding), encoding)
    body = base64.b64encode(_cms(sealed, recipient, encoding)).decode()
    if Encoding.TRUNCATE in encoding:
        body = body[: len(body) // 2]
    lines = (*HEADERS, "", *(body[at : at + COLUMNS] for at in range(0, len(body), COLUMNS)))
    end = "\r\n" if Encoding.CRLF in encoding else "\n"
    file = "".join(line + end for line in lines).encode()
    return b"\xef\xbb\xbf" + file if Encoding.BOM in encoding else file


def _content(token: Token, encoding: AbstractSet[Encoding]) -> bytes:
    """Return what is encrypted: two headers with CRLF, then lines with LF."""
    values = {
        "consumer_key": token.consumer_key,
        "consumer_secret": token.consumer_secret,
        "access_token": token.access_token,
        "access_secret": token.access_secret,
        "access_token_expiry": f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    line = json.dumps(values, separators=(",", ":"))
    if Encoding.NO_MARKERS not in encoding:
        line = f"-----BEGIN MESSAGE-----\n{line}\n-----END MESSAGE-----"
    headers = "Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    return f"{headers}{line}\n".encode()


def _seal(content: bytes, encoding: AbstractSet[Encoding]) -> _Sealed:
    if Encoding.GCM in encoding:
        return _seal_gcm(content)
    kind = next((other for name, other in _OTHERS.items() if name in encoding), _APPLES)
    key = secrets.token_bytes(kind.key_bytes)
    cipher = kind.algorithm(key)
    vector = secrets.token_bytes(cipher.block_size // 8)
    padder = PKCS7(cipher.block_size).padder()
    encryptor = Cipher(cipher, modes.CBC(vector)).encryptor()
    padded = padder.update(content) + padder.finalize()
    algorithm = ber.definite(
        ber.SEQUENCE, ber.object_identifier(kind.identifier), ber.definite(ber.OCTET_STRING, vector)
    )
    return _Sealed(key, algorithm, encryptor.update(padded) + encryptor.finalize())


def _seal_gcm(content: bytes) -> _Sealed:
    key, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    parameters = ber.definite(ber.SEQUENCE, ber.definite(ber.OCTET_STRING, nonce), ber.integer(GCM_TAG_BYTES))
    algorithm = ber.definite(ber.SEQUENCE, ber.object_identifier(AES128_GCM), parameters)
    return _Sealed(key, algorithm, sealed[:-GCM_TAG_BYTES], sealed[-GCM_TAG_BYTES:])


def _cms(sealed: _Sealed, recipient: Recipient, encoding: AbstractSet[Encoding]) -> bytes:
    """Return ContentInfo; its constructed parts have indefinite lengths, except the set of recipients."""
    outer = ber.definite if Encoding.DER in encoding else ber.indefinite
    by_key_identifier = Encoding.KEY_ID_RECIPIENT in encoding
    version = 2 if by_key_identifier and sealed.tag is None else 0
    parts = [ber.integer(version), _recipients(sealed.key, recipient, encoding)]
    parts.append(
        outer(ber.SEQUENCE, ber.object_identifier(DATA), sealed.algorithm, _encrypted(sealed.content, encoding))
    )
    if sealed.tag is not None:
        parts.append(ber.definite(ber.OCTET_STRING, sealed.tag))
    content_type = ENVELOPED_DATA if sealed.tag is None else AUTH_ENVELOPED_DATA
    explicit = ber.CONTEXT_0 | ber.CONSTRUCTED
    return outer(ber.SEQUENCE, ber.object_identifier(content_type), outer(explicit, outer(ber.SEQUENCE, *parts)))


def _encrypted(content: bytes, encoding: AbstractSet[Encoding]) -> bytes:
    """Return encryptedContent: one string, or one in pieces. DER allows only the former."""
    if Encoding.DER in encoding:
        return ber.definite(ber.CONTEXT_0, content)
    size = CHUNK if Encoding.CHUNKS in encoding else len(content)
    pieces = (content[at : at + size] for at in range(0, len(content), size))
    return ber.indefinite(ber.CONTEXT_0 | ber.CONSTRUCTED, *(ber.definite(ber.OCTET_STRING, piece) for piece in pieces))


def _recipients(key: bytes, recipient: Recipient, encoding: AbstractSet[Encoding]) -> bytes:
    public_key = recipient.public_key
    if Encoding.WRONG_KEY in encoding:
        public_key = _strangers_key()
    infos = [_recipient_info(key, recipient, public_key, encoding)]
    if Encoding.SECOND_RECIPIENT in encoding:
        other = Recipient(recipient.issuer, ber.integer(secrets.randbits(62)), b"\x00" * 20, public_key)
        infos.append(_recipient_info(key, other, _strangers_key(), encoding))
    return ber.definite(ber.SET, *infos)


def _strangers_key() -> RSAPublicKey:
    return generate_private_key(65537, 2048).public_key()


def _recipient_info(
    key: bytes, recipient: Recipient, public_key: RSAPublicKey, encoding: AbstractSet[Encoding]
) -> bytes:
    """Return one KeyTransRecipientInfo; version 0 names issuer and serial number, version 2 the key."""
    if Encoding.KEY_ID_RECIPIENT in encoding:
        version, identifier = 2, ber.definite(ber.CONTEXT_0, recipient.key_identifier)
    else:
        version, identifier = 0, ber.definite(ber.SEQUENCE, recipient.issuer, recipient.serial)
    if Encoding.OAEP in encoding:
        scheme: padding.AsymmetricPadding = _OAEP
        algorithm = ber.definite(ber.SEQUENCE, ber.object_identifier(RSA_OAEP), ber.definite(ber.SEQUENCE))
    else:
        scheme = padding.PKCS1v15()
        algorithm = ber.definite(ber.SEQUENCE, ber.object_identifier(RSA), ber.definite(ber.NULL))
    encrypted_key = ber.definite(ber.OCTET_STRING, public_key.encrypt(key, scheme))
    return ber.definite(ber.SEQUENCE, ber.integer(version), identifier, algorithm, encrypted_key)
