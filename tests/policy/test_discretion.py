"""Until a departure is effective, nothing that anybody may read tells of it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from policy.situations import (
    ANA,
    BOSS,
    DAY,
    KIM,
    NOW,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    an_event,
    asked,
    states,
    the_facts,
)
from tokenward.model.event import DEPARTURE_KINDS, EventKind
from tokenward.model.person import Person, PersonState
from tokenward.model.rotation import State
from tokenward.model.service import OnDeparture, ServicePolicy
from tokenward.policy.decision import Decision, Deny, Facts, Tell
from tokenward.policy.horizon import due_events
from tokenward.policy.standing import note
from tokenward.policy.table import TABLE, decide

LAST_DAY = datetime(2026, 12, 7, 17, tzinfo=UTC)  # a Monday, within the fortnight
TELLTALE = re.compile(
    r"leav|depart|\bleft\b|offboard|employ|resign|fired|disabled|deleted|account\.|ending|ended"
    r"|2026-12-07|7 dec|december|monday",
    re.IGNORECASE,
)
WATCHED = a_service(issuer=None)
SITUATIONS = {
    "quiet": the_facts(),
    "warned": the_facts(ServicePolicy(on_departure=OnDeparture.WARN)),
    "watched": the_facts(service=WATCHED),
    "not theirs": the_facts(token=a_token(downloader="ana@corp.example")),
    "asked": the_facts(rotation=a_rotation(actor="kim")),
    "asked deputy": the_facts(rotation=a_rotation(actor="ana")),
    "clicked": the_facts(rotation=a_rotation(state=State.RECEIVED, supplied_by="kim@corp.example")),
    "alone": the_facts(service=a_service(deputies=())),
}


def readable(decisions: tuple[Decision, ...]) -> Iterator[str]:
    """Return every text of *decisions* that somebody may read."""
    for decision in decisions:
        match decision:
            case Tell():
                yield from (decision.template, decision.reason_key, *decision.words.values())
            case Deny():
                yield decision.finding.text()
            case _:
                yield decision.why


@pytest.mark.parametrize("facts", SITUATIONS.values(), ids=SITUATIONS)
@pytest.mark.parametrize("days", [0, 60], ids=["within the lead", "far ahead"])
@pytest.mark.parametrize("person", [KIM, ANA, BOSS], ids=lambda person: person.id)
@pytest.mark.parametrize("kind", sorted(DEPARTURE_KINDS))
def test_no_word_tells_of_a_departure_before_it_is_effective(
    kind: EventKind, person: Person, days: int, facts: Facts
) -> None:
    """B7.2: neither reasons, words, keys nor names of messages."""
    event = an_event(kind, effective_at=LAST_DAY + days * DAY)
    decisions = (
        *note(event, person, facts.state_of(person.id), a_roster(), NOW),
        *decide(event, facts, NOW, person),
    )

    texts = list(readable(decisions))

    assert texts
    assert [text for text in texts if TELLTALE.search(text)] == []


@pytest.mark.parametrize("facts", SITUATIONS.values(), ids=SITUATIONS)
def test_an_announcement_without_a_date_tells_nothing_either(facts: Facts) -> None:
    """B7.2: it is not effective yet."""
    event = an_event(EventKind.EMPLOYMENT_ENDING)
    decisions = (*note(event, KIM, PersonState("kim"), a_roster(), NOW), *decide(event, facts, NOW, KIM))

    assert [text for text in readable(decisions) if TELLTALE.search(text)] == []


def test_what_the_clock_raises_tells_nothing_either() -> None:
    """B7.2: when its time has come."""
    facts = the_facts(people=states(PersonState("kim", departs_at=LAST_DAY)))
    (event,) = due_events(facts, NOW)

    assert [text for text in readable(decide(event, facts, NOW, KIM)) if TELLTALE.search(text)] == []


@pytest.mark.parametrize("kind", sorted(set(TABLE) - DEPARTURE_KINDS))
def test_other_events_do_not_tell_of_it_in_passing(kind: EventKind) -> None:
    """B7.2: while kim is going, whatever happens meanwhile."""
    facts = the_facts(
        people=states(PersonState("kim", departs_at=LAST_DAY)), rotation=a_rotation(actor="ana", certificate="f1")
    )
    event = an_event(kind, source="control", data={"person": "kim", "attachment": "f2"})

    texts = readable(decide(event, facts, NOW, KIM))

    assert [text for text in texts if TELLTALE.search(text.replace(kind, ""))] == []


def test_whoever_departs_is_refused_without_the_reason() -> None:
    """B7.2: a claim of somebody who is going."""
    facts = replace(SITUATIONS["asked deputy"], people=states(PersonState("kim", departs_at=LAST_DAY)))

    assert [text for text in readable(asked(EventKind.CLAIM, facts, person="kim")) if TELLTALE.search(text)] == []


@pytest.mark.parametrize("kind", sorted(DEPARTURE_KINDS))
def test_nothing_is_sent_to_the_departing_person(kind: EventKind) -> None:
    """B7.2: to nobody but the operators."""
    event = an_event(kind, effective_at=LAST_DAY)
    for facts in SITUATIONS.values():
        decisions = (*note(event, KIM, PersonState("kim"), a_roster(), NOW), *decide(event, facts, NOW, KIM))
        assert {one.audience for one in decisions if isinstance(one, Tell)} <= {"operators"}
