"""The file that Apple's portal gives out: CMS EnvelopedData around a server token."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tokenward.model.certificate import AnyRecipient
from tokenward.model.instant import parse_instant

_APPLE_NAME: Final = re.compile(
    r"(?P<service>.+)_Token_(?P<date>\d{4}-\d\d-\d\d)T(?P<h>\d\d)-(?P<m>\d\d)-(?P<s>\d\d)Z_smime(?: ?\(\d+\))?\.p7m"
)


@dataclass(frozen=True, slots=True)
class AppleFileName:
    """What the portal's file name says. A hint for people; anybody can rename a file."""

    service_name: str
    issued_at: datetime

    @classmethod
    def parse(cls, name: str) -> "AppleFileName | None":
        """Return what *name* says, or None where it is not of the portal's form (browsers' `` (1)`` is taken)."""
        found = _APPLE_NAME.fullmatch(name)
        if found is None:
            return None
        try:
            issued_at = parse_instant(f"{found['date']}T{found['h']}:{found['m']}:{found['s']}Z")
        except ValueError:
            return None
        return cls(found["service"], issued_at)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A downloaded token file whose outer layers were read; opening it takes a private key."""

    original: bytes
    """The file exactly as it came: this is what is handed to a target."""
    cms: bytes
    """The CMS ContentInfo inside, BER or DER."""
    digest: str
    """SHA-256 of the CMS inside, lower-case hexadecimal; the envelope's id everywhere."""
    recipients: tuple[AnyRecipient, ...]
    content_cipher: str
    """Such as ``aes128_cbc``."""
    key_transport: str
    """Such as ``rsaes_pkcs1v15``."""
    warnings: tuple[str, ...] = ()
