"""Keypairs that Tokenward makes for a service, and private keys ready for use."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

from tokenward.crypto.certificate import parse_certificate
from tokenward.crypto.refusals import KeyUnusable
from tokenward.model.certificate import Certificate, Keypair
from tokenward.model.secret import Secret

KEY_BITS: Final = 2048
_EXPONENT: Final = 65537
_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class LoadedKeypair:
    """A certificate and its private key, loaded. Keep it: loading costs as much as many openings."""

    certificate: Certificate
    private_key: rsa.RSAPrivateKey


def make_keypair(common_name: str, serial: int, now: datetime, validity: timedelta) -> Keypair:
    """Return a new RSA key with a certificate that it signs itself, good for being given to Apple.

    Takes about 50 ms, most of it with the interpreter free for others: call it in a thread.

    Args:
        common_name: At most 64 characters, unique per attempt.
        serial: Positive and of at most 159 bits, unique per attempt.
        now: The start of the validity, to the second.
        validity: How long the certificate is good for.

    Source: RFC 5280 section 4.1.2; a self-signed RSA 2048 certificate for key encipherment is what NanoDEP,
    MicroMDM and Fleet give to Apple.
    """
    key = rsa.generate_private_key(_EXPONENT, KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=serial)
        .not_valid_before(now.replace(microsecond=0))
        .not_valid_after(now.replace(microsecond=0) + validity)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    private_key = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Keypair(parse_certificate(certificate.public_bytes(Encoding.DER), now), Secret(private_key))


def load_private_key(secret: Secret) -> rsa.RSAPrivateKey:
    """Return the private key in *secret* (PKCS#8, DER), ready for use.

    Only for keys that were made here and kept under an authenticated seal: their numbers are not proven
    again, which would hold up everything for about 50 ms.

    Raises:
        KeyUnusable: No RSA private key.
    """
    try:
        key = load_der_private_key(secret.reveal(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("it is no private key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyUnusable("it is no RSA key")
    return key


def load_keypair(keypair: Keypair) -> LoadedKeypair:
    """Return *keypair* ready for opening envelopes.

    Raises:
        KeyUnusable: No RSA private key, or not the one of this certificate.
    """
    key = load_private_key(keypair.private_key)
    public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if hashlib.sha256(public_key).hexdigest() != keypair.certificate.key_digest:
        raise KeyUnusable("it belongs to another certificate")
    return LoadedKeypair(keypair.certificate, key)
