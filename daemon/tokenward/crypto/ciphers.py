"""The algorithms that envelopes come with: what they are called, and how each is undone.

Apple's own use RSA PKCS#1 v1.5 and AES-128-CBC (specimens of 2014 and 2025); the others are what CMS
programs offer.

Source: RFC 3370 sections 4.2.1 and 5.1, RFC 3565, RFC 5084, RFC 8017 appendix A.2.1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from asn1crypto.core import ObjectIdentifier
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.padding import PKCS7

from tokenward.crypto.ber import CONSTRUCTED, CONTEXT_0, OCTET_STRING, SEQUENCE, NotBer, Reader
from tokenward.crypto.cms import Algorithm, KeyTransport, Layers, parse_algorithm

PKCS1_V15: Final = "rsaes_pkcs1v15"
OAEP: Final = "rsaes_oaep"
_SHORTEST_TAG: Final = 12
_EXPLICIT_0: Final = CONTEXT_0 | CONSTRUCTED


@dataclass(frozen=True, slots=True)
class ContentCipher:
    """One way to encrypt the content."""

    name: str
    algorithm: Callable[[bytes], BlockCipherAlgorithm]
    key_bytes: int
    block_bytes: int
    authenticated: bool = False
    """Whether it is AES-GCM; all the others are CBC."""


_AES: Final = "6086480165030401"
CONTENT_CIPHERS: Final = {
    bytes.fromhex(_AES + "02"): ContentCipher("aes128_cbc", AES, 16, 16),
    bytes.fromhex(_AES + "16"): ContentCipher("aes192_cbc", AES, 24, 16),
    bytes.fromhex(_AES + "2a"): ContentCipher("aes256_cbc", AES, 32, 16),
    bytes.fromhex(_AES + "06"): ContentCipher("aes128_gcm", AES, 16, 16, authenticated=True),
    bytes.fromhex(_AES + "1a"): ContentCipher("aes192_gcm", AES, 24, 16, authenticated=True),
    bytes.fromhex(_AES + "2e"): ContentCipher("aes256_gcm", AES, 32, 16, authenticated=True),
    bytes.fromhex("2a864886f70d0307"): ContentCipher("tripledes_cbc", TripleDES, 24, 8),
}
_KEY_TRANSPORTS: Final = {
    bytes.fromhex("2a864886f70d010101"): PKCS1_V15,
    bytes.fromhex("2a864886f70d010107"): OAEP,
}
_HASHES: Final[dict[bytes, type[hashes.HashAlgorithm]]] = {
    bytes.fromhex("2b0e03021a"): hashes.SHA1,
    bytes.fromhex("608648016503040204"): hashes.SHA224,
    bytes.fromhex("608648016503040201"): hashes.SHA256,
    bytes.fromhex("608648016503040202"): hashes.SHA384,
    bytes.fromhex("608648016503040203"): hashes.SHA512,
}
_MGF1: Final = bytes.fromhex("2a864886f70d010108")


def cipher_name(algorithm: Algorithm) -> str:
    """Return the cipher's name, such as ``aes128_cbc``, or its object identifier where it is unknown here."""
    known = CONTENT_CIPHERS.get(algorithm.identifier)
    return known.name if known else _dotted(algorithm)


def transport_name(algorithm: Algorithm) -> str:
    """Return ``rsaes_pkcs1v15``, ``rsaes_oaep`` or the object identifier of something else."""
    return _KEY_TRANSPORTS.get(algorithm.identifier) or _dotted(algorithm)


def _dotted(algorithm: Algorithm) -> str:
    return str(ObjectIdentifier(contents=algorithm.identifier).dotted)


# --- The content key ----------------------------------------------------------------------------------------


def content_key(transport: KeyTransport, private_key: RSAPrivateKey) -> bytes:
    """Return the content key as far as RSA gives one; empty, of any length, or plain noise where it does not.

    With PKCS#1 v1.5 a wrong key is no error but noise (implicit rejection, OpenSSL 3.2 and later), so
    nothing may be concluded from getting bytes back.
    """
    try:
        return private_key.decrypt(transport.encrypted_key, _rsa_padding(transport.algorithm))
    except ValueError:
        return b""


def _rsa_padding(algorithm: Algorithm) -> padding.AsymmetricPadding:
    name = transport_name(algorithm)
    if name == PKCS1_V15:
        return padding.PKCS1v15()
    if name == OAEP:
        return _oaep(algorithm.parameters)
    raise NotBer(f"key transport {name}")


def _oaep(parameters: bytes) -> padding.OAEP:
    """Return the padding for RSAES-OAEP-params; a field left out means SHA-1, MGF1 with SHA-1, no label."""
    digest, mask, source = _oaep_fields(parameters)
    return padding.OAEP(padding.MGF1(_mask_hash(mask)), _hash(digest), _label(source))


def _oaep_fields(parameters: bytes) -> tuple[Algorithm | None, Algorithm | None, Algorithm | None]:
    ber = Reader(parameters)
    if not ber.at(SEQUENCE):
        return None, None, None
    return ber.inside(SEQUENCE, lambda fields: (_field(fields, 0), _field(fields, 1), _field(fields, 2)))


def _field(ber: Reader, number: int) -> Algorithm | None:
    tag = _EXPLICIT_0 | number
    return ber.inside(tag, parse_algorithm) if ber.at(tag) else None


def _hash(algorithm: Algorithm | None) -> hashes.HashAlgorithm:
    if algorithm is None:
        return hashes.SHA1()  # noqa: S303 - the default of the standard
    found = _HASHES.get(algorithm.identifier)
    if found is None:
        raise NotBer("an unknown hash")
    return found()


def _mask_hash(mask: Algorithm | None) -> hashes.HashAlgorithm:
    if mask is not None and mask.identifier != _MGF1:
        raise NotBer("an unknown mask generation function")
    return _hash(parse_algorithm(Reader(mask.parameters)) if mask and mask.parameters else None)


def _label(source: Algorithm | None) -> bytes | None:
    return Reader(source.parameters).take(OCTET_STRING) if source and source.parameters else None


# --- The content --------------------------------------------------------------------------------------------


def deciphered(layers: Layers, cipher: ContentCipher, key: bytes) -> bytes | None:
    """Return the plaintext under *key*, which fits the cipher; None where padding or tag are wrong."""
    try:
        if cipher.authenticated:
            return _from_gcm(layers, cipher, key)
        return _from_cbc(layers, cipher, key)
    except (ValueError, InvalidTag):
        return None


def _from_cbc(layers: Layers, cipher: ContentCipher, key: bytes) -> bytes:
    vector = Reader(layers.cipher.parameters).take(OCTET_STRING)
    decryptor = Cipher(cipher.algorithm(key), CBC(vector)).decryptor()
    padded = decryptor.update(layers.ciphertext) + decryptor.finalize()
    unpadder = PKCS7(cipher.block_bytes * 8).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _from_gcm(layers: Layers, cipher: ContentCipher, key: bytes) -> bytes:
    nonce = Reader(layers.cipher.parameters).inside(SEQUENCE, lambda ber: ber.take(OCTET_STRING))
    mode = GCM(nonce, layers.tag, min_tag_length=_SHORTEST_TAG)
    decryptor = Cipher(cipher.algorithm(key), mode).decryptor()
    decryptor.authenticate_additional_data(layers.authenticated)
    return decryptor.update(layers.ciphertext) + decryptor.finalize()
