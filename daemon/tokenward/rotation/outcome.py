"""What a plan can decide: move, do, wait, or stand still with a remedy."""

from dataclasses import dataclass
from datetime import datetime

from tokenward.model.rotation import Rotation
from tokenward.model.target import BlockReason


@dataclass(frozen=True, slots=True)
class MakeKeypair:
    """Make a key and a certificate here."""

    common_name: str


@dataclass(frozen=True, slots=True)
class FetchCertificate:
    """Fetch the certificate of the target that holds the key. It may spoil the key before: once per visit only."""

    target: str
    common_name: str


@dataclass(frozen=True, slots=True)
class RegisterCertificate:
    """Put the certificate to Apple by its API, or find out that a person has to."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class IssueToken:
    """Have the issuer download a new token. This is the click: the old token is dead from then on."""

    actor: str
    account: str


@dataclass(frozen=True, slots=True)
class InstallEnvelope:
    """Hand the envelope to one target."""

    target: str
    forced: bool


Effect = MakeKeypair | FetchCertificate | RegisterCertificate | IssueToken | InstallEnvelope


@dataclass(frozen=True, slots=True)
class Advance:
    """The evidence shows that more is true than before (or, on an edge back, less)."""

    to: Rotation
    why: str


@dataclass(frozen=True, slots=True)
class Act:
    """Do something. ``intent`` is what is written down before the first byte leaves."""

    effect: Effect
    intent: Rotation


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before ``until``; whoever or whatever is waited for can end it earlier."""

    to: Rotation
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Retry:
    """An attempt did not work; the next one is at ``after``."""

    after: datetime
    reason: BlockReason
    error: str
    to: Rotation


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody has to act, as ``remedy`` says; it is looked at again at ``next_attempt_at``."""

    reason: BlockReason
    remedy: str
    next_attempt_at: datetime | None
    to: Rotation


Outcome = Advance | Act | Wait | Retry | Block
