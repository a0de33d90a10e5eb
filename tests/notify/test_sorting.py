from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.scene import ANAS, EVERY_WORD, LABS, ROSTER, asked, desk, facts_of, message, waiting
from policy.situations import DAY, HOUR, MINUTE, NOW, a_rotation, a_token
from tokenward.model.person import PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.rotation import Cause
from tokenward.model.token import TokenState
from tokenward.notify.sorting import GATHERED_FOR, LINK_WITHIN, LOOKED_AT_AGAIN, MOST_SECTIONS, sort_out
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message

NIGHT = QuietHours(start=(NOW - HOUR).time(), end=(NOW + 2 * HOUR).time(), weekends=False)
ASLEEP = replace(ROSTER, quiet=NIGHT)
DEAD = replace(asked(), token=a_token(state=TokenState.REJECTED))
RECOVERS = a_rotation(id="r-main", recover_until=NOW + HOUR)
LATE = message(Template.LATE, "operators", person="kim", level="moved")
ALARM = message(Template.ALARM, "on-call", why="dead")


def kinds(rows) -> list[str]:
    """Return what *rows* are, each as its template and whom it is for."""
    return [f"{row.message.template} {row.message.audience}" for row in rows]


def test_what_has_waited_its_moment_goes_as_one_letter_to_each_reader():
    """B11.1: one event makes one letter."""
    rows = waiting(message(Template.ASKED), LATE, message(Template.ASKED, service="labs"))

    found = sort_out(rows, desk(asked(), asked(LABS)))

    assert [kinds(one) for one in found.letters] == [
        ["token.asked person:kim", "token.asked person:kim"],
        ["token.late operators"],
    ]


@pytest.mark.parametrize(
    ("age", "goes"),
    [(timedelta(), False), (GATHERED_FOR - timedelta(seconds=1), False), (GATHERED_FOR, True), (-DAY, True)],
    ids=["new", "not yet", "gathered", "the clock was set back"],
)
def test_a_message_waits_a_moment_for_others(age, goes):
    """B11.1: so that several services opened by one event make one message; a clock that jumps holds up nobody."""
    assert bool(sort_out(waiting(message(Template.ASKED), age=age), desk(asked())).letters) is goes


def test_what_is_urgent_waits_for_nothing_and_takes_the_rest_along():
    """B11.1: by day one letter says all of it."""
    rows = waiting(
        message(Template.ASKED), message(Template.DEPUTY_TOLD, service="labs", person="ana"), age=timedelta()
    )
    found = sort_out(rows, desk(DEAD, asked(ANAS, actor="ana")))

    assert [kinds(one) for one in found.letters] == [["token.asked person:kim", "deputy.told person:kim"]]


@pytest.mark.parametrize("said", [Template.ASKED, Template.STRAY_DOWNLOAD])
@pytest.mark.parametrize(("age", "goes"), [(timedelta(), False), (LINK_WITHIN, True), (-HOUR, True)])
def test_a_question_waits_a_moment_for_the_page_that_it_leads_to(said, age, goes):
    """B6.1: what is urgent may be queued just before its reader's link is made; a letter without it would be no use."""
    recovering = replace(DEAD, rotation=replace(RECOVERS, causes=(Cause.REJECTED,)))
    facts = DEAD if said is Template.ASKED else recovering
    found = sort_out(waiting(message(said), age=age), replace(desk(facts), links={}))

    assert bool(found.letters) is goes
    assert (found.held, found.untrue, found.withdrawn, found.unclear) == ({}, [], [], [])


def test_the_night_holds_all_but_on_call_and_a_dead_token():
    """B11.1: quiet hours, for people and operators; what is held is looked at again before the morning."""
    rows = waiting(ALARM, LATE, message(Template.ASKED), message(Template.DEPUTY_TOLD, service="labs", person="ana"))
    found = sort_out(rows, desk(DEAD, asked(ANAS, actor="ana"), roster=ASLEEP))

    assert [kinds(one) for one in found.letters] == [["token.alarm on-call"], ["token.asked person:kim"]]
    assert {until: kinds(held) for until, held in found.held.items()} == {
        NOW + LOOKED_AT_AGAIN: ["token.late operators", "deputy.told person:kim"]
    }


def test_a_night_that_ends_sooner_is_waited_for_no_longer():
    """B11.1: the letter is there when the day begins."""
    short = replace(ROSTER, quiet=replace(NIGHT, end=(NOW + MINUTE).time()))
    found = sort_out(waiting(message(Template.ASKED)), desk(asked(), roster=short))

    assert list(found.held) == [NOW + MINUTE]


def test_what_is_not_so_any_more_is_put_away():
    """B7.2, B11.2: and what was never said of a state that is over is told when the state comes again."""
    kind = {
        "operators": [Template.ROTATION_BLOCKED, Template.NO_DEPUTY, Template.UNREACHABLE],
        "on-call": [Template.ALARM],
    }
    states = [message(one, to, reason="target_unreachable") for to, some in kind.items() for one in some]
    found = sort_out(waiting(message(Template.ASKED), *states), desk(facts_of()))

    assert kinds(found.untrue) == ["token.asked person:kim"]
    assert [row.message for row in found.withdrawn] == states
    assert found.letters == []


def test_a_departure_is_not_told_before_its_day():
    """B7.2, B7.4: held, and looked at again, for the day may come nearer."""
    gone = message(Template.CUSTODIAN_GONE, "operators", service=None, person="kim")
    states = (PersonState("kim", departs_at=NOW + DAY),)

    assert list(sort_out(waiting(gone), desk(asked(), states=states)).held) == [NOW + HOUR]
    assert len(sort_out(waiting(gone), desk(asked(), states=states, now=NOW + DAY)).letters) == 1


def test_a_row_that_nobody_understands_holds_up_no_other():
    """Promise 5: one from another version, or with words that are none."""
    unknown = Message("person:kim", "token.sung", "x", "main", {})
    found = sort_out(waiting(unknown, message(Template.ASKED)), desk(asked()))

    assert [row.message for row in found.unclear] == [unknown]
    assert [kinds(one) for one in found.letters] == [["token.asked person:kim"]]


def test_a_letter_speaks_of_no_more_than_somebody_can_read():
    """B11.1: fifty differences are three letters; what is left over stays where it is."""
    many = [message(Template.PORTAL_DIFFERS, "operators", difference=str(number)) for number in range(50)]
    (first,) = sort_out(waiting(*many), desk(asked())).letters

    assert len(first) == MOST_SECTIONS


ROWS = st.lists(
    st.builds(
        lambda template, audience, service: message(
            template, audience, **{**EVERY_WORD, "service": service}, due_at="2026-12-01T08:00:00Z"
        ),
        st.sampled_from(Template),
        st.sampled_from(["person:kim", "person:ana", "person:gone", "operators", "on-call"]),
        st.sampled_from(["main", "labs", "gone", None]),
    ),
    max_size=30,
)


@given(
    messages=ROWS,
    age=st.sampled_from([timedelta(), HOUR, -HOUR]),
    roster=st.sampled_from([ROSTER, ASLEEP]),
    facts=st.sampled_from([facts_of(), asked(), DEAD, asked(recover_until=NOW + HOUR), asked(actor=None)]),
    leaving=st.booleans(),
)
def test_every_row_is_dealt_with_once_at_most_and_nobody_who_leaves_is_written_to(
    messages, age, roster, facts, leaving
):
    """B7.2, B11.1: said, held, put away or left for a moment; on-call is never held."""
    states = (PersonState("kim", departs_at=NOW + DAY),) if leaving else ()
    rows = waiting(*messages, age=age)

    found = sort_out(rows, desk(facts, roster=roster, states=states))

    said = [row for letter in found.letters for row in letter]
    held = [row for some in found.held.values() for row in some]
    dealt = [row.id for row in (*said, *held, *found.untrue, *found.withdrawn, *found.unclear)]
    assert len(dealt) == len(set(dealt))
    assert all(len({row.message.audience for row in letter}) == 1 for letter in found.letters)
    assert not any(row.message.audience == "on-call" for row in held if row.message.template != "custodian.gone")
    assert not any(row.message.audience == "person:gone" for row in said)
    assert not (leaving and any(row.message.audience == "person:kim" for row in said))
    assert found.unclear == []
