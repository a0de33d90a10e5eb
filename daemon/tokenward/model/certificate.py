"""Certificates that are given to Apple, and the names by which an envelope refers to them."""

from dataclasses import dataclass
from datetime import datetime

from tokenward.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom an envelope was made for, by issuer and serial number.

    Both are raw DER bytes, for Apple has used negative serial numbers and printed names do not compare.

    Source: RFC 5652 section 10.2.4.
    """

    issuer: bytes
    """The whole DER of the issuer's Name."""
    serial: bytes
    """The content octets of the serial number's INTEGER."""

    @property
    def serial_number(self) -> int:
        """The serial number as an integer, which may be negative."""
        return int.from_bytes(self.serial, "big", signed=True)


@dataclass(frozen=True, slots=True)
class KeyRecipient:
    """Whom an envelope was made for, by subject key identifier.

    Source: RFC 5652 section 6.2.1.
    """

    key_identifier: bytes


AnyRecipient = Recipient | KeyRecipient


@dataclass(frozen=True, slots=True)
class Certificate:
    """A public key certificate as far as Tokenward cares about it."""

    der: bytes
    recipient: Recipient
    key_identifier: bytes
    """Subject key identifier, from the extension or computed as RFC 5280 section 4.2.1.2 (1) says."""
    fingerprint: str
    """SHA-256 of the DER, lower-case hexadecimal; the certificate's id everywhere."""
    key_digest: str
    """SHA-256 of the public key, so that two certificates over one key are recognised."""
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key_bits: int
    warnings: tuple[str, ...] = ()
    """Sentences about what is unusual but taken: expired, SHA-1, missing key usage, negative serial."""

    def is_named_by(self, recipient: AnyRecipient) -> bool:
        """Return whether *recipient* means this certificate."""
        match recipient:
            case Recipient():
                return recipient == self.recipient
            case KeyRecipient():
                return recipient.key_identifier == self.key_identifier


@dataclass(frozen=True, slots=True)
class Keypair:
    """A certificate and its private key (PKCS#8, DER)."""

    certificate: Certificate
    private_key: Secret
