"""A service as the board shows it, in its row and on its page. Pure; knows of no departure that is ahead."""

from datetime import datetime

from tokenward.model.person import Standing
from tokenward.model.rotation import Rotation, State
from tokenward.model.service import Service
from tokenward.model.token import InstalledToken, TokenState
from tokenward.policy.decision import Facts
from tokenward.policy.due import expiry_of, expiry_opens_at
from tokenward.policy.succession import is_usable, line
from tokenward.web.board.needs import needs_of
from tokenward.web.board.rotation import rotation_view, somebody
from tokenward.web.board.story import story
from tokenward.web.board.view import AnswerView, Part, PersonView, ServicePage, ServiceView
from tokenward.web.course import Outage, outage_of
from tokenward.web.overview import Overview
from tokenward.web.read_model import History, LastReading, ServiceRecord
from tokenward.web.standing import custodian_of, next_rotation_at, works
from tokenward.web.status import days_left


def service_view(service: Service, overview: Overview) -> ServiceView:
    """Return how *service* stands."""
    facts, record, now = overview.shown_facts_of(service), overview.record_of(service), overview.now
    expiry, custodian, token = expiry_of(facts), custodian_of(facts), record.token
    return ServiceView(
        id=service.id,
        name=service.name,
        organisation=service.organisation,
        linked=works(facts, record.last_done, now),
        watched=service.is_watched,
        state=token.state if token else TokenState.UNKNOWN,
        expires_at=expiry.at if expiry else None,
        expiry_basis=expiry.basis if expiry else None,
        days_until_expiry=days_left(expiry, now),
        renewal_at=expiry_opens_at(expiry, service.policy) if expiry and not service.is_watched else None,
        planned_rotation_at=next_rotation_at(facts),
        custodian=custodian,
        custodian_name=somebody(custodian, overview.roster).name if custodian else None,
        rung=token.rung if token else None,
        proven_at=_proven_at(token, record) if token else None,
        outage=_running_outage(record.rotation, now),
        rotation=rotation_view(record.rotation, overview) if record.rotation else None,
    )


def service_page(service: Service, overview: Overview, history: History) -> ServicePage:
    """Return everything about *service* that may be read on the board."""
    facts, record = overview.shown_facts_of(service), overview.record_of(service)
    view, token = service_view(service, overview), record.token
    return ServicePage(
        at=overview.now,
        service=view,
        organisation=overview.roster.organisation_of(service).name,
        needs=tuple(needs_of(view, facts, overview)),
        issuer=service.issuer,
        keyholder=service.keyholder,
        release_devices=service.release_devices,
        wanted_rung=service.proof,
        targets=tuple((target.id, target.kind) for target in service.targets),
        since=token.since if token else None,
        issued_at=token.issued_at if token else None,
        downloader=token.downloader if token else None,
        server_uuid=token.server_uuid if token else None,
        answer=_answer(record.last_reading, token),
        next_probe_at=record.next_probe_at,
        quiet_until=record.quiet_until,
        people=_people(facts, view.custodian, overview.now),
        closed=tuple(rotation_view(rotation, overview) for rotation in history.rotations),
        history=story(history.lines),
    )


def _proven_at(token: InstalledToken, record: ServiceRecord) -> datetime | None:
    """Return when the token in use was proven to work; as near as the record tells, its installation."""
    if token.rung is None:
        return None
    for rotation in (record.rotation, record.last_done):
        if rotation is not None and _has_proven(rotation, token):
            return rotation.closed_at or rotation.entered_at
    return token.since


def _has_proven(rotation: Rotation, token: InstalledToken) -> bool:
    is_proven = rotation.state in {State.PROVEN, State.DONE}
    return is_proven and rotation.envelope is not None and rotation.envelope == token.envelope


def _answer(reading: LastReading | None, token: InstalledToken | None) -> AnswerView | None:
    """Return the last answer, unless it was about the token before."""
    if reading is None or (token is not None and reading.at < token.since):
        return None
    return AnswerView(reading.at, reading.verdict, reading.why)


def _people(facts: Facts, custodian: str | None, now: datetime) -> tuple[PersonView, ...]:
    """Return who may be asked, in that order, and whoever else downloaded the token in use."""
    people = dict.fromkeys((*line(facts), *([custodian] if custodian else [])))
    return tuple(_person(person, facts, now) for person in people)


def _person(person: str, facts: Facts, now: datetime) -> PersonView:
    state, known = facts.state_of(person), facts.roster.people.get(person)
    return PersonView(
        id=person,
        name=known.called if known else person,
        part=_part(person, facts.service),
        account=facts.roster.account_of(person, facts.service),
        standing=Standing.DEPARTED if state.has_left(now) else state.standing,
        usable=is_usable(person, facts),
        confirmed_at=state.confirmed_at,
    )


def _part(person: str, service: Service) -> Part:
    if person == service.custodian:
        return Part.CUSTODIAN
    return Part.DEPUTY if person in service.deputies else Part.DOWNLOADER


def _running_outage(rotation: Rotation | None, now: datetime) -> Outage | None:
    return outage_of(rotation, now) if rotation is not None and rotation.has_running_outage else None
