"""How whoever is asked is reminded, passed over and believed, by the real engine."""

import pytest

from fakes.world import DAY, HOUR, SECOND, an_envelope
from tokenward.model.event import EventKind, Way
from tokenward.model.person import Subject
from tokenward.model.rotation import State


async def waits(stage):
    """Return the rotation that waits for kim."""
    await stage.ask(EventKind.ROTATE)
    return await stage.until(State.AWAITING_TOKEN)


async def test_time_alone_climbs_the_ladder(stage):
    """B11.1: the rotation wakes when the next step is due, without anybody asking."""
    waiting = await waits(stage)
    while stage.clock.now() < waiting.due_at - SECOND:
        stage.clock.at = min((await stage.opened()).wake_at, waiting.due_at - SECOND)
        await stage.work()

    assert await stage.messages("token.asked") == ["person:kim"]
    assert await stage.messages("token.reminded") == ["person:kim", "person:kim"]
    assert await stage.messages("deputy.told") == ["person:ana"]
    assert await stage.messages("token.late") == ["operators"]


async def test_a_reminder_comes_on_the_day_that_was_named(stage):
    """B11.2: and not before."""
    waiting = await waits(stage)
    until = waiting.entered_at + (waiting.due_at - waiting.entered_at) * 0.6
    await stage.ask(EventKind.REMIND_LATER, person="kim", until=until.isoformat())
    while stage.clock.now() < until - SECOND:
        stage.clock.at = min((await stage.opened()).wake_at, until - SECOND)
        await stage.work()
    assert await stage.messages("token.reminded") == []

    stage.clock.at = until
    await stage.work()

    assert await stage.messages("token.reminded") == ["person:kim"]


async def test_whoever_is_handed_the_question_is_asked_at_once_and_stays(stage):
    """B6.3: the custodian is not asked again by the next look."""
    await waits(stage)
    await stage.ask(EventKind.HAND_OVER, person="kim")
    await stage.work()
    stage.clock.at += HOUR
    await stage.work()

    assert (await stage.opened()).actor == "ana"
    assert await stage.messages("token.asked") == ["person:kim", "person:ana"]


async def test_whoever_is_handed_the_question_back_is_asked_anew(stage):
    """B6.3, B11.2: that is a new reason; without a word about it nobody would know whose turn it is."""
    await waits(stage)
    for person in ("kim", "ana"):
        stage.clock.at += HOUR
        await stage.ask(EventKind.HAND_OVER, person=person)
        await stage.work()

    assert (await stage.opened()).actor == "kim"
    assert await stage.messages("token.asked") == ["person:kim", "person:ana", "person:kim"]


async def test_whoever_somebody_started_for_hears_when_they_give_up(stage):
    """B4.2, B6.3: a deputy who has started can't do it after all, and the custodian thought it was being done."""
    await waits(stage)
    await stage.ask(EventKind.CLAIM, person="ana")
    await stage.work()
    stage.clock.at += SECOND
    await stage.ask(EventKind.HAND_OVER, person="ana")
    await stage.work()

    assert (await stage.opened()).claim is None
    assert await stage.messages("token.asked") == ["person:kim", "person:kim"]


async def test_whoever_is_handed_the_question_back_after_its_date_has_time_to_answer(stage):
    """B7.1, B6.3: the date that they let pass does not take it from them again at once."""
    waiting = await waits(stage)
    stage.clock.at = waiting.due_at
    await stage.work()
    assert (await stage.opened()).actor == "ana"
    await stage.ask(EventKind.HAND_OVER, person="ana")
    await stage.work()
    stage.clock.at += DAY - HOUR
    await stage.work()
    assert (await stage.opened()).actor == "kim"

    stage.clock.at += HOUR
    await stage.work()

    assert (await stage.opened()).actor == "ana"


async def test_the_silence_that_one_person_wanted_is_nobody_elses(stage):
    """B11.2: whoever is asked in their place is reminded as ever."""
    waiting = await waits(stage)
    half = waiting.entered_at + (waiting.due_at - waiting.entered_at) / 2
    await stage.ask(EventKind.REMIND_LATER, person="kim", until=(half + HOUR).isoformat())
    await stage.ask(EventKind.HAND_OVER, person="kim")
    await stage.work()
    stage.clock.at = half
    await stage.work()

    assert await stage.messages("token.reminded") == ["person:ana"]


async def test_a_lost_role_passes_the_question_on(stage):
    """B6.3: *I no longer have this role*, for every service at once."""
    await waits(stage)
    subject = Subject("person", "kim")
    await stage.submit(EventKind.ROLE_LOST, source="page", way=Way.PAGE, service=None, subject=subject)
    await stage.work()

    assert (await stage.opened()).actor == "ana"


async def test_a_word_ends_what_no_proof_ends(stage, target):
    """B8.2: blocked proof_pending after a day; an operator's word ends it with rung 0 on record."""
    await waits(stage)
    target.rung_limit = 2
    await stage.hand_over(an_envelope(target.staged, stage.clock.now()))
    installed = await stage.until(State.INSTALLED)
    stage.clock.at = installed.entered_at + DAY + SECOND
    await stage.work()
    blocked = (await stage.opened()).blocked
    assert blocked is not None
    assert blocked.reason == "proof_pending"

    await stage.ask(EventKind.ACKNOWLEDGE, reason="seen to sync")
    done = await stage.until(State.DONE)

    assert done.rung == 0
    assert (await stage.token()).rung == 0


@pytest.mark.parametrize("kind", [EventKind.CONFIRMATION_DUE, EventKind.LINK_WANTED])
async def test_what_concerns_one_person_is_told_to_that_person(stage, kind):
    """B6.1, B6.3: to the configured contact only, and not to whoever leaves."""
    template = {"confirmation.due": "access.confirm", "link.wanted": "link.sent"}[kind]
    await stage.submit(kind, service=None, subject=Subject("person", "ana"))
    await stage.work()
    assert await stage.messages(template) == ["person:ana"]

    leaves_at = stage.clock.now() + DAY
    leaving = {"service": None, "subject": Subject("person", "ana")}
    await stage.submit(EventKind.EMPLOYMENT_ENDING, **leaving, effective_at=leaves_at)
    await stage.submit(kind, **leaving)
    await stage.work()
    assert await stage.messages(template) == ["person:ana"]


async def test_a_confirmation_is_kept_with_the_person(stage):
    """B7.6: it counts for six months."""
    await stage.submit(EventKind.ACCESS_CONFIRMED, service=None, subject=Subject("person", "ana"))
    await stage.work()

    state = await stage.ledger.read(lambda change: change.people.state("ana"))
    assert state.confirmed_at == stage.clock.now()
