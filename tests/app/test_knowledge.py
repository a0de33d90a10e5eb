"""What the store knows, for those who only ask."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from fakes.values import a_message, an_event
from tokenward.app.knowledge import Commits, EventSettlements, OutboxLetters
from tokenward.notify.ports import Result, Tried
from tokenward.rotation.record import Settlement
from tokenward.store.ledger import SqliteLedger

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LONG = 10.0
SHORT = 0.05


@pytest.fixture
def commits():
    """The news of commits."""
    return Commits()


@pytest.fixture
async def ledger(tmp_path, commits) -> AsyncIterator[SqliteLedger]:
    """A real store, which tells of its commits."""
    ledger = SqliteLedger.open(tmp_path / "tokenward.db", on_commit=commits.happened)
    yield ledger
    await ledger.close()


@pytest.fixture
async def event_id(ledger) -> int:
    """An event that is pending."""
    return await ledger.write(lambda change: change.inbox.add(an_event(), None, NOW))


def settle(ledger, event_id, outcome="accepted"):
    """Settle the event."""
    return ledger.write(lambda change: change.inbox.settle(event_id, Settlement(outcome, ("so it is",)), NOW))


async def test_what_is_settled_already_is_told_at_once(ledger, commits, event_id):
    """C6: also when nothing is committed any more."""
    await settle(ledger, event_id)

    assert await EventSettlements(ledger, commits).settled(event_id, SHORT) == Settlement("accepted", ("so it is",))


async def test_what_is_settled_later_is_told_then(ledger, commits, event_id):
    """C6: a commit wakes whoever waits; other commits do not mislead them."""
    waiting = asyncio.create_task(EventSettlements(ledger, commits).settled(event_id, LONG))
    await ledger.write(lambda change: change.inbox.add(an_event("another"), None, NOW))
    assert not waiting.done()

    await settle(ledger, event_id)

    assert await waiting == Settlement("accepted", ("so it is",))


async def test_many_can_wait_for_one(ledger, commits, event_id):
    """C6."""
    settlements = EventSettlements(ledger, commits)
    waiting = [asyncio.create_task(settlements.settled(event_id, LONG)) for _ in range(20)]
    await asyncio.sleep(0)

    await settle(ledger, event_id)

    assert len(set(map(repr, await asyncio.gather(*waiting)))) == 1


async def test_whoever_waits_too_long_hears_nothing(ledger, commits, event_id):
    """C6: the event is durable all the same."""
    assert await EventSettlements(ledger, commits).settled(event_id, SHORT) is None


async def test_whoever_gives_up_leaves_nothing_behind(ledger, commits, event_id):
    """C6: no task goes on waiting."""
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(EventSettlements(ledger, commits).settled(event_id, LONG))
    await asyncio.sleep(SHORT)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before


async def test_a_letter_is_pending_until_it_was_sent(ledger):
    """B11.2: never twice for one reason."""
    letters = OutboxLetters(ledger)
    assert await ledger.write(lambda change: change.outbox.add(a_message(), NOW))
    assert not await ledger.write(lambda change: change.outbox.add(a_message(), NOW))

    (letter,) = await letters.pending(NOW, 10)
    await letters.settle((letter,), (Tried("mail", Result.SENT),), NOW)

    assert await letters.pending(NOW, 10) == ()


async def test_what_became_of_a_letter_is_counted_once_for_each_channel(ledger):
    """Catalogue ``notifications_total``: sent, failed, suppressed."""
    letters = OutboxLetters(ledger)
    await ledger.write(lambda change: change.outbox.add(a_message("one"), NOW))
    await ledger.write(lambda change: change.outbox.add(a_message("two"), NOW))
    first, second = await letters.pending(NOW, 10)
    failed = Tried("mail", Result.FAILED)

    await letters.put_off((first,), NOW, (failed,), "mail did not take it")
    await letters.settle((first,), (failed, Tried("chat", Result.SENT)), NOW)
    await letters.withdraw((second,), NOW)

    rows = await ledger.look(lambda views: views.tallies())
    assert {(row.labels["channel"], row.labels["result"]): row.amount for row in rows} == {
        ("mail", "failed"): 2.0,
        ("chat", "sent"): 1.0,
        ("none", "suppressed"): 1.0,
    }
