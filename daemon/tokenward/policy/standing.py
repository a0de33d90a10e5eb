"""What an event about a person changes about that person: once per event, however many services it concerns.

A known end is stronger than everything else, then a lost role; only a source that is trusted for silence
takes them back. Words that others may read never tell of a departure: they speak of a planned change of
custodian.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tokenward.model.event import DEPARTURE_KINDS, Event, EventKind
from tokenward.model.instant import DAY
from tokenward.model.person import Person, PersonState, Standing
from tokenward.model.roster import Roster
from tokenward.policy.audience import OPERATORS, to_person
from tokenward.policy.decision import Decision, Ignore, NotePerson, Tell
from tokenward.policy.horizon import CLOCK
from tokenward.policy.identity import Ambiguous
from tokenward.policy.templates import Template

PLANNED_CHANGE: Final = "planned change of custodian"
"""All that anybody but the operators at the control socket learns of a departure."""

ASSUMED_NOTICE: Final = 14 * DAY
"""How far ahead an announced departure without a date is taken to be: it must not be told as effective."""


def note(
    event: Event, person: Person | None, state: PersonState, roster: Roster, now: datetime
) -> tuple[Decision, ...]:
    """Return what *event* changes about *person*, of whom *state* is known so far, and whom to warn of it."""
    if person is None:
        return (Ignore("about nobody whom the configuration names"),)
    rule = _RULES.get(event.kind)
    return rule(_Report(event, person, state, roster, now)) if rule else ()


def alarm_of(ambiguous: Ambiguous, event: Event) -> Tell:
    """Return the alarm that an event raises of which nobody can say whom it means; it leads to nothing else."""
    words = {"people": ", ".join(ambiguous.people), "source": event.source, "name": _name(event)}
    reason_key = f"{Template.IDENTITY_AMBIGUOUS}/{event.source}/{_name(event)}"
    return Tell(OPERATORS, Template.IDENTITY_AMBIGUOUS, reason_key, words)


def departs_at(event: Event, now: datetime) -> datetime | None:
    """Return the day in the future on which a departure takes effect; None where it has."""
    if event.effective_at is not None:
        return event.effective_at if event.effective_at > now else None
    if event.kind is not EventKind.EMPLOYMENT_ENDING:
        return None
    assumed = happened_at(event) + ASSUMED_NOTICE
    return assumed if assumed > now else None


def is_outdated(event: Event, state: PersonState) -> bool:
    """Return whether what is known already overrules a departure, for events come in any order.

    A return that happened after it does, and so does another date that was learnt while the clock's own reminder
    of the old one lay waiting.
    """
    if event.source == CLOCK:
        return event.effective_at != state.departs_at
    return state.standing is Standing.ACTIVE and state.since is not None and happened_at(event) < state.since


def happened_at(event: Event) -> datetime:
    """Return when *event* happened, or came in where its sender does not say."""
    return event.occurred_at or event.received_at


@dataclass(frozen=True, slots=True)
class _Report:
    """An event about a configured person, with all that is known of them."""

    event: Event
    person: Person
    state: PersonState
    roster: Roster
    now: datetime

    @property
    def is_trusted(self) -> bool:
        return self.event.source in self.roster.trusted_for_silence

    def now_stands(self, standing: Standing, why: str) -> tuple[Decision, ...]:
        """Note *standing* unless what is known already is stronger."""
        if _STRENGTH.get(self.state.standing, 0) > _STRENGTH.get(standing, 0):
            return ()
        changed = replace(self.state, standing=standing, since=happened_at(self.event))
        return (NotePerson(changed, why),) if changed != self.state else ()

    def tell(self, template: Template, **words: str) -> Tell:
        """Tell the operators, once a day for each person and matter."""
        reason_key = f"{template}/{self.person.id}/{self.event.received_at:%Y-%m-%d}"
        return Tell(OPERATORS, template, reason_key, {"person": self.person.id, **words})


_STRENGTH: Final = {Standing.ROLE_LOST: 1, Standing.DEPARTED: 2}


def _departed(report: _Report) -> tuple[Decision, ...]:
    if is_outdated(report.event, report.state):
        return ()
    changed = _gone(report)
    if changed == report.state:
        return ()
    decided: tuple[Decision, ...] = (NotePerson(changed, PLANNED_CHANGE),)
    if not report.state.is_leaving():
        decided = (*decided, _when_gone(report))
    if _stands_in(report.person, report.roster):
        decided = (*decided, report.tell(Template.DEPUTY_CHANGE, why=PLANNED_CHANGE))
    return decided


def _when_gone(report: _Report) -> Tell:
    """Return what the operators are to do about the account, once for each departure. It waits for the day itself."""
    person = report.person.id
    reason_key = f"{Template.CUSTODIAN_GONE}/{person}/{report.event.received_at.isoformat()}"
    return Tell(OPERATORS, Template.CUSTODIAN_GONE, reason_key, {"person": person})


def _gone(report: _Report) -> PersonState:
    state, leaves_at = report.state, departs_at(report.event, report.now)
    if state.standing is Standing.DEPARTED:
        return state
    if leaves_at is None:
        since = report.event.effective_at or happened_at(report.event)
        return replace(state, standing=Standing.DEPARTED, since=since, departs_at=None)
    if state.departs_at is not None and not report.is_trusted:
        leaves_at = min(leaves_at, state.departs_at)  # a later date silences, so it takes a trusted source
    return replace(state, departs_at=leaves_at)


def _returned(report: _Report) -> tuple[Decision, ...]:
    state, at = report.state, happened_at(report.event)
    if not report.is_trusted or (state.since is not None and at < state.since):
        return ()
    changed = PersonState(report.person.id, Standing.ACTIVE, at, confirmed_at=state.confirmed_at)
    return (NotePerson(changed, "the account is in use"),) if changed != state else ()


def _locked(report: _Report) -> tuple[Decision, ...]:
    return report.now_stands(Standing.LOCKED, "the account is locked for a time")


def _password_changed(report: _Report) -> tuple[Decision, ...]:
    return report.now_stands(Standing.PASSWORD_CHANGED, "the password changed")


def _role_lost(report: _Report) -> tuple[Decision, ...]:
    noted = report.now_stands(Standing.ROLE_LOST, "the role in Apple's portal may be gone")
    return (*noted, report.tell(Template.ROLE_LOST))


def _identifier_changed(report: _Report) -> tuple[Decision, ...]:
    trusted = "yes" if report.is_trusted else "no"
    name = report.event.data.get("new", "")
    return (report.tell(Template.IDENTIFIER_CHANGED, source=report.event.source, trusted=trusted, name=name),)


def _identifier_recycled(report: _Report) -> tuple[Decision, ...]:
    return (report.tell(Template.IDENTIFIER_RECYCLED, source=report.event.source, name=_name(report.event)),)


def _access_confirmed(report: _Report) -> tuple[Decision, ...]:
    confirmed = replace(report.state, confirmed_at=happened_at(report.event))
    return (NotePerson(confirmed, f"{report.person.id} can sign in and see the services"),)


def _confirmation_due(report: _Report) -> tuple[Decision, ...]:
    return _told_themselves(report, Template.CONFIRM_ACCESS)


def _link_wanted(report: _Report) -> tuple[Decision, ...]:
    return _told_themselves(report, Template.LINK)


def _told_themselves(report: _Report, template: Template) -> tuple[Decision, ...]:
    """Tell the person, once for each event, unless they leave."""
    if report.state.is_leaving():
        return ()
    return (Tell(to_person(report.person.id), template, f"{template}/{report.event.key}"),)


_RULES: Final[Mapping[EventKind, Callable[[_Report], tuple[Decision, ...]]]] = {
    **dict.fromkeys(DEPARTURE_KINDS, _departed),
    EventKind.ACCOUNT_ENABLED: _returned,
    EventKind.ACCOUNT_LOCKED: _locked,
    EventKind.PASSWORD_CHANGED: _password_changed,
    EventKind.PASSWORD_RESET: _password_changed,
    EventKind.ROLE_LOST: _role_lost,
    EventKind.IDENTIFIER_CHANGED: _identifier_changed,
    EventKind.IDENTIFIER_RECYCLED: _identifier_recycled,
    EventKind.ACCESS_CONFIRMED: _access_confirmed,
    EventKind.CONFIRMATION_DUE: _confirmation_due,
    EventKind.LINK_WANTED: _link_wanted,
}


def _stands_in(person: Person, roster: Roster) -> bool:
    """Return whether *person* is a deputy or accepts the terms anywhere."""
    return any(person.id in service.deputies for service in roster.services.values()) or any(
        person.id in organisation.terms for organisation in roster.organisations.values()
    )


def _name(event: Event) -> str:
    return event.subject.value if event.subject else ""
