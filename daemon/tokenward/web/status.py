"""How every organisation and service stands, in the shape that ``status --json`` prints. Pure.

The shape is pinned: scripts and monitoring systems are built on it.
"""

from dataclasses import dataclass
from datetime import datetime

from tokenward.model.rotation import Cause, Rotation, State
from tokenward.model.service import Service
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.policy.due import expiry_of
from tokenward.web.overview import Overview
from tokenward.web.standing import custodian_of, works
from tokenward.web.waiting import WaitingFor, waiting_for


@dataclass(frozen=True, slots=True)
class BlockedStatus:
    """Why a rotation stands still."""

    reason: BlockReason
    remedy: str
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class RotationStatus:
    """The open rotation of a service."""

    id: str
    state: State
    causes: tuple[Cause, ...]
    """In the order in which one of them is shown where only one can be."""
    waiting_for: WaitingFor | None
    since: datetime
    """When it entered its state."""
    blocked: BlockedStatus | None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service."""

    id: str
    name: str
    state: TokenState
    expires_at: datetime | None
    expiry_basis: Basis | None
    days_until_expiry: float | None
    """Two decimals, negative once it has expired."""
    custodian: str | None
    rotation: RotationStatus | None


@dataclass(frozen=True, slots=True)
class OrganisationStatus:
    """One organisation; it is listed even where it has no service."""

    id: str
    linked: bool
    """Whether at least one service is known to be linked and working, without which no device can be assigned."""
    services: tuple[ServiceStatus, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that is configured."""

    organisations: tuple[OrganisationStatus, ...]
    retired: tuple[str, ...]
    """Services that are configured and retired, by id: they stand in no organisation."""


def status(overview: Overview) -> Status:
    """Return how everything stands."""
    services: dict[str, list[Service]] = {organisation: [] for organisation in overview.roster.organisations}
    for service in overview.roster.services.values():
        services[service.organisation].append(service)
    organisations = tuple(_organisation(one, services[one], overview) for one in services)
    return Status(organisations, tuple(overview.roster.retired))


def days_left(expiry: Expiry | None, now: datetime) -> float | None:
    """Return the days that are left, to two decimals."""
    return None if expiry is None else round(expiry.days_left(now), 2)


def shown_causes(causes: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """Return *causes* in the order in which one of them is shown where only one can be."""
    return tuple(cause for cause in Cause if cause in causes)


def _organisation(organisation: str, services: list[Service], overview: Overview) -> OrganisationStatus:
    return OrganisationStatus(
        id=organisation,
        linked=any(works(overview.facts_of(one), overview.record_of(one).last_done, overview.now) for one in services),
        services=tuple(_service(one, overview) for one in services),
    )


def _service(service: Service, overview: Overview) -> ServiceStatus:
    facts = overview.shown_facts_of(service)
    expiry = expiry_of(facts)
    return ServiceStatus(
        id=service.id,
        name=service.name,
        state=facts.token.state if facts.token else TokenState.UNKNOWN,
        expires_at=expiry.at if expiry else None,
        expiry_basis=expiry.basis if expiry else None,
        days_until_expiry=days_left(expiry, overview.now),
        custodian=custodian_of(facts),
        rotation=_rotation(facts.rotation, overview) if facts.rotation else None,
    )


def _rotation(rotation: Rotation, overview: Overview) -> RotationStatus:
    blocked = rotation.blocked
    return RotationStatus(
        id=rotation.id,
        state=rotation.state,
        causes=shown_causes(rotation.causes),
        waiting_for=waiting_for(rotation, overview.now, needs_person=rotation.service in overview.asking_people),
        since=rotation.entered_at,
        blocked=BlockedStatus(blocked.reason, blocked.remedy, blocked.next_attempt_at) if blocked else None,
    )
