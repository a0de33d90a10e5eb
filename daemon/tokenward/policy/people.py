"""Rules about people: what an event about somebody means for a service that they have to do with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps

from tokenward.model.person import Authentication, Person
from tokenward.model.rotation import Cause, Rotation
from tokenward.model.service import OnDeparture, OnPasswordChange
from tokenward.policy import due
from tokenward.policy.audience import OPERATORS
from tokenward.policy.case import Case, Decisions, Rule
from tokenward.policy.decision import Cancel, Ignore, Probe, Reassign, Record, Rotate, Tell
from tokenward.policy.identity import is_downloader, is_next_downloader, speaks_of_password
from tokenward.policy.probing import probe_times
from tokenward.policy.standing import PLANNED_CHANGE, departs_at, is_outdated
from tokenward.policy.succession import who_acts
from tokenward.policy.templates import Template

_NOT_THEIR_TOKEN = "the token was not downloaded by this person"  # noqa: S105 - a sentence, no secret


def _about_somebody(rule: Callable[[Case, Person], Decisions]) -> Rule:
    @wraps(rule)
    def ruled(case: Case) -> Decisions:
        if case.person is None:
            return (Ignore("about nobody whom the configuration names"),)
        return rule(case, case.person)

    return ruled


@_about_somebody
def password_changed(case: Case, person: Person) -> Decisions:
    """Return what a new password leads to: what the source can know comes before what the service wants."""
    if not is_downloader(person, case.facts):
        return (Record(_NOT_THEIR_TOKEN),)
    probe = Probe(probe_times(case.now), "the password of the person who downloaded the token changed")
    if not speaks_of_password(case.event, person, case.facts):
        return (Record(_why_not_believed(person)), probe)
    match case.policy.on_password_change:
        case OnPasswordChange.RECORD:
            return (Record("this service only records password changes"),)
        case OnPasswordChange.PROBE:
            return (*case.suspect(probe.why), probe)
        case OnPasswordChange.ROTATE:
            due_at = case.planned(due.password_period(person, case.policy))
            why = f"the password of {person.id}, who downloaded the token, changed"
            return (case.rotate(Cause.PASSWORD, due_at, why), *case.suspect(probe.why), probe)


@_about_somebody
def departed(case: Case, person: Person) -> Decisions:
    """Return what a departure leads to: a rotation by somebody else if the token is, or will be, theirs."""
    if is_outdated(case.event, case.facts.state_of(person.id)):
        return (Record("older than what is known of this person"),)
    why = _departure_why(case, person)
    passed_on = _passed_on(case, person, why)
    if not is_downloader(person, case.facts) and not is_next_downloader(person, case.facts):
        concerned: Decisions = passed_on
        if person.id == case.service.custodian:
            concerned = (*passed_on, _warning(case, why))
        return concerned or (Record(_NOT_THEIR_TOKEN),)
    match case.policy.on_departure:
        case OnDeparture.WARN:
            return (*passed_on, _warning(case, why))
        case OnDeparture.ROTATE:
            return (*_change_of_custodian(case, person, why), *passed_on)


@_about_somebody
def returned(case: Case, person: Person) -> Decisions:
    """Return what a return leads to: it ends a change that nobody has begun, and mends no dead token."""
    if case.event.source not in case.facts.roster.trusted_for_silence:
        return (Record("this source is not trusted to take anything back"),)
    if not is_downloader(person, case.facts) or not _only_changes_custodian(case.rotation):
        return (Record("nothing to take back here"),)
    if case.is_dead:
        return (Record("the token is dead, so the rotation goes on"),)
    return (Cancel("the change of custodian is off"),)


@_about_somebody
def role_lost(case: Case, person: Person) -> Decisions:
    """Return what a lost role leads to: a probe of the token, and somebody else to ask."""
    passed_on = _passed_on(case, person, f"the role of {person.id} may no longer allow it")
    concerned: Decisions = (*_probe_once(case, person), *passed_on)
    return concerned or (Record(_NOT_THEIR_TOKEN),)


@_about_somebody
def identifier_recycled(case: Case, person: Person) -> Decisions:
    """Return what a recycled address leads to: the alarm is raised elsewhere, here the token is probed."""
    return _probe_once(case, person) or (Record(_NOT_THEIR_TOKEN),)


@_about_somebody
def only_recorded(case: Case, person: Person) -> Decisions:
    """Return that the event is kept and leads to nothing here."""
    return (Record(f"{case.event.kind} of {person.id} changes nothing for this service"),)


def _change_of_custodian(case: Case, person: Person, why: str) -> Decisions:
    leaves_at = departs_at(case.event, case.now)
    if leaves_at is None:
        rotate = _rotate_away(case, person, case.now, why)
        return (rotate, *case.suspect(why), Probe(probe_times(case.now), why))
    if not case.service.is_watched and case.now < due.departure_opens_at(leaves_at, case.policy):
        return (Record(f"{why}: the rotation opens in time"),)
    due_at = case.now if case.is_dead else due.departure_due_at(leaves_at, case.now, case.policy)
    return (_rotate_away(case, person, due_at, why),)


def _rotate_away(case: Case, person: Person, due_at: datetime, why: str) -> Rotate:
    """A new token with a new key, downloaded by anybody but *person*."""
    return replace(
        case.rotate(Cause.CUSTODIAN, due_at, why),
        new_key=True,
        actor=who_acts(case.facts, case.now, exclude=frozenset({person.id})),
        satisfied_after_click=not is_next_downloader(person, case.facts),
    )


def _passed_on(case: Case, person: Person, why: str) -> tuple[Reassign, ...]:
    """Somebody else for the open rotation, if *person* is asked in it and the click is still to come."""
    rotation = case.rotation
    if rotation is None or rotation.is_after_click or rotation.actor != person.id:
        return ()
    return (Reassign(who_acts(case.facts, case.now, exclude=frozenset({person.id})), why),)


def _probe_once(case: Case, person: Person) -> tuple[Probe, ...]:
    if not is_downloader(person, case.facts):
        return ()
    return (Probe((case.now,), f"{case.event.kind} of the person who downloaded the token"),)


def _only_changes_custodian(rotation: Rotation | None) -> bool:
    return (
        rotation is not None
        and rotation.causes == (Cause.CUSTODIAN,)
        and rotation.claim is None
        and rotation.outage_started_at is None
        and not rotation.is_after_click
    )


def _departure_why(case: Case, person: Person) -> str:
    if not case.policy.departures_open:
        return PLANNED_CHANGE
    leaves_at = departs_at(case.event, case.now)
    return f"{person.id} leaves on {leaves_at:%Y-%m-%d}" if leaves_at else f"{person.id} has left"


def _warning(case: Case, why: str) -> Tell:
    reason_key = f"{Template.CUSTODIAN_CHANGE}/{case.service.id}/{case.event.received_at:%Y-%m-%d}"
    return Tell(OPERATORS, Template.CUSTODIAN_CHANGE, reason_key, {"service": case.service.id, "why": why})


def _why_not_believed(person: Person) -> str:
    if person.authentication is Authentication.APPLE:
        return f"Apple keeps the password of {person.id}, and this source does not see it"
    return f"this source does not speak of the password of {person.id}"
