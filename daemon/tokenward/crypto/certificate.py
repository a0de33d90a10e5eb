"""Certificates that are dropped or fetched: read by content, judged, and written again in one form."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asn1crypto import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import SubjectKeyIdentifier

from tokenward.crypto.armour import MAX_FILE_BYTES, decode_base64, pem_blocks, without_mark
from tokenward.crypto.asn1 import MALFORMED
from tokenward.crypto.ber import Reader
from tokenward.crypto.kind import FileKind, kind_of
from tokenward.crypto.name import printed_name
from tokenward.crypto.refusals import (
    NotACertificate,
    PrivateKeyExposed,
    SeveralCertificates,
    TooLarge,
    UnfitKey,
)
from tokenward.model.certificate import Certificate, Recipient
from tokenward.model.instant import format_instant, utc

SMALLEST_KEY_BITS: Final = 2048
LARGEST_KEY_BITS: Final = 8192
_LABELS: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_READABLE: Final = _LABELS | {"TRUSTED CERTIFICATE"}
_COLUMNS: Final = 64
_SIGN_BIT: Final = 0x80
_DATED_HASHES: Final = ("md2", "md5", "sha1")


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a certificate says of itself, whether it would be taken or not."""

    subject: str
    not_before: datetime
    not_after: datetime


def parse_certificate(raw: bytes, now: datetime) -> Certificate:
    """Return the one certificate in *raw*, with what is unusual about it as its warnings.

    PEM is taken with any line ends, a byte order mark, indentation, text around it or all in one line; so
    are DER, and either of them in base64. What is refused is what Apple refuses, or what must not reach
    Apple.

    Args:
        raw: The whole file.
        now: For judging the validity.

    Raises:
        PrivateKeyExposed: A private key stands in the file, alone or beside the certificate.
        SeveralCertificates: More than one.
        UnfitKey: Not RSA with 2048 to 8192 bits.
        NotACertificate: Something else; its ``kind`` says what.
        TooLarge: More than 64 KiB.

    Source: RFC 7468, RFC 5280 section 4.1; Apple Business Manager User Guide, "Link to an external device
    management service". That EC keys are refused was seen at the live API in 2026.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise TooLarge(len(raw), MAX_FILE_BYTES)
    der = _single(raw)
    try:
        fields = _Fields.from_der(der)
    except MALFORMED as error:
        raise NotACertificate(FileKind.CERTIFICATE) from error
    key = _fit_key(fields)
    return Certificate(
        der=der,
        recipient=Recipient(fields.issuer, fields.serial),
        key_identifier=fields.key_identifier or SubjectKeyIdentifier.from_public_key(key).digest,
        fingerprint=hashlib.sha256(der).hexdigest(),
        key_digest=hashlib.sha256(fields.public_key).hexdigest(),
        subject=printed_name(fields.subject),
        issuer=printed_name(fields.issuer),
        not_before=fields.not_before,
        not_after=fields.not_after,
        key_bits=key.key_size,
        warnings=tuple(_warnings(fields, now)),
    )


def read_imprints(raw: bytes) -> tuple[Imprint, ...]:
    """Return what each certificate in *raw* says of itself, in their order; those that can't be read are left out.

    For telling which one was refused: a file with a private key in it, or with a key that Apple does not take,
    has a subject all the same. Never raises; a file that is larger than any certificate is not looked into.
    """
    if len(raw) > MAX_FILE_BYTES:
        return ()
    return tuple(found for der in _certificates(raw, _READABLE) if (found := _imprint(der)))


def _imprint(der: bytes) -> Imprint | None:
    try:
        alone = Reader(der).skip()  # OpenSSL's own form has something behind it
        body = x509.Certificate.load(alone, strict=True)["tbs_certificate"]
        validity = body["validity"]
        return Imprint(
            printed_name(body["subject"].dump()),
            utc(validity["not_before"].native),
            utc(validity["not_after"].native),
        )
    except MALFORMED:
        return None


def to_pem(certificate: Certificate) -> bytes:
    """Return *certificate* as PEM with 64 columns and LF, which every loader takes. RFC 7468 section 5.1."""
    text = base64.b64encode(certificate.der)
    lines = (text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS))
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))


# --- From file to DER ---------------------------------------------------------------------------------------


def _single(raw: bytes) -> bytes:
    kind = kind_of(raw)
    if kind is FileKind.PRIVATE_KEY:
        raise PrivateKeyExposed
    if kind is not FileKind.CERTIFICATE:
        raise NotACertificate(kind)
    found = _certificates(raw)
    if len(found) > 1:
        raise SeveralCertificates(len(found))
    if not found or not found[0]:
        raise NotACertificate(FileKind.CERTIFICATE)
    return found[0]


def _certificates(raw: bytes, labels: frozenset[str] = _LABELS) -> tuple[bytes, ...]:
    """Return the DER of every certificate; empty where its text is no base64."""
    armoured = tuple(block.decoded() or b"" for block in pem_blocks(raw) if block.label in labels)
    if armoured:
        return armoured
    if raw.startswith(b"\x30"):
        return (raw,)
    inside = decode_base64(without_mark(raw))
    return _certificates(inside, labels) if inside else ()


# --- From DER to fields -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fields:
    """What asn1crypto reads from a certificate, untyped there and typed here."""

    issuer: bytes
    subject: bytes
    serial: bytes
    public_key: bytes
    key_algorithm: str
    not_before: datetime
    not_after: datetime
    signature: str
    key_usage: frozenset[str] | None
    key_identifier: bytes | None

    @classmethod
    def from_der(cls, der: bytes) -> "_Fields":
        """Return the fields; raises one of ``MALFORMED`` where they cannot be read."""
        certificate = x509.Certificate.load(der, strict=True)
        body = certificate["tbs_certificate"]
        public_key = body["subject_public_key_info"]
        usage, identifier = certificate.key_usage_value, certificate.key_identifier_value
        return cls(
            issuer=body["issuer"].dump(),
            subject=body["subject"].dump(),
            serial=body["serial_number"].contents,
            public_key=public_key.dump(),
            key_algorithm=public_key["algorithm"]["algorithm"].native,
            not_before=utc(body["validity"]["not_before"].native),
            not_after=utc(body["validity"]["not_after"].native),
            signature=certificate["signature_algorithm"]["algorithm"].native,
            key_usage=None if usage is None else frozenset(usage.native),
            key_identifier=None if identifier is None else identifier.native,
        )


def _fit_key(fields: _Fields) -> RSAPublicKey:
    if fields.key_algorithm != "rsa":
        raise UnfitKey(f"of the kind {fields.key_algorithm.upper()}, not RSA")
    try:
        key = load_der_public_key(fields.public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotACertificate(FileKind.CERTIFICATE) from error
    if not isinstance(key, RSAPublicKey):
        raise NotACertificate(FileKind.CERTIFICATE)
    if not SMALLEST_KEY_BITS <= key.key_size <= LARGEST_KEY_BITS:
        raise UnfitKey(f"RSA with {key.key_size} bits")
    return key


def _warnings(fields: _Fields, now: datetime) -> Iterator[str]:
    if now < fields.not_before:
        yield f"It is not valid before {format_instant(fields.not_before)}."
    if now > fields.not_after:
        yield f"It expired at {format_instant(fields.not_after)}."
    if fields.signature.startswith(_DATED_HASHES):
        yield f"It is signed with {fields.signature}, which is out of date."
    if fields.key_usage is not None and "key_encipherment" not in fields.key_usage:
        yield "Its key usage does not name key encipherment, which is what Apple uses it for."
    if fields.serial[:1] >= bytes((_SIGN_BIT,)):
        yield "Its serial number is negative, which some programs do not take."
