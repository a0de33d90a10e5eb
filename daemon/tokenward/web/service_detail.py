"""Everything that is known about one service. For the control socket alone: it tells of departures ahead. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tokenward.model.person import Role, Standing
from tokenward.model.retirement import Retirement
from tokenward.model.rotation import Blocked, Cause, Claim, Rotation, State
from tokenward.model.service import Keyholder, Service
from tokenward.model.token import Basis, InstalledToken, TokenState
from tokenward.policy.decision import Facts
from tokenward.policy.due import expiry_of
from tokenward.policy.succession import is_usable, line
from tokenward.web.claimed import directions_for
from tokenward.web.course import Outage, TargetProgress, outage_of, progress_of
from tokenward.web.overview import Overview
from tokenward.web.read_model import LastReading
from tokenward.web.standing import custodian_of, next_rotation_at, works
from tokenward.web.status import days_left, shown_causes
from tokenward.web.waiting import WaitingFor, waiting_for


@dataclass(frozen=True, slots=True)
class TokenDetail:
    """The token in use."""

    state: TokenState
    since: datetime
    """When it was installed, or first seen."""
    issued_at: datetime | None
    downloader: str | None
    """The recorded downloader: a Managed Apple Account."""
    server_uuid: str | None
    certificate: str | None
    """Fingerprint of the certificate that it was made for."""
    envelope: str | None
    rung: int | None


@dataclass(frozen=True, slots=True)
class ReadingDetail:
    """The last answer about the token."""

    at: datetime
    verdict: TokenState | None
    """None: it could not tell."""
    why: str
    answered: bool
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """Somebody who may be asked, or who downloaded the token in use."""

    id: str
    account: str | None
    role: Role | None
    standing: Standing
    since: datetime | None
    departs_at: datetime | None
    usable: bool
    """Whether they could link the service now."""


@dataclass(frozen=True, slots=True)
class RotationDetail:
    """A rotation, open or closed."""

    id: str
    state: State
    causes: tuple[Cause, ...]
    opened_at: datetime
    since: datetime
    """When it entered its state."""
    due_at: datetime
    waiting_for: WaitingFor | None
    next_look_at: datetime | None
    actor: str | None
    claim: Claim | None
    recover_until: datetime | None
    remind_at: datetime | None
    """Before when whoever is asked wanted no reminder."""
    vouched_at: datetime | None
    """When a person's word took the place of a proof."""
    blocked: Blocked | None
    certificate: str | None
    """Fingerprint of the certificate that was chosen for Apple."""
    certificate_changed: bool
    new_key: bool
    envelope: str | None
    supplied_by: str | None
    downloader: str | None
    server_uuid: str | None
    outage: Outage | None
    rung: int | None
    follow_up: tuple[Cause, ...]
    targets: tuple[TargetProgress, ...]
    closed_at: datetime | None
    close_reason: str | None


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """One service, with all that is known."""

    id: str
    name: str
    organisation: str
    works: bool
    """Whether it is known to be linked and working."""
    watched: bool
    """Whether it is only watched: nothing ever rotates it."""
    retired: Retirement | None
    """Since when nobody looks after it any more, and why."""
    issuer: str | None
    keyholder: Keyholder
    release_devices: bool
    wanted_rung: int | None
    """The rung that the configuration sets; None: the strongest that the first target can give."""
    custodian: str | None
    expires_at: datetime | None
    expiry_basis: Basis | None
    days_until_expiry: float | None
    planned_rotation_at: datetime | None
    quiet_until: datetime | None
    token: TokenDetail | None
    last_reading: ReadingDetail | None
    next_probe_at: datetime | None
    people: tuple[PersonDetail, ...]
    """In the order in which they are asked."""
    rotation: RotationDetail | None
    steps: tuple[str, ...]
    """Apple's steps, once somebody has said that they start and the way was found clear; nothing else shows them."""
    last_done: RotationDetail | None


def service_detail(service: Service, overview: Overview) -> ServiceDetail:
    """Return everything that is known about *service*."""
    facts, record, now = overview.facts_of(service), overview.record_of(service), overview.now
    expiry, custodian, retired = expiry_of(facts), custodian_of(facts), overview.retirements.get(service.id)
    return ServiceDetail(
        id=service.id,
        name=service.name,
        organisation=service.organisation,
        works=works(facts, record.last_done, now),
        watched=service.is_watched,
        retired=retired,
        issuer=service.issuer,
        keyholder=service.keyholder,
        release_devices=service.release_devices,
        wanted_rung=service.proof,
        custodian=custodian,
        expires_at=expiry.at if expiry else None,
        expiry_basis=expiry.basis if expiry else None,
        days_until_expiry=days_left(expiry, now),
        planned_rotation_at=None if retired else next_rotation_at(facts),
        quiet_until=record.quiet_until,
        token=_token(record.token) if record.token else None,
        last_reading=_reading(record.last_reading) if record.last_reading else None,
        next_probe_at=None if retired else record.next_probe_at,
        people=tuple(_person(person, facts) for person in dict.fromkeys((*line(facts), custodian)) if person),
        rotation=rotation_detail(record.rotation, overview) if record.rotation else None,
        steps=_steps(service, record.rotation, overview),
        last_done=rotation_detail(record.last_done, overview) if record.last_done else None,
    )


def rotation_detail(rotation: Rotation, overview: Overview) -> RotationDetail:
    """Return everything about *rotation* that helps a person."""
    asking = rotation.service in overview.asking_people
    return RotationDetail(
        id=rotation.id,
        state=rotation.state,
        causes=shown_causes(rotation.causes),
        opened_at=rotation.opened_at,
        since=rotation.entered_at,
        due_at=rotation.due_at,
        waiting_for=waiting_for(rotation, overview.now, needs_person=asking) if rotation.is_open else None,
        next_look_at=rotation.wake_at if rotation.is_open else None,
        actor=rotation.actor,
        claim=rotation.claim,
        recover_until=rotation.recover_until,
        remind_at=rotation.remind_at,
        vouched_at=rotation.vouched_at,
        blocked=rotation.blocked,
        certificate=rotation.certificate,
        certificate_changed=rotation.certificate_changed,
        new_key=rotation.new_key,
        envelope=rotation.envelope,
        supplied_by=rotation.supplied_by,
        downloader=rotation.downloader,
        server_uuid=rotation.server_uuid,
        outage=outage_of(rotation, overview.now),
        rung=rotation.rung,
        follow_up=shown_causes(rotation.follow_up),
        targets=tuple(progress_of(one) for one in rotation.installations),
        closed_at=rotation.closed_at,
        close_reason=rotation.close_reason,
    )


def _steps(service: Service, rotation: Rotation | None, overview: Overview) -> tuple[str, ...]:
    shown = directions_for(service, rotation, overview)
    return (*shown.actions, *shown.notes) if shown else ()


def _token(token: InstalledToken) -> TokenDetail:
    return TokenDetail(
        state=token.state,
        since=token.since,
        issued_at=token.issued_at,
        downloader=token.downloader,
        server_uuid=token.server_uuid,
        certificate=token.certificate,
        envelope=token.envelope,
        rung=token.rung,
    )


def _reading(reading: LastReading) -> ReadingDetail:
    return ReadingDetail(reading.at, reading.verdict, reading.why, reading.answered, reading.answered_at)


def _person(person: str, facts: Facts) -> PersonDetail:
    known, state = facts.roster.people.get(person), facts.state_of(person)
    return PersonDetail(
        id=person,
        account=facts.roster.account_of(person, facts.service),
        role=known.role if known else None,
        standing=state.standing,
        since=state.since,
        departs_at=state.departs_at,
        usable=is_usable(person, facts),
    )
