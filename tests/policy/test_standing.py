from dataclasses import replace
from datetime import datetime

import pytest

from policy.situations import (
    ANA,
    BOSS,
    DAY,
    HOUR,
    KIM,
    NOW,
    a_roster,
    all_of,
    an_event,
    only,
)
from tokenward.model.event import DEPARTURE_KINDS, Event, EventKind, Way
from tokenward.model.person import Person, PersonState, Standing
from tokenward.policy.decision import Decision, Ignore, NotePerson, Rotate, Tell
from tokenward.policy.identity import Ambiguous
from tokenward.policy.standing import PLANNED_CHANGE, alarm_of, departs_at, note
from tokenward.policy.templates import Template

TRUSTING = a_roster(trusted_for_silence=frozenset({"hr"}))
LATER = NOW + 20 * DAY


def noted(
    kind: EventKind, known: PersonState | None = None, *, person: Person = KIM, **words: object
) -> tuple[Decision, ...]:
    """Return what an event of *kind* changes about *person*, of whom *known* is known."""
    event = replace(an_event(kind), **words)  # type: ignore[arg-type]
    return note(event, person, known or PersonState(person.id), TRUSTING, NOW)


def state_after(kind: EventKind, known: PersonState | None = None, **words: object) -> PersonState:
    """Return how kim stands after an event of *kind*."""
    known = known or PersonState("kim")
    changes = all_of(NotePerson, noted(kind, known, **words))  # type: ignore[arg-type]
    return changes[0].state if changes else known


def test_an_event_about_nobody_is_ignored() -> None:
    """9: about anybody else only a replay id and a tally are kept."""
    event = an_event(EventKind.ACCOUNT_DISABLED)

    assert all_of(Ignore, note(event, None, PersonState(""), TRUSTING, NOW))


@pytest.mark.parametrize("kind", sorted(DEPARTURE_KINDS - {EventKind.EMPLOYMENT_ENDING}))
def test_a_departure_without_a_date_is_effective(kind: EventKind) -> None:
    """B7.3: since it happened."""
    state = state_after(kind, occurred_at=NOW - HOUR)

    assert state == PersonState("kim", Standing.DEPARTED, NOW - HOUR)
    assert state.has_left(NOW)


@pytest.mark.parametrize("kind", sorted(DEPARTURE_KINDS))
def test_a_departure_in_the_future_is_announced_and_changes_nothing_else(kind: EventKind) -> None:
    """B7.2: until then they stand as before."""
    known = PersonState("kim", Standing.PASSWORD_CHANGED, NOW - DAY)

    state = state_after(kind, known, effective_at=LATER)

    assert state == replace(known, departs_at=LATER)
    assert state.is_leaving()
    assert not state.has_left(NOW)


def test_an_announcement_without_a_date_is_not_told_as_effective() -> None:
    """B7.2: a fortnight is assumed."""
    state = state_after(EventKind.EMPLOYMENT_ENDING)

    assert state.departs_at == NOW + 14 * DAY
    assert state.standing is Standing.UNKNOWN


def test_a_date_that_has_passed_is_effective_since_then() -> None:
    """B7.3: late events are events."""
    state = state_after(EventKind.EMPLOYMENT_ENDING, effective_at=NOW - DAY)

    assert state == PersonState("kim", Standing.DEPARTED, NOW - DAY)


def test_an_announcement_does_not_bring_back_whoever_is_gone() -> None:
    """B9.3: only a return does."""
    gone = PersonState("kim", Standing.DEPARTED, NOW - DAY)

    assert noted(EventKind.EMPLOYMENT_ENDING, gone, effective_at=LATER, source="hr") == ()


@pytest.mark.parametrize(("source", "expected"), [("hr", LATER), ("okta", NOW + DAY)])
def test_only_a_trusted_source_can_put_a_departure_off(source: str, expected: datetime) -> None:
    """B9.2: a later date silences."""
    known = PersonState("kim", departs_at=NOW + DAY)

    assert state_after(EventKind.EMPLOYMENT_ENDING, known, effective_at=LATER, source=source).departs_at == expected


def test_anybody_can_bring_a_departure_forward() -> None:
    """B9.2: an earlier date silences nothing."""
    known = PersonState("kim", departs_at=LATER)

    state = state_after(EventKind.EMPLOYMENT_ENDING, known, effective_at=NOW + DAY, source="okta")

    assert state.departs_at == NOW + DAY


def test_a_return_ends_a_departure_when_its_source_is_trusted() -> None:
    """B9.2: `account.enabled` silences."""
    gone = PersonState("kim", Standing.DEPARTED, NOW - DAY)

    assert state_after(EventKind.ACCOUNT_ENABLED, gone, source="hr") == PersonState("kim", Standing.ACTIVE, NOW)
    assert state_after(EventKind.ACCOUNT_ENABLED, gone, source="okta") == gone


def test_a_return_ends_an_announcement_and_a_lost_role() -> None:
    """B7.3: withdrawn."""
    announced = PersonState("kim", Standing.ROLE_LOST, NOW - DAY, LATER)

    assert state_after(EventKind.ACCOUNT_ENABLED, announced, source="hr") == PersonState("kim", Standing.ACTIVE, NOW)


def test_an_older_departure_does_not_overrule_a_newer_return() -> None:
    """B9.3: events arrive in any order."""
    back = PersonState("kim", Standing.ACTIVE, NOW - HOUR)

    assert noted(EventKind.ACCOUNT_DISABLED, back, occurred_at=NOW - DAY) == ()
    assert state_after(EventKind.ACCOUNT_DISABLED, back, occurred_at=NOW).standing is Standing.DEPARTED


def test_an_older_return_does_not_overrule_a_newer_departure() -> None:
    """B9.3: the other way round."""
    gone = PersonState("kim", Standing.DEPARTED, NOW - HOUR)

    assert noted(EventKind.ACCOUNT_ENABLED, gone, source="hr", occurred_at=NOW - DAY) == ()


def test_a_reminder_of_a_date_that_is_no_longer_known_changes_nothing() -> None:
    """B7.3: the person returned while the clock's event lay waiting."""
    event = {"source": "clock", "way": Way.WATCH, "effective_at": LATER}

    assert noted(EventKind.EMPLOYMENT_ENDING, PersonState("kim"), **event) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "standing"),
    [
        (EventKind.ACCOUNT_LOCKED, Standing.LOCKED),
        (EventKind.PASSWORD_CHANGED, Standing.PASSWORD_CHANGED),
        (EventKind.PASSWORD_RESET, Standing.PASSWORD_CHANGED),
        (EventKind.ROLE_LOST, Standing.ROLE_LOST),
    ],
)
def test_lesser_events_are_noted_too(kind: EventKind, standing: Standing) -> None:
    """9: account.locked is recorded, role.lost makes unusable; an announced date stays."""
    state = state_after(kind, PersonState("kim", departs_at=LATER))

    assert state == PersonState("kim", standing, NOW, LATER)


@pytest.mark.parametrize("kind", [EventKind.ACCOUNT_LOCKED, EventKind.PASSWORD_CHANGED])
@pytest.mark.parametrize("stronger", [Standing.DEPARTED, Standing.ROLE_LOST])
def test_lesser_events_do_not_cover_greater_ones(kind: EventKind, stronger: Standing) -> None:
    """B7.1: whoever is unusable stays so."""
    known = PersonState("kim", stronger, NOW - DAY)

    assert state_after(kind, known) == known


def test_a_flag_is_no_change() -> None:
    """9: password.expire_flag is recorded only."""
    assert noted(EventKind.PASSWORD_EXPIRE_FLAG) == ()


@pytest.mark.parametrize("person", [ANA, BOSS], ids=["deputy", "acceptor"])
@pytest.mark.parametrize("effective_at", [None, LATER])
def test_a_departing_deputy_or_acceptor_is_warned_about_and_nothing_rotates(
    person: Person, effective_at: datetime | None
) -> None:
    """B7.5: in words that tell nothing."""
    decisions = noted(EventKind.ACCOUNT_DISABLED, person=person, effective_at=effective_at)

    (told,) = (one for one in all_of(Tell, decisions) if one.template is Template.DEPUTY_CHANGE)
    assert told.audience == "operators"
    assert told.words == {"person": person.id, "why": PLANNED_CHANGE}
    assert not all_of(Rotate, decisions)


@pytest.mark.parametrize("effective_at", [None, LATER], ids=["gone", "announced"])
def test_what_is_to_be_done_about_an_account_is_queued_once_for_each_departure(effective_at: datetime | None) -> None:
    """B7.4: for the operators, where it waits for the day itself; further news of the same departure adds nothing."""
    first = noted(EventKind.ACCOUNT_DISABLED, effective_at=effective_at)
    known = only(NotePerson, first).state

    assert [(one.audience, one.template) for one in all_of(Tell, first)] == [("operators", Template.CUSTODIAN_GONE)]
    again = noted(EventKind.ACCOUNT_DELETED, known, effective_at=NOW)
    assert all_of(Tell, again) == []


def test_a_lost_role_is_warned_about_once_a_day() -> None:
    """9: role.lost warns."""
    told = only(Tell, noted(EventKind.ROLE_LOST))

    assert (told.audience, told.reason_key) == ("operators", "role.lost/kim/2026-11-24")


def test_a_recycled_address_raises_an_alarm() -> None:
    """9: identifier.recycled warns, naming the address."""
    told = only(Tell, noted(EventKind.IDENTIFIER_RECYCLED))

    assert told.template == "identifier.recycled"
    assert told.words["name"] == "kim@corp.example"


@pytest.mark.parametrize(("source", "trusted"), [("hr", "yes"), ("okta", "no")])
def test_a_new_name_is_told_with_whether_its_source_is_trusted(source: str, trusted: str) -> None:
    """9: identifier.changed never matches anybody by itself."""
    told = only(Tell, noted(EventKind.IDENTIFIER_CHANGED, source=source, data={"new": "kim.ray@corp.example"}))

    assert told.words["trusted"] == trusted
    assert told.words["name"] == "kim.ray@corp.example"


def test_an_event_about_two_people_raises_an_alarm_and_nothing_else() -> None:
    """B7.8: nothing done."""
    told = alarm_of(Ambiguous(("kim", "ana")), an_event(EventKind.ACCOUNT_DELETED, source="hr"))

    assert told.words == {"people": "kim, ana", "source": "hr", "name": "kim@corp.example"}


@pytest.mark.parametrize("kind", list(EventKind))
def test_saying_it_twice_changes_nothing_more(kind: EventKind) -> None:
    """B9.3: repetition is normal."""
    once = state_after(kind, source="hr")

    assert state_after(kind, once, source="hr") == once


def test_a_departure_says_when_it_takes_effect() -> None:
    """B7.3: in the future, or not at all."""
    event: Event = an_event(EventKind.EMPLOYMENT_ENDED)

    assert departs_at(event, NOW) is None
    assert departs_at(replace(event, effective_at=LATER), NOW) == LATER
    assert departs_at(replace(event, effective_at=LATER), LATER) is None
