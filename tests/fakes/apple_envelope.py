"""Token files as Apple's portal writes them, made here byte by byte and by nothing that reads them.

The structure is that of published specimens of 2014 and 2025: BER with indefinite lengths at five levels, one
recipient by issuer and serial number, RSA PKCS#1 v1.5, AES-128-CBC, headers without ``MIME-Version``.
"""

import base64
import json
import os
from collections.abc import Mapping

from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tokenward.model.certificate import Certificate

HEADERS = (
    b'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data\n'
    b"Content-Transfer-Encoding: base64\n"
    b'Content-Disposition: attachment; filename="smime.p7m"\n'
    b"Content-Description: S/MIME Encrypted Message\n"
)
VALUES: Mapping[str, str] = {
    "consumer_key": "CK_" + "0a" * 48,
    "consumer_secret": "CS_" + "1b" * 20,
    "access_token": "AT_O1234567890O" + "2c" * 20 + "O1772355600000",
    "access_secret": "AS_" + "3d" * 20,
    "access_token_expiry": "2027-03-01T09:00:00Z",
}
_INNER_HEADERS = b"Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"


def one_line_of_json(values: Mapping[str, object] = VALUES) -> bytes:
    """Return *values* as Apple writes them: one line, no blanks."""
    return json.dumps(values, separators=(",", ":")).encode()


def apple_message(values: Mapping[str, object] = VALUES) -> bytes:
    """Return the plaintext: headers with CRLF, then the JSON between its markers with LF."""
    return _INNER_HEADERS + b"-----BEGIN MESSAGE-----\n" + one_line_of_json(values) + b"\n-----END MESSAGE-----\n"


def apple_file(cms: bytes) -> bytes:
    """Return *cms* as the file that the browser saves."""
    return HEADERS + b"\n" + base64.encodebytes(cms)


def apple_cms(
    certificate: Certificate,
    message: bytes,
    *,
    public_key: RSAPublicKey | None = None,
    piece: int | None = None,
    content_key: bytes | None = None,
) -> bytes:
    """Return the CMS around *message*, named for *certificate*.

    *public_key* encrypts for another key under the same name; *piece* cuts the ciphertext into pieces of that
    many bytes; *content_key* is what is put into the recipient's part, whether it fits or not.
    """
    key = os.urandom(16)
    vector = os.urandom(16)
    encrypted_key = (public_key or public_key_of(certificate)).encrypt(content_key or key, PKCS1v15())
    ciphertext = _encrypted(message, key, vector)
    size = piece or len(ciphertext)
    pieces = [_definite(0x04, ciphertext[start : start + size]) for start in range(0, len(ciphertext), size)]
    recipient = _definite(
        0x30,
        _definite(0x02, b"\x00"),
        _definite(0x30, certificate.recipient.issuer, _definite(0x02, certificate.recipient.serial)),
        _definite(0x30, _oid("2a864886f70d010101"), _definite(0x05)),
        _definite(0x04, encrypted_key),
    )
    content = _indefinite(
        0x30,
        _oid("2a864886f70d010701"),
        _definite(0x30, _oid("608648016503040102"), _definite(0x04, vector)),
        _indefinite(0xA0, *pieces),
    )
    enveloped = _indefinite(0x30, _definite(0x02, b"\x00"), _definite(0x31, recipient), content)
    return _indefinite(0x30, _oid("2a864886f70d010703"), _indefinite(0xA0, enveloped))


def public_key_of(certificate: Certificate) -> RSAPublicKey:
    """Return the certificate's key, found by a way that does not judge serial numbers."""
    info = x509.Certificate.load(certificate.der)["tbs_certificate"]["subject_public_key_info"]
    key = load_der_public_key(info.dump())
    assert isinstance(key, RSAPublicKey)
    return key


def _encrypted(message: bytes, key: bytes, vector: bytes) -> bytes:
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES(key), CBC(vector)).encryptor()
    return encryptor.update(padder.update(message) + padder.finalize()) + encryptor.finalize()


def _oid(content: str) -> bytes:
    return _definite(0x06, bytes.fromhex(content))


def _definite(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _indefinite(tag: int, *parts: bytes) -> bytes:
    return bytes((tag, 0x80)) + b"".join(parts) + b"\x00\x00"
