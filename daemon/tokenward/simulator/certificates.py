"""What the portal takes as a certificate, and what an envelope needs to know of it."""

import base64
import binascii
import hashlib
import re
import warnings
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tokenward.simulator.ber import CONSTRUCTED, CONTEXT_0, Element, NotBer

SMALLEST_KEY_BITS: Final = 2048
_ARMOUR: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


class CertificateRefused(Exception):
    """The portal does not take this file; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom an envelope is encrypted to."""

    issuer: bytes  # DER, as it stands in the certificate
    serial: bytes  # DER, as it stands in the certificate
    key_identifier: bytes
    public_key: RSAPublicKey


def parse_upload(text: str) -> bytes:
    """Return the DER of the one RSA certificate in *text*, which is PEM or base64 of DER.

    Raises:
        CertificateRefused: Key material, several certificates, another kind of file, or a key of another
            kind.
    """
    der = _single_block(text) if "-----BEGIN" in text else _from_base64(text)
    recipient_of(der)
    return der


def _single_block(text: str) -> bytes:
    if "PRIVATE KEY" in text:
        raise CertificateRefused("The file contains a private key. Upload the certificate alone.")
    blocks = _ARMOUR.findall(text)
    if not blocks or any(label != "CERTIFICATE" for label, _ in blocks):
        raise CertificateRefused("The file is not an X.509 certificate in PEM or DER form.")
    if len(blocks) > 1:
        raise CertificateRefused("The file contains more than one certificate. Upload one.")
    return _from_base64(blocks[0][1])


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CertificateRefused("The file is not an X.509 certificate in PEM or DER form.") from error


def recipient_of(der: bytes) -> Recipient:
    """Return whom an envelope for this certificate is addressed to; issuer and serial number as raw bytes.

    Raises:
        CertificateRefused: Not exactly one certificate with an RSA key of at least 2048 bits.
    """
    certificate = _load(der)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST_KEY_BITS:
        raise CertificateRefused(f"The certificate's key is not RSA with at least {SMALLEST_KEY_BITS} bits.")
    serial, _, issuer = _to_be_signed(der)[:3]
    return Recipient(issuer.raw, serial.raw, _key_identifier(certificate), key)


def _load(der: bytes) -> x509.Certificate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # negative and zero serial numbers are in use
        try:
            return x509.load_der_x509_certificate(der)
        except ValueError as error:
            raise CertificateRefused("The file is not an X.509 certificate in PEM or DER form.") from error


def _to_be_signed(der: bytes) -> tuple[Element, ...]:
    """Return serial number, algorithm, issuer and all that follows. RFC 5280 section 4.1."""
    try:
        fields = Element.from_bytes(der).children[0].children
    except (NotBer, IndexError) as error:
        raise CertificateRefused("The file is not an X.509 certificate in PEM or DER form.") from error
    has_version = fields[0].tag == CONTEXT_0 | CONSTRUCTED
    return fields[1:] if has_version else fields


def _key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def fingerprint(der: bytes) -> str:
    """Return the certificate's SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(der).hexdigest()
