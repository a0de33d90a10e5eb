"""The loop that keeps everything going, over faults of ours, a store that can't write, and the end of the process."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from fakes.target import FakeTarget
from fakes.world import MINUTE, START, Stage, a_service
from tokenward.model.event import EventKind
from tokenward.model.finding import Code, Finding, Retryable
from tokenward.model.rotation import Cause, Rotation, State
from tokenward.policy.decision import Rotate
from tokenward.rotation.admit import open_rotation

FULL = Finding(Code.STORE, "The disk is full.", "Nothing was kept.", "Make room.")


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch):
    """Let the worker rest for a moment only when the store can't write."""
    monkeypatch.setattr("tokenward.rotation.worker.STORE_PAUSE_SECONDS", 0.01)


class FullLedger:
    """The real ledger on a disk that is full now and then."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.refusals = 0
        """How many writes fail from now on."""

    async def write(self, work):
        """Write, or refuse to."""
        if self.refusals > 0:
            self.refusals -= 1
            raise Retryable(FULL)
        return await self.ledger.write(work)

    async def read(self, work):
        """Read as ever."""
        return await self.ledger.read(work)


class BrokenGate(FakeTarget):
    """A target whose adapter has a fault."""

    async def preflight(self):
        """Fail as only a bug does."""
        raise ZeroDivisionError("a fault of ours")


@asynccontextmanager
async def working(stage: Stage):
    """Have the worker work; it is stopped in the end, and must then end by itself."""
    stop = asyncio.Event()
    task = asyncio.create_task(stage.worker.run(stop))
    yield task
    stop.set()
    stage.worker.wake()
    await asyncio.wait_for(task, 5)


async def eventually(stage: Stage, holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until *holds* returns something true; the store wakes nobody here."""
    async with asyncio.timeout(5):
        while not await holds():
            stage.worker.wake()
            await asyncio.sleep(0.005)


async def state_of(stage: Stage, service: str) -> Rotation:
    """Return the open rotation of *service*, else the one that ended last."""
    found = await stage.ledger.read(
        lambda change: change.rotations.open_of(service) or change.rotations.last_closed(service)
    )
    assert found is not None
    return found


async def test_a_fault_of_ours_sets_one_rotation_aside_and_not_the_others(automatic):
    """A broken adapter stops its own service for a while; it is counted, and every other one goes on."""
    automatic.serve(a_service("labs", issuer="simulator"), BrokenGate())
    await automatic.ask(EventKind.ROTATE)
    await automatic.submit(EventKind.ROTATE, service="labs")

    async with working(automatic):

        async def both() -> bool:
            main = await automatic.latest()
            labs = await automatic.rotation("labs")
            return main.state is State.DONE and labs is not None and labs.wake_at > automatic.clock.now()

        await eventually(automatic, both)

    labs = await automatic.opened("labs")
    assert (labs.state, labs.wake_at) == (State.OPENED, automatic.clock.now() + 5 * MINUTE)
    assert await automatic.tallies("tokenward_internal_errors_total") == {(("component", "rotation"),): 1}


async def test_an_event_that_cannot_be_decided_stops_neither_the_worker_nor_the_next_event(automatic):
    """Promise 5: a fault of ours while deciding is that event's fate; it is counted and said to whoever sent it."""
    roster = automatic.world.roster
    automatic.world = replace(automatic.world, roster=replace(roster, organisations={}))
    poison = await automatic.submit(EventKind.TERMS_UNSIGNED)
    await automatic.submit(EventKind.RETRY)

    async with working(automatic) as task:

        async def decided() -> bool:
            return await automatic.ledger.read(lambda change: change.inbox.next_pending()) is None

        await eventually(automatic, decided)
        assert not task.done()

    settled = await automatic.ledger.read(lambda change: change.inbox.settlement(poison.event_id))
    assert settled.outcome == "denied"
    assert await automatic.tallies("tokenward_internal_errors_total") == {(("component", "engine"),): 1}


@pytest.mark.parametrize("refusals", [1, 2, 7])
async def test_a_store_that_cannot_write_for_a_while_is_survived(automatic, refusals):
    """Promise 6: it is tried again, from the very first write on, and nothing is lost."""
    await automatic.ask(EventKind.ROTATE)
    full = FullLedger(automatic.ledger)
    automatic.tools = replace(automatic.tools, ledger=full)
    automatic.build()
    full.refusals = refusals

    async with working(automatic):

        async def done() -> bool:
            return (await automatic.latest()).state is State.DONE

        await eventually(automatic, done)


async def test_after_a_start_every_open_rotation_is_looked_at_even_if_the_store_was_full_at_first(automatic):
    """Promise 1: what waits for a later time is looked at once, as soon as the store can write."""
    wanted = Rotate(Cause.MANUAL, START, "why", actor="kim")
    service = automatic.world.services["main"].service
    sleeping = replace(open_rotation(wanted, service, "r1", START), wake_at=START + 60 * MINUTE)
    await automatic.ledger.write(lambda change: change.rotations.open(sleeping))
    full = FullLedger(automatic.ledger)
    automatic.tools = replace(automatic.tools, ledger=full)
    automatic.build()
    full.refusals = 1

    async with working(automatic):

        async def done() -> bool:
            return (await automatic.latest()).state is State.DONE

        await eventually(automatic, done)


async def test_a_fault_on_a_full_disk_leaves_no_loose_end(automatic):
    """Promise 6: even setting a rotation aside may fail; then it is tried again after a rest."""
    automatic.serve(automatic.world.services["main"].service, BrokenGate())
    await automatic.ask(EventKind.ROTATE)
    full = FullLedger(automatic.ledger)
    automatic.tools = replace(automatic.tools, ledger=full)
    automatic.build()

    async with working(automatic):
        await asyncio.sleep(0)
        full.refusals = 2

        async def aside() -> bool:
            rotation = await automatic.opened()
            return bool(rotation.wake_at == automatic.clock.now() + 5 * MINUTE)

        await eventually(automatic, aside)


async def test_stopping_finishes_the_steps_in_hand(automatic, target):
    """A step that has begun is carried to its end, so a delivery is not cut off in the middle."""
    begun, may_end = asyncio.Event(), asyncio.Event()
    original = target.install

    class Slow(FakeTarget):
        async def install(self, delivery):
            begun.set()
            await may_end.wait()
            return await original(delivery)

    slow = Slow()
    slow.contents = target.contents
    automatic.serve(automatic.world.services["main"].service, slow)
    await automatic.ask(EventKind.ROTATE)
    stop = asyncio.Event()
    task = asyncio.create_task(automatic.worker.run(stop))
    await asyncio.wait_for(begun.wait(), 5)

    stop.set()
    automatic.worker.wake()
    await asyncio.sleep(0.02)
    assert not task.done()
    may_end.set()
    await asyncio.wait_for(task, 5)

    assert len(target.uploads) == 1
    assert "receipt.recorded" in automatic.route.passed


async def test_many_rotations_go_side_by_side(automatic):
    """One slow target holds up nobody else, and more than the worker takes at once all come to their end."""
    names = [f"s{number:02}" for number in range(20)]
    for name in names:
        target = FakeTarget(f"target-{name}")
        automatic.issuer.targets.append(target)
        automatic.serve(a_service(name, issuer="simulator"), target)
        await automatic.submit(EventKind.ROTATE, service=name)

    async with working(automatic):

        async def all_done() -> bool:
            states = [
                await automatic.ledger.read(lambda change, name=name: change.rotations.open_of(name)) for name in names
            ]
            pending = await automatic.ledger.read(lambda change: change.inbox.next_pending())
            return pending is None and not any(states)

        await eventually(automatic, all_done)

    for name in names:
        assert (await state_of(automatic, name)).state is State.DONE
