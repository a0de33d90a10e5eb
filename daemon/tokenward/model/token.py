"""Server tokens: the five values inside an envelope, and what is known about the one that is installed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tokenward.model.instant import days_between, format_instant
from tokenward.model.secret import Secret

LIFETIME: Final = timedelta(days=365)
"""How long Apple lets a token live, counted from its issue."""


_BEGINNINGS: Final = {"consumer_key": "CK_", "consumer_secret": "CS_", "access_token": "AT_", "access_secret": "AS_"}


@dataclass(frozen=True, slots=True)
class ServerToken:
    """The five OAuth 1.0a values that Apple puts into an envelope.

    Source: Apple, "Authenticating for Automated Device Enrollment"; all but the expiry are secret.
    """

    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_secret: Secret
    expires_at: datetime
    issued_at: datetime | None = None
    """As the access token's own tail says in milliseconds; a hint that Apple does not document."""

    @property
    def digest(self) -> str:
        """SHA-256 over the four secrets: equal digests mean the same token."""
        parts = (self.consumer_key, self.consumer_secret, self.access_token, self.access_secret)
        return hashlib.sha256(b"\0".join(part.reveal() for part in parts)).hexdigest()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about what is unusual but taken. They name values, and show none.

        # unconfirmed: Apple does not document how the values begin; in every specimen they begin so.
        """
        values = self.reveal_values()
        return tuple(
            f"Its {name} does not begin with {beginning}, as Apple's do."
            for name, beginning in _BEGINNINGS.items()
            if not values[name].startswith(beginning)
        )

    def reveal_values(self) -> dict[str, str]:
        """Return the five values, secrets in clear, under the names that Apple gives them inside an envelope."""
        return {
            "consumer_key": self.consumer_key.reveal_text(),
            "consumer_secret": self.consumer_secret.reveal_text(),
            "access_token": self.access_token.reveal_text(),
            "access_secret": self.access_secret.reveal_text(),
            "access_token_expiry": format_instant(self.expires_at),
        }


class TokenState(StrEnum):
    """How things stand with the token that is installed now, also while a newer one is on its way."""

    UNKNOWN = "unknown"
    VALID = "valid"
    SUSPECT = "suspect"
    TERMS_UNSIGNED = "terms_unsigned"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


DEAD: Final = frozenset({TokenState.REJECTED, TokenState.SUPERSEDED, TokenState.EXPIRED})


class Basis(StrEnum):
    """How an expiry date is known, best first."""

    DECRYPTED = "decrypted"
    READ_BACK = "read_back"
    STATED = "stated"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a token ends and how that is known. The two never part."""

    at: datetime
    basis: Basis

    def days_left(self, now: datetime) -> float:
        """Return the days from *now* until the token ends; negative once it has."""
        return days_between(now, self.at)


@dataclass(frozen=True, slots=True)
class InstalledToken:
    """What is known about the token that a service works with."""

    service: str
    state: TokenState
    since: datetime
    """When it was installed, or first seen where somebody else had installed it."""
    expiry: Expiry | None = None
    downloader: str | None = None
    """The recorded downloader, a Managed Apple Account: Apple's ``admin_id`` or, where nobody says, the account of
    whoever handed the file over."""
    server_uuid: str | None = None
    token_digest: str | None = None
    mark: str | None = None
    """What its target showed of it, where that is all by which it can be told from another one."""
    envelope: str | None = None
    certificate: str | None = None
    """Fingerprint of the certificate that the envelope was made for, where it is known."""
    issued_at: datetime | None = None
    rung: int | None = None
    """The rung of proof that was reached for it."""
