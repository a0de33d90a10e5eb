"""A service: one external device management service in an organisation, as the configuration describes it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

RESERVED_NAMES: Final = frozenset({"unassigned", "reassigned"})
"""Names that Apple's guide forbids for a service, folded."""


class Keyholder(StrEnum):
    """Who holds the private key of the certificate that is given to Apple."""

    TOKENWARD = "tokenward"
    TARGET = "target"
    OPERATOR = "operator"


class OnPasswordChange(StrEnum):
    """What a password change of the recorded downloader leads to."""

    ROTATE = "rotate"
    PROBE = "probe"
    RECORD = "record"


class OnDeparture(StrEnum):
    """What a departure of the recorded downloader leads to."""

    ROTATE = "rotate"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days, both included, in which no rotation should come due."""

    first: date
    last: date

    def __contains__(self, moment: datetime) -> bool:
        """Return whether *moment* (UTC) lies inside."""
        return self.first <= moment.date() <= self.last


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """What the operator set about deciding, with the defaults that hold where nothing is set."""

    on_password_change: OnPasswordChange = OnPasswordChange.ROTATE
    on_departure: OnDeparture = OnDeparture.ROTATE
    departures_open: bool = False
    renew_before: timedelta = timedelta(days=45)
    recover_for: timedelta = timedelta(hours=1)
    departure_lead: timedelta = timedelta(days=14)
    password_due: timedelta | None = None
    """How long a password change may wait; by the person's authentication where it is not set."""
    freeze: tuple[Freeze, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetRef:
    """A target of a service, as far as the core needs to know it."""

    id: str
    kind: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """One external device management service. Apple's identity for it, the ``server_uuid``, is learnt."""

    id: str
    organisation: str
    name: str
    """The unique name in Apple's portal."""
    targets: tuple[TargetRef, ...]
    """The first one is the one that talks to Apple."""
    keyholder: Keyholder = Keyholder.TARGET
    custodian: str | None = None
    deputies: tuple[str, ...] = ()
    issuer: str | None = None
    """Kind of the issuer; a service without one is only watched."""
    certificate_validity: timedelta = timedelta(days=5 * 365)
    """How long certificates made here are valid. Apple has been seen to take a day and five years."""
    release_devices: bool = False
    is_new: bool = False
    """Whether the operator says that it was never linked; counts until a first token is known."""
    proof: int | None = None
    """The rung that a rotation must reach; the first target's strongest where it is not set."""
    stated_expires_at: datetime | None = None
    policy: ServicePolicy = field(default_factory=ServicePolicy)

    @property
    def is_watched(self) -> bool:
        """Whether it is only watched: nothing ever rotates it."""
        return self.issuer is None
