"""Apple, as products see it that ask about a token: who has downloaded it, for which service, and whether it counts.

    apple = AppleSide()
    file = apple.download(certificate)                      # kim's click: a token file for the certificate
    apple.account(values["consumer_key"])                   # what a product is told that asks with the values
    apple.refusal = (403, "T_C_NOT_SIGNED")                 # or what it is told instead

The newest token of a service makes those before it worthless, as ``mdm-targets`` facts say of the real one.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fakes.apple_envelope import apple_cms, apple_file, apple_message
from tokenward.crypto import parse_certificate
from tokenward.model.instant import format_instant
from tokenward.simulator.keypairs import make_keypair
from tokenward.simulator.state import Keypair
from tokenward.simulator.unwrap import CannotOpen, open_envelope

KIM = "kim@corp.example"
ANA = "ana@corp.example"
EXAMPLE_ORG = "Example Org"
FOREIGN_ORG = "Other Org"
SERVER_UUID = "3F2C000000004000800000000000001A"
FOREIGN_UUID = "0000000000000000000000000000DEAD"
BEGIN = datetime(2026, 11, 24, 9, tzinfo=UTC)
_KEYPAIRS: dict[str, Keypair] = {}
_COUNT = itertools.count(1)


def a_keypair(name: str) -> Keypair:
    """Return the keypair called *name*, the same each time: making one is what takes time."""
    if name not in _KEYPAIRS:
        _KEYPAIRS[name] = make_keypair(name, 3650, BEGIN)
    return _KEYPAIRS[name]


@dataclass(frozen=True, slots=True)
class Account:
    """What Apple says of whoever asks with a token. Source: Apple, "Account Detail"."""

    admin_id: str
    org_name: str
    server_uuid: str
    server_name: str
    expires_at: datetime


@dataclass(slots=True)
class AppleSide:
    """Apple's side of a test."""

    refusal: tuple[int, str] | None = None
    """Status and words that everybody gets instead of an answer."""
    today: datetime = BEGIN
    """When tokens are downloaded; each a second after the one before."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """By consumer key, those whose token counts."""

    def download(
        self, certificate: str, user: str = KIM, *, org: str = EXAMPLE_ORG, server_uuid: str = SERVER_UUID
    ) -> bytes:
        """Return a new token file for *certificate*, PEM: the tokens of this service before it count no more."""
        made_for = parse_certificate(certificate.encode(), BEGIN)
        return apple_file(apple_cms(made_for, self._message(user, org, server_uuid)))

    def _message(self, user: str, org: str, server_uuid: str) -> bytes:
        number = next(_COUNT)
        mark = f"{number:040x}"
        expires_at = self.today + timedelta(days=365, seconds=number)
        self.accounts = {key: one for key, one in self.accounts.items() if one.server_uuid != server_uuid}
        self.accounts[f"CK_{mark}"] = Account(user, org, server_uuid, "Main MDM", expires_at)
        values = {
            "consumer_key": f"CK_{mark}",
            "consumer_secret": f"CS_{mark}",
            "access_token": f"AT_{mark}",
            "access_secret": f"AS_{mark}",
            "access_token_expiry": format_instant(expires_at),
        }
        return apple_message(values)

    def account(self, consumer_key: str) -> Account | tuple[int, str]:
        """Return whose token it is, or status and words of Apple's refusal."""
        if self.refusal is not None:
            return self.refusal
        return self.accounts.get(consumer_key, (401, "token_rejected"))


def opened(file: bytes, keypair: Keypair) -> dict[str, str] | None:
    """Return the values inside *file* as the product that has *keypair* finds them; None where it can't open it."""
    try:
        found = open_envelope(file, keypair)
    except CannotOpen:
        return None
    return {
        "consumer_key": found.consumer_key,
        "consumer_secret": found.consumer_secret,
        "access_token": found.access_token,
        "access_secret": found.access_secret,
        "access_token_expiry": found.access_token_expiry,
    }
