"""Why a file, an envelope or a seal was refused: one error for each situation, each with its finding.

Whoever downloads tokens mends what is wrong with an envelope (``NeedsCustodian``); whoever runs the daemon
mends the rest (``NeedsOperator``).
"""

from enum import Enum
from typing import Final

from tokenward.crypto.kind import FileKind
from tokenward.crypto.remedies import (
    EXPORT_CERTIFICATE,
    HAND_OVER_ENVELOPE,
    remedy_for_certificate,
    remedy_for_envelope,
)
from tokenward.model.certificate import AnyRecipient, KeyRecipient
from tokenward.model.finding import Code, Finding, NeedsCustodian, NeedsOperator

_NOT_TAKEN: Final = "Nothing was taken from it, and nothing was changed."
_NOTHING_INSTALLED: Final = "Nothing was installed."
_SHOWN: Final = 80

# --- Certificates -----------------------------------------------------------------------------------------


class NotACertificate(NeedsOperator):
    """The file is something else, or a certificate that cannot be read to its end."""

    def __init__(self, kind: FileKind) -> None:
        """Say what the file is instead; ``FileKind.CERTIFICATE`` says that it is damaged."""
        is_damaged = kind is FileKind.CERTIFICATE
        happened = "This certificate cannot be read." if is_damaged else f"This is {kind.phrase}, not a certificate."
        super().__init__(Finding(Code.NOT_A_CERTIFICATE, happened, _NOT_TAKEN, remedy_for_certificate(kind)))
        self.kind = kind


class TooLarge(NeedsOperator):
    """The file is larger than any certificate."""

    def __init__(self, size: int, limit: int) -> None:
        """Name both numbers, in bytes."""
        happened = f"The file has {size} bytes; no certificate has more than {limit}."
        means = "It was not looked into, and nothing was changed."
        super().__init__(Finding(Code.SIZE, happened, means, EXPORT_CERTIFICATE))


class PrivateKeyExposed(NeedsOperator):
    """There is a private key in a file that is meant for other people's eyes."""

    def __init__(self) -> None:
        super().__init__(
            Finding(
                Code.PRIVATE_KEY,
                "There is a private key in this file.",
                "What is dropped here may go to Apple, so the key counts as exposed: whoever has it can open "
                "every token made for it. The file was not used.",
                "Make a new key and certificate in the device management product, drop that certificate "
                "alone, and remove this file wherever it lies.",
            )
        )


class SeveralCertificates(NeedsOperator):
    """More than one certificate: which one is meant cannot be known."""

    def __init__(self, number: int) -> None:
        """Say how many there are."""
        super().__init__(
            Finding(
                Code.CHAIN,
                f"There are {number} certificates in this file.",
                f"Apple takes exactly one, and which one is meant cannot be told. {_NOT_TAKEN}",
                "Drop the service's own certificate alone, without those that signed it.",
            )
        )


class UnfitKey(NeedsOperator):
    """The certificate's key is not one that Apple can use to encrypt a token."""

    def __init__(self, what: str) -> None:
        """Say *what* the key is, such as ``RSA with 1024 bits``."""
        super().__init__(
            Finding(
                Code.WEAK,
                f"The certificate's key is {what}.",
                f"Tokens are encrypted for RSA keys of 2048 to 8192 bits only. {_NOT_TAKEN}",
                "Make a certificate with an RSA key of 2048 bits in the product, and drop that.",
            )
        )


# --- Envelopes --------------------------------------------------------------------------------------------


class NotAnEnvelope(NeedsCustodian):
    """The file is something else than an encrypted token."""

    def __init__(self, kind: FileKind) -> None:
        """Say what the file is instead."""
        happened = f"This is {kind.phrase}, not a server token file."
        means = f"{_NOTHING_INSTALLED} The file was only looked at."
        super().__init__(Finding(Code.NOT_AN_ENVELOPE, happened, means, remedy_for_envelope(kind)))
        self.kind = kind


class EnvelopeTooLarge(NeedsCustodian):
    """The file is larger than any envelope."""

    def __init__(self, size: int, limit: int) -> None:
        """Name both numbers, in bytes."""
        happened = f"The file has {size} bytes; a server token file has about 1,500, never more than {limit}."
        means = f"It was not looked into. {_NOTHING_INSTALLED}"
        super().__init__(Finding(Code.SIZE, happened, means, HAND_OVER_ENVELOPE))


class Damaged(NeedsCustodian):
    """The file began as an envelope and is cut short, followed by something else, or altered."""

    def __init__(self) -> None:
        super().__init__(
            Finding(
                Code.DAMAGED,
                "This server token file is damaged.",
                f"It is cut short, altered, or something stands behind its end. {_NOTHING_INSTALLED}",
                "Hand the file over again, from where the browser saved it; only if that copy is damaged as "
                "well, download a new one.",
            )
        )


class WrongRecipient(NeedsCustodian):
    """The envelope was made for another certificate than the one at hand."""

    def __init__(self, recipients: tuple[AnyRecipient, ...]) -> None:
        """Name whom it was made for, as far as the envelope says."""
        named = ", ".join(_recipient_phrase(recipient) for recipient in recipients[:3]) or "nobody"
        super().__init__(
            Finding(
                Code.NO_KEY,
                "This token was made for another certificate.",
                f"It names {named}, whose private key is not the one here. {_NOTHING_INSTALLED}",
                "Put this service's current certificate into Apple's portal, save, and only then download the token.",
            )
        )


def _recipient_phrase(recipient: AnyRecipient) -> str:
    if isinstance(recipient, KeyRecipient):
        return f"the key {recipient.key_identifier.hex()[:_SHOWN]}"
    return f"the serial number {recipient.serial.hex()[:_SHOWN]} (hexadecimal)"


class OpeningFailure(Enum):
    """At which point an envelope did not open. For local logs only: to callers all failures are one."""

    ALGORITHM = "algorithm"
    CONTENT_KEY = "content_key"
    CONTENT = "content"
    MESSAGE = "message"


class CannotBeOpened(NeedsCustodian):
    """The key that the envelope names does not open it; one text for every cause.

    Telling the causes apart would answer an attacker's questions about padding.

    Source: RFC 3218; RFC 8017 section 7.2.2.
    """

    def __init__(self, detail: OpeningFailure) -> None:
        """Keep *detail* for the local log."""
        super().__init__(
            Finding(
                Code.WRONG_KEY,
                "The key that this token file names does not open it.",
                "The file was altered on the way, or encrypted for another certificate with the same name "
                f"and serial number. {_NOTHING_INSTALLED}",
                "Hand the file over once more; if that changes nothing, put this service's current "
                "certificate into Apple's portal, save, and download a new token.",
            )
        )
        self.detail = detail


class ValueMissing(NeedsCustodian):
    """The envelope opened, and what is inside is no complete server token."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Name the values that are missing, empty or of no use; never what they hold."""
        super().__init__(
            Finding(
                Code.VALUE_MISSING,
                f"The token inside lacks a usable {', '.join(names)}.",
                f"The file was opened, but no service can work with what it holds. {_NOTHING_INSTALLED}",
                "Download the token once more from Apple's portal, and hand that file over unchanged.",
            )
        )
        self.names = names


# --- Keys and seals ---------------------------------------------------------------------------------------


class KeyUnusable(NeedsOperator):
    """A private key that was kept here cannot be used."""

    def __init__(self, why: str) -> None:
        """Say *why*, such as ``it belongs to another certificate``."""
        super().__init__(
            Finding(
                Code.STORE,
                f"A private key that is kept here cannot be used: {why}.",
                "What was encrypted for it cannot be opened here.",
                "Restore the state from a backup, or have a new certificate made with `tokenward rotate`.",
            )
        )


class SealBroken(NeedsOperator):
    """Something that was sealed does not open."""

    def __init__(self, happened: str, do: str) -> None:
        """Say what happened and what to do; what was sealed stays closed."""
        means = "The secret behind the seal stays closed, and whatever needs it waits."
        super().__init__(Finding(Code.SEAL, happened, means, do))


class BadSealKey(NeedsOperator):
    """The text is no seal key."""

    def __init__(self, why: str) -> None:
        """Say *why* without repeating any of it."""
        super().__init__(
            Finding(
                Code.SEAL,
                f"The seal key cannot be used: {why}.",
                "Nothing that was sealed can be opened, and nothing new can be sealed.",
                "Give the 32 bytes that were shown when the key was made, in base64.",
            )
        )
