"""What is known of the world at the moment of a plan. Gathered by ``step``, judged by ``plan``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tokenward.model.certificate import Certificate
from tokenward.model.finding import Finding
from tokenward.model.registration import Registration
from tokenward.model.target import Holding, Preflight, Proof, Reading
from tokenward.model.token import InstalledToken, ServerToken


class CertificateSource(StrEnum):
    """Where the next certificate for Apple comes from."""

    MADE = "made"
    """Tokenward makes key and certificate."""
    FETCHED = "fetched"
    """The target that holds the key gives it out."""
    GIVEN = "given"
    """Somebody drops it."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A target or Apple could not be asked, or would not say."""

    finding: Finding
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts for one plan. Only what the rotation's state needs is gathered; the rest stays empty."""

    source: CertificateSource
    needs_person: bool
    actor: str | None = None
    """Who is to act now, by the policy."""
    account: str | None = None
    """That person's Managed Apple Account in the service's organisation."""
    preflight: Preflight | None = None
    certificate: Certificate | None = None
    """The certificate that is there to be given to Apple."""
    spends_keys: bool = False
    """Whether the product makes another key for every renewal, so that the one in use is of no use again."""
    installed: InstalledToken | None = None
    """What is known about the token in use until now."""
    made_for_ours: bool = False
    """Whether the envelope in hand was made for the certificate that this rotation chose."""
    token: ServerToken | None = None
    """The values inside the envelope, where Tokenward holds the key."""
    account_reading: Reading | None = None
    """Apple's word about those values."""
    holdings: Mapping[str, Holding | Unanswered] = field(default_factory=dict)
    """What each target showed, by its id."""
    unseen: frozenset[str] = frozenset()
    """Targets that can't be asked what they hold, by their ids."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What each target's adapter wants remembered from before the first attempt, by its id."""
    proof: Proof | Unanswered | None = None
    wanted_rung: int = 0
    can_register: bool = False
    """Whether the organisation has an API account that may put the certificate to Apple."""
    registration: Registration | None = None
    """Apple's record of the service, read before anything that would move it."""
    fresh_name: str = ""
    """A common name that no certificate has had before."""
