from dataclasses import replace
from datetime import timedelta

import pytest

from policy.situations import ANA, DAY, HOUR, KIM, NOW, a_roster, a_rotation, a_service, a_token, states, the_facts
from tokenward.model.person import PersonState
from tokenward.model.rotation import Blocked, Claim, Rotation, State
from tokenward.model.target import BlockReason
from tokenward.model.token import TokenState
from tokenward.policy.decision import Facts
from tokenward.rotation.announce import announce

WAITING = a_rotation(entered_at=NOW, due_at=NOW + 8 * DAY)


def told(rotation: Rotation, days: float, facts: Facts | None = None, before: Rotation | None = None) -> list[str]:
    """Return who is told what when *rotation* is looked at *days* after the question."""
    facts = facts or the_facts(rotation=rotation)
    messages = announce(before or rotation, rotation, facts, NOW + days * DAY)
    return [f"{message.audience} {message.template}" for message in messages]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, ["person:kim token.asked"]),
        (4, ["person:kim token.asked", "person:kim token.reminded"]),
        (
            6,
            [
                "person:kim token.asked",
                "person:kim token.reminded",
                "person:ana deputy.told",
                "operators token.late",
            ],
        ),
        (8, ["person:kim token.asked", "operators token.late"]),
    ],
    ids=["asked", "half", "three quarters", "due"],
)
def test_the_ladder_grows_louder_as_the_date_nears(days, said):
    """B11.1: asked, reminded at half, the deputy told at three quarters, and the operators with her."""
    assert told(WAITING, days) == said


def test_operators_learn_at_once_that_whoever_is_asked_cannot_be_told():
    """B11.1: nothing is lost silently where the configuration names no contact."""
    unheard = replace(KIM, contact=())
    facts = the_facts(roster=a_roster(unheard, ANA), rotation=WAITING)

    assert "operators person.unreachable" in told(WAITING, 0, facts)


def test_nobody_hears_the_same_twice():
    """B11.2: at every look within one level the keys are the same."""
    facts = the_facts(rotation=WAITING)
    looks = [announce(WAITING, WAITING, facts, NOW + timedelta(days=days)) for days in (4, 5)]

    assert {one.reason_key for one in looks[0]} == {one.reason_key for one in looks[1]}


def test_a_dead_token_is_on_calls_business_at_once():
    """B11.1: only for a dead token, a running outage or nobody left."""
    dead = the_facts(rotation=WAITING, token=a_token(state=TokenState.EXPIRED))

    assert "on-call token.alarm" in told(WAITING, 0, dead)
    assert "on-call token.alarm" not in told(WAITING, 8)


def test_whoever_wanted_no_reminder_is_left_alone_until_then():
    """B11.2: silence until that day."""
    snoozed = replace(WAITING, remind_at=NOW + 5 * DAY)

    assert told(snoozed, 4.5) == ["person:kim token.asked"]
    assert told(snoozed, 5) == ["person:kim token.asked", "person:kim token.reminded"]


def test_the_last_quarter_is_never_silent():
    """B11.2: or until the last quarter, whichever comes first."""
    assert "person:ana deputy.told" in told(replace(WAITING, remind_at=NOW + 7 * DAY), 6)


@pytest.mark.parametrize(
    "words",
    [
        {"claim": Claim("kim", NOW, NOW + HOUR)},
        {"recover_until": NOW + 9 * DAY},
        {"state": State.OPENED},
    ],
    ids=["at it", "recovery", "not asked yet"],
)
def test_nobody_is_pressed_who_is_at_it_or_not_asked(words):
    """B11.1: nor while the file of a stray download is looked for."""
    assert told(replace(WAITING, **words), 7) == []


def test_a_service_that_a_program_serves_presses_nobody():
    """B9.1: urgency is about people."""
    facts = the_facts(rotation=WAITING, needs_person=False)
    assert told(WAITING, 8, facts) == []


def test_nobody_left_is_said_to_operators_and_on_call():
    """B7.1, B11.1: nobody left: the operators."""
    opened = a_rotation(state=State.OPENED, actor=None)
    stuck = replace(opened, blocked=Blocked(BlockReason.NOBODY_USABLE, "name somebody", None, NOW))

    assert told(stuck, 0, before=opened) == ["operators rotation.blocked", "on-call token.alarm"]


def test_an_outage_that_stands_still_wakes_on_call():
    """B11.1: a running outage; the same block without one does not."""
    checked = a_rotation(state=State.CHECKED)
    stuck = replace(checked, blocked=Blocked(BlockReason.INSTALL_FAILED, "see to it", None, NOW))

    assert told(stuck, 0, before=checked) == ["operators rotation.blocked"]
    outage = replace(stuck, outage_started_at=NOW)
    assert told(outage, 0, before=checked) == ["operators rotation.blocked", "on-call token.alarm"]


def test_the_end_is_told_with_the_length_of_the_outage():
    """B4.3, B6.5: in the closing message, to the operators and to whoever did it."""
    proven = a_rotation(state=State.PROVEN, rung=3, outage_started_at=NOW, outage_ended_at=NOW + timedelta(seconds=90))
    done = replace(proven, state=State.DONE, closed_at=NOW)

    messages = announce(proven, done, the_facts(rotation=done), NOW)

    assert [message.audience for message in messages] == ["operators", "person:kim"]
    assert messages[0].words == {"rung": "3", "outage_seconds": "90"}


def test_whoever_leaves_is_not_even_thanked():
    """B7.2: nothing is sent to the departing person."""
    proven = a_rotation(state=State.PROVEN, rung=3)
    done = replace(proven, state=State.DONE, closed_at=NOW)
    facts = the_facts(rotation=done, people=states(PersonState("kim", departs_at=NOW + DAY)))

    assert [message.audience for message in announce(proven, done, facts, NOW)] == ["operators"]


def test_a_deputy_is_told_only_where_there_is_one():
    """B4.1, B11.1: a service without deputies tells the operators, from the start."""
    alone = the_facts(service=a_service(deputies=()), rotation=WAITING)

    assert told(WAITING, 0, alone) == ["person:kim token.asked", "operators deputy.none"]
    assert told(WAITING, 6, alone)[2:] == ["person:kim token.reminded", "operators token.late"]
