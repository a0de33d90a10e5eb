"""Certificates, envelopes and seals: bytes to values and back, pure.

What Apple is given and what it gives back is read, judged, made and opened here, and what must not lie
readable on the disk is sealed here. No file, no network, no clock, no randomness of its own but that of key
generation: nonces and the present are handed in. Which key belongs to whom, and what follows from a
refusal, is decided elsewhere.
"""

from tokenward.crypto.armour import MAX_FILE_BYTES
from tokenward.crypto.certificate import Imprint, parse_certificate, read_imprints, to_pem
from tokenward.crypto.envelope import parse_envelope
from tokenward.crypto.keypair import LoadedKeypair, load_keypair, load_private_key, make_keypair
from tokenward.crypto.kind import FileKind, kind_of
from tokenward.crypto.name import printed_name
from tokenward.crypto.opening import open_envelope
from tokenward.crypto.refusals import (
    BadSealKey,
    CannotBeOpened,
    Damaged,
    EnvelopeTooLarge,
    KeyUnusable,
    NotACertificate,
    NotAnEnvelope,
    OpeningFailure,
    PrivateKeyExposed,
    SealBroken,
    SeveralCertificates,
    TooLarge,
    UnfitKey,
    ValueMissing,
    WrongRecipient,
)
from tokenward.crypto.sealing import Sealer, format_seal_key, parse_seal_key

__all__ = [
    "MAX_FILE_BYTES",
    "BadSealKey",
    "CannotBeOpened",
    "Damaged",
    "EnvelopeTooLarge",
    "FileKind",
    "Imprint",
    "KeyUnusable",
    "LoadedKeypair",
    "NotACertificate",
    "NotAnEnvelope",
    "OpeningFailure",
    "PrivateKeyExposed",
    "SealBroken",
    "Sealer",
    "SeveralCertificates",
    "TooLarge",
    "UnfitKey",
    "ValueMissing",
    "WrongRecipient",
    "format_seal_key",
    "kind_of",
    "load_keypair",
    "load_private_key",
    "make_keypair",
    "open_envelope",
    "parse_certificate",
    "parse_envelope",
    "parse_seal_key",
    "printed_name",
    "read_imprints",
    "to_pem",
]
