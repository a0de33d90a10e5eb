"""What becomes of a retired service (B12.4): nobody is reminded, nothing is asked of it, and all of it is on record."""

from dataclasses import replace

import pytest

from fakes.world import DAY, MINUTE
from tokenward.model.event import Event, EventKind, Refused, Taken, Way
from tokenward.model.finding import Code
from tokenward.model.rotation import State
from tokenward.model.token import TokenState
from tokenward.policy.horizon import due_events
from tokenward.rotation.engine import facts_of
from tokenward.rotation.links import Links, situation_of
from tokenward.store.ledger import SqliteLedger


async def retirements(ledger: SqliteLedger):
    """Return every retirement on record."""
    return await ledger.read(lambda change: change.retirements.all())


async def outcome(stage, verdict):
    """Return what became of an event."""
    assert isinstance(verdict, Taken)
    settled = await stage.ledger.read(lambda change: change.inbox.settlement(verdict.event_id))
    return settled.outcome, settled.lines


async def test_its_open_rotation_ends_and_it_is_on_record_why(stage):
    """B12.4: ends reminders and series, keeps the history."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)

    await stage.ask(EventKind.RETIRE, reason="moved to another product")

    ended = await stage.latest()
    assert (ended.state, ended.close_reason) == (State.CANCELLED, "retired: moved to another product")
    kept = (await retirements(stage.ledger))["main"]
    assert (kept.at, kept.why) == (stage.clock.now(), "moved to another product")
    assert [line["why"] for line in await stage.audited("service.retired")] == ["moved to another product"]


async def test_the_link_of_whoever_was_asked_ends(stage):
    """B6.1: nothing is open for them any more."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    links = Links(stage.tools, stage.present)
    await links.settle()

    await stage.ask(EventKind.RETIRE)
    await links.settle()

    (link,) = await stage.ledger.read(lambda change: change.links.all())
    assert link.ended_at is not None


async def test_nothing_is_asked_of_its_target_any_more(stage):
    """B12.4: a probe that was planned is dropped, and no other follows."""
    await stage.watch.ask_due()
    assert stage.route.passed.count("reading.recorded") == 1
    await stage.ask(EventKind.RETIRE)

    for _ in range(3):
        stage.clock.advance(DAY)
        await stage.watch.ask_due()

    assert stage.route.passed.count("reading.recorded") == 1
    assert await stage.ledger.read(lambda change: change.probes.due(stage.clock.now() + DAY, 10)) == ()


async def test_the_clock_knows_of_it_no_more(stage):
    """B12.4: its days are counted by nobody, so nobody is told that they end."""
    await stage.ask(EventKind.RETIRE)

    situation = await stage.ledger.read(lambda change: situation_of(change, stage.present(), stage.clock.now()))

    assert situation.services == ()


async def test_once_a_new_token_is_here_it_is_too_late(stage):
    """B2.5: the old token is dead, and the new one has to be installed."""
    await stage.ask(EventKind.ROTATE)
    rotation = await stage.until(State.AWAITING_TOKEN)
    await stage.put(replace(rotation, state=State.RECEIVED))

    verdict = await stage.submit(EventKind.RETIRE)
    await stage.engine.settle_pending()

    said, lines = await outcome(stage, verdict)
    assert said == "denied"
    assert Code.TOO_LATE.number in lines[0]
    assert await retirements(stage.ledger) == {}
    assert "main" in stage.present().services


@pytest.mark.parametrize("kind", [EventKind.ROTATE, EventKind.RETIRE, EventKind.PROBE])
async def test_nothing_can_be_asked_for_it(stage, kind):
    """It is said how to have it back."""
    await stage.ask(EventKind.RETIRE)

    verdict = await stage.submit(kind)

    assert isinstance(verdict, Refused)
    assert verdict.finding.code is Code.RETIRED
    assert "tokenward retire main --undo" in verdict.finding.do


async def test_what_was_taken_just_before_opens_nothing(stage):
    """The record decides, for what lives in memory may lag behind by a moment."""
    await stage.ask(EventKind.RETIRE)
    stage.leave_out(frozenset())

    verdict = await stage.submit(EventKind.TOKEN_EXPIRED)
    await stage.engine.settle_pending()

    assert await outcome(stage, verdict) == ("ignored", ("its service is retired",))
    assert await stage.rotation() is None


async def test_an_event_about_its_custodian_opens_nothing_for_it(stage):
    """B12.4: no series by another way either."""
    await stage.ask(EventKind.RETIRE)
    stage.leave_out(frozenset())

    await stage.ask(EventKind.EMPLOYMENT_ENDED)

    assert await stage.rotation() is None


async def test_it_can_be_undone(stage):
    """And then it is looked after as before, from what it says now."""
    await stage.ask(EventKind.RETIRE)

    await stage.ask(EventKind.REINSTATE)

    assert await retirements(stage.ledger) == {}
    assert "main" in stage.present().services
    assert len(await stage.audited("service.reinstated")) == 1
    assert len(await stage.ledger.read(lambda change: change.probes.due(stage.clock.now(), 10))) >= 1
    await stage.ask(EventKind.ROTATE)
    assert await stage.rotation() is not None


async def test_what_is_not_retired_has_nothing_to_undo(stage):
    """There is nothing to do, and it is said."""
    verdict = await stage.submit(EventKind.REINSTATE)
    await stage.engine.settle_pending()

    assert await outcome(stage, verdict) == ("ignored", ("its service is not retired",))


async def test_after_undoing_the_clock_says_again_what_it_has_said_before(stage):
    """B2.5: the rotation that it opened has ended with the retirement; the token still expires."""
    expires_at = stage.clock.now() + 20 * DAY
    await stage.ask(EventKind.ADOPT, expires_at=expires_at.isoformat())
    await tick(stage)
    assert await stage.rotation() is not None

    await stage.ask(EventKind.RETIRE)
    stage.clock.advance(MINUTE)
    await stage.ask(EventKind.REINSTATE)
    await tick(stage)

    assert await stage.rotation() is not None


async def test_a_token_that_was_dead_is_only_suspect_after_undoing(stage):
    """B10.2: two more answers, and it starts what a dead token starts; a known death would be reported to nobody."""
    await stage.ask(EventKind.ADOPT, expires_at=(stage.clock.now() + 300 * DAY).isoformat())
    token = await stage.token()
    await stage.ledger.write(lambda change: change.tokens.record(replace(token, state=TokenState.REJECTED)))
    await stage.ask(EventKind.RETIRE)

    await stage.ask(EventKind.REINSTATE)

    assert (await stage.token()).state is TokenState.SUSPECT


async def tick(stage):
    """Hand in what the clock raises now, as its source does, and have it decided."""
    served = stage.present().services["main"]
    facts = await stage.ledger.read(lambda change: facts_of(change, served, stage.present().roster))
    for event in due_events(facts, stage.clock.now()):
        assert isinstance(event, Event)
        assert event.way is Way.WATCH
        await stage.intake.submit(event)
    await stage.engine.settle_pending()
