from dataclasses import replace
from typing import Any

import pytest

from policy.situations import DAY, HOUR, NOW, a_roster, a_rotation, a_service, a_token, states, the_facts
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import State
from tokenward.policy.asking import Part, Situation
from tokenward.policy.decision import Facts
from tokenward.policy.horizon import due_confirmations


def situation(*services: Facts) -> Situation:
    """Return how things stand with *services*, whose people are those of the first."""
    return Situation(services[0].roster, services[0].people, services, NOW)


def parts(person: str, facts: Facts) -> list[Part]:
    """Return what is open for *person*."""
    return [ask.part for ask in situation(facts).asks_of(person)]


def test_whoever_is_asked_has_something_open_and_nobody_else() -> None:
    """B6.2: the custodian downloads; the deputy is not asked yet."""
    facts = the_facts(rotation=a_rotation())

    assert (parts("kim", facts), parts("ana", facts), parts("boss", facts)) == ([Part.DOWNLOAD], [], [])


def test_nothing_is_open_before_the_way_is_clear() -> None:
    """B4.1: before that nobody is asked."""
    assert parts("kim", the_facts(rotation=a_rotation(state=State.CERTIFICATE_READY))) == []


@pytest.mark.parametrize("again", [{"certificate_changed": True}, {"visit": 1}], ids=["other certificate", "file lost"])
def test_whoever_was_asked_keeps_the_link_while_the_way_is_prepared_anew(again: dict[str, object]) -> None:
    """B2.3: links stay, and the page says that they wait."""
    assert parts("kim", the_facts(rotation=a_rotation(state=State.OPENED, **again))) == [Part.WAIT]


def test_in_recovery_everybody_with_portal_rights_is_asked_for_the_file() -> None:
    """B4.4: whoever clicked has it; the boss can't have clicked."""
    facts = the_facts(rotation=a_rotation(recover_until=NOW + HOUR))

    assert [parts(person, facts) for person in ("kim", "ana", "boss")] == [[Part.FIND], [Part.FIND], []]


@pytest.mark.parametrize("state", [State.RECEIVED, State.CHECKED, State.INSTALLED, State.PROVEN])
def test_whoever_handed_the_file_over_watches_it_being_installed(state: State) -> None:
    """B6.5: until it is proven, whoever was asked too."""
    facts = the_facts(rotation=a_rotation(state=state, supplied_by="Ana@corp.example"))

    assert (parts("kim", facts), parts("ana", facts)) == ([Part.WATCH], [Part.WATCH])


@pytest.mark.parametrize(
    "state", [PersonState("kim", Standing.DEPARTED), PersonState("kim", departs_at=NOW + DAY)], ids=["left", "leaving"]
)
def test_nothing_is_open_for_whoever_leaves(state: PersonState) -> None:
    """B7.2: nothing is sent to them, and their links die."""
    facts = the_facts(rotation=a_rotation(), people=states(state))

    assert parts("kim", facts) == []
    assert not situation(facts).may_be_told("kim")


@pytest.mark.parametrize("words", [{"needs_person": False}, {"service": a_service(issuer=None)}])
def test_a_service_that_asks_nobody_opens_nothing(words: dict[str, Any]) -> None:
    """B4.7, B1.5: a program downloads, or nobody does."""
    assert parts("kim", the_facts(rotation=a_rotation(), **words)) == []


def test_what_is_under_way_comes_first_and_then_what_is_due_first() -> None:
    """B6.2: one after the other."""
    services = [a_service(id=one, name=one) for one in ("b", "a", "c")]
    late, soon, under_way = (
        the_facts(service=services[0], rotation=a_rotation(service="b", due_at=NOW + 9 * DAY)),
        the_facts(service=services[1], rotation=a_rotation(service="a", due_at=NOW + DAY)),
        the_facts(service=services[2], rotation=a_rotation(service="c", state=State.CHECKED)),
    )

    assert [ask.service.id for ask in situation(late, soon, under_way).asks_of("kim")] == ["c", "a", "b"]


def test_a_question_that_moved_to_the_deputy_is_told_from_one_that_ended() -> None:
    """B6.1: a link is revoked when the question is somebody else's."""
    moved = the_facts(rotation=a_rotation(actor="ana"))

    assert situation(moved).is_moved_on_from("kim")
    assert not situation(the_facts()).is_moved_on_from("kim")
    assert not situation(moved).is_moved_on_from("boss")


@pytest.mark.parametrize(
    ("state", "owes"),
    [
        (PersonState("ana"), True),
        (PersonState("ana", confirmed_at=NOW - 160 * DAY), False),
        (PersonState("ana", confirmed_at=NOW - 170 * DAY), True),
        (PersonState("ana", Standing.ROLE_LOST), False),
        (PersonState("ana", departs_at=NOW + DAY), False),
    ],
    ids=["never", "lately", "two weeks before its end", "role lost", "leaving"],
)
def test_deputies_say_twice_a_year_that_they_can_sign_in(state: PersonState, owes: bool) -> None:
    """B6.3, B7.6: asked again two weeks before their last word has run out."""
    stands = situation(the_facts(people=states(state)))

    assert stands.owes_confirmation("ana") is owes
    assert not stands.owes_confirmation("kim")
    assert [event.subject.value for event in due_confirmations(stands) if event.subject] == ["ana"] * owes


def test_nobody_confirms_a_service_that_is_not_linked() -> None:
    """B6.3: there is nothing to see of it yet."""
    assert not situation(the_facts(token=None)).owes_confirmation("ana")


def test_a_confirmation_is_asked_for_once_for_all_services_and_once_in_half_a_year() -> None:
    """B11.1: one per person; the inbox takes each key once."""
    services = (a_service(), a_service(id="labs", name="Labs"))
    both = tuple(the_facts(service=one, roster=a_roster(services=services), token=a_token()) for one in services)
    now, later = situation(*both), replace(situation(*both), now=NOW + 184 * DAY)

    keys = [[event.key for event in due_confirmations(one)] for one in (now, replace(now, now=NOW + HOUR), later)]
    assert [len(each) for each in keys] == [1, 1, 1]
    assert keys[0] == keys[1] != keys[2]
