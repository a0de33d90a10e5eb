"""What targets, issuers and Apple answer, in the core's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tokenward.model.certificate import Certificate
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Finding
from tokenward.model.secret import Secret
from tokenward.model.token import ServerToken, TokenState


class KeyPolicy(StrEnum):
    """How a target's public key behaves."""

    FRESH_ON_FETCH = "fresh_on_fetch"
    """Every fetch makes another key and spoils the one before: fetch once and write it down."""
    FIXED = "fixed"
    FIXED_UNTIL_REGENERATED = "fixed_until_regenerated"
    NOT_FETCHED = "not_fetched"
    """No certificate can be fetched."""
    FRESH_BY_HAND = "fresh_by_hand"
    """None can be fetched, and every renewal in its console makes another key: no certificate is of use twice."""

    @property
    def is_fetched(self) -> bool:
        """Whether the target itself gives its certificate out."""
        return self not in {KeyPolicy.NOT_FETCHED, KeyPolicy.FRESH_BY_HAND}

    @property
    def is_lasting(self) -> bool:
        """Whether a certificate can be fetched as often as one likes."""
        return self in {KeyPolicy.FIXED, KeyPolicy.FIXED_UNTIL_REGENERATED}


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an adapter can do, stated by itself; tables, checks and documentation are made from it."""

    kind: str
    title: str
    summary: str
    """One sentence for the table of targets."""
    key_policy: KeyPolicy
    installs: bool
    reads_back: bool
    strongest_rung: int
    """The strongest proof that it can ever give, 0 to 5."""
    verdicts: frozenset[TokenState]
    """States of a token that its health reading can tell; every other one is "cannot tell"."""
    reads_secrets: bool
    """Whether its answers hold the token's secrets, so that they are dropped right after hashing."""
    least_privilege: str
    """What the credential must be allowed to do, and nothing more."""
    tested_against: str
    """What its tests run it against, and what that was built from; honest about products that could not be had."""
    wants_account: bool = False
    """Whether it wants to be told with which account the token was downloaded."""
    by_hand: tuple[str, ...] = ()
    """How the file is handed over without us, in the product's own way, step by step."""
    finds: bool = False
    """Whether it shows every token that it has, to whoever has nothing configured yet."""


class BlockReason(StrEnum):
    """Why a rotation stands still, for machines; a sentence with the remedy stands beside it."""

    CERTIFICATE_MISSING = "certificate_missing"
    TARGET_UNREACHABLE = "target_unreachable"
    TARGET_REFUSED = "target_refused"
    KEY_MISMATCH = "key_mismatch"
    TERMS_UNSIGNED = "terms_unsigned"
    APPLE_UNREACHABLE = "apple_unreachable"
    NOBODY_USABLE = "nobody_usable"
    ISSUER_FAILED = "issuer_failed"
    WRONG_SERVER = "wrong_server"
    INSTALL_FAILED = "install_failed"
    HAND_OFF = "hand_off"
    PROOF_PENDING = "proof_pending"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why the way is not clear, with what would clear it."""

    reason: BlockReason
    remedy: str


@dataclass(frozen=True, slots=True)
class Preflight:
    """Whether the way to a target is clear."""

    obstacles: tuple[Obstacle, ...] = ()
    cannot_tell: tuple[str, ...] = ()
    """What this target can't be asked, in words for a person; said, never held against it."""

    @property
    def is_clear(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.obstacles


@dataclass(frozen=True, slots=True)
class Holding:
    """What a target says that it holds now. Everything that it can't say is None."""

    present: bool
    """Whether it holds a token at all."""
    envelope: str | None = None
    """Digest of the envelope, where it keeps the file."""
    token_digest: str | None = None
    """``ServerToken.digest`` of what it holds, where its answer has the values."""
    mark: str | None = None
    """Digest of everything that it shows of its token, where that is neither the file nor the values: another token,
    another mark."""
    expires_at: datetime | None = None
    downloader: str | None = None
    server_uuid: str | None = None

    @property
    def shown(self) -> str | None:
        """By what its token can be told from another one, where it does not keep the file."""
        return self.token_digest or self.mark


NOTHING_HELD = Holding(present=False)


@dataclass(frozen=True, slots=True)
class Found:
    """One token that a product shows to whoever looks around in it, before anything is configured."""

    title: str
    """What it is called there."""
    settings: Mapping[str, str | int]
    """What a target's table says to mean this one."""
    holding: Holding
    organisation: str | None = None
    service_name: str | None = None
    """What Apple calls the service, where the product shows that."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is handed to a target."""

    service: str
    envelope: Envelope
    token: ServerToken | None = None
    """The values inside, where Tokenward holds the key."""
    forced: bool = False
    """Whether a product's doubt about a changed consumer key has been settled and is to be overruled."""
    account: str | None = None
    """Managed Apple Account of whoever downloaded the envelope, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a target answered to a delivery."""

    token_digest: str | None = None
    """Digest of the values it says it took, where it says so."""
    mark: str | None = None
    """``Holding.mark`` of what it says it took, where it says no more than that."""
    token: ServerToken | None = None
    """The values themselves, in memory only, where the answer has them."""
    refusal: Finding | None = None
    """Why it refused, with ``Code.CONSUMER_KEY_MISMATCH`` for a changed consumer key. None: it was taken."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How strongly a target's own words show that it works with what it holds."""

    rung: int
    """0 to 5; never rounded up."""
    why: str
    """What was seen, or what is still missing, in one sentence."""
    downloader: str | None = None
    server_uuid: str | None = None
    is_foreign: bool = False
    """Whether it shows another organisation than before, where it does not show the service's identity."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A dated answer about the token that a target works with."""

    verdict: TokenState | None
    """None: it cannot tell. Throttling, outages and bad clocks give no verdict either."""
    why: str
    """What was answered, in one sentence without secrets."""
    holding: Holding | None = None
    downloader: str | None = None
    server_uuid: str | None = None
    answered: bool = True
    """Whether the other side gave an answer that means something at all."""


@dataclass(frozen=True, slots=True)
class IssueOrder:
    """What an issuer is asked for: a new envelope for one certificate of one service."""

    service: str
    service_name: str
    certificate: Certificate
    account: str
    """The Managed Apple Account for which it acts."""
    release_devices: bool


@dataclass(frozen=True, slots=True)
class IssuedFile:
    """A file that an issuer gave out."""

    name: str
    body: Secret
