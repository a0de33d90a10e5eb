"""The metronome: whatever a job does, the next beat comes."""

import asyncio
from contextlib import contextmanager

import pytest

from tokenward.app.clock import real_time
from tokenward.app.metronome import Metronome

SHORT = 0.02
PATIENCE_SECONDS = 10


@pytest.fixture
def faults():
    """The names of the jobs that failed."""
    return []


@pytest.fixture
def metronome(faults):
    """A metronome, not started."""
    return Metronome(faults.append)


@contextmanager
def beating(metronome):
    """Let it beat while the block lasts."""
    metronome.start()
    try:
        yield
    finally:
        metronome.stop()


def counting(times):
    """Return a job, with an event that is set when it was called *times* times."""
    enough, calls = asyncio.Event(), []

    async def job():
        calls.append(1)
        if len(calls) >= times:
            enough.set()

    return job, enough


async def test_a_job_is_called_again_and_again(metronome):
    """C2, C4."""
    job, enough = counting(3)
    metronome.every(SHORT, "job", job)

    with beating(metronome):
        await asyncio.wait_for(enough.wait(), PATIENCE_SECONDS)


async def test_a_job_can_be_called_at_once(metronome):
    """C4: what must be looked at after a start need not wait for an interval."""
    job, enough = counting(1)
    metronome.every(3600, "job", job, real_time())

    with beating(metronome):
        await asyncio.wait_for(enough.wait(), PATIENCE_SECONDS)


async def test_a_job_that_fails_is_told_and_called_again_and_holds_up_no_other(metronome, faults):
    """C4: a fault of one job is no fault of the daemon."""
    calls, other = 0, counting(3)

    async def failing():
        nonlocal calls
        calls += 1
        raise ValueError("wrong")

    metronome.every(SHORT, "failing", failing)
    metronome.every(SHORT, "other", other[0])
    with beating(metronome):
        await asyncio.wait_for(other[1].wait(), PATIENCE_SECONDS)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(faults) < 2:
                await asyncio.sleep(SHORT)

    assert set(faults) == {"failing"}
    assert calls >= 2


async def test_a_slow_job_is_never_called_while_it_runs_and_others_go_on(metronome, faults):
    """C4: its missed beats are not made up for."""
    release, running, most = asyncio.Event(), 0, 0
    other, enough = counting(10)

    async def slow():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await release.wait()
        running -= 1

    metronome.every(SHORT, "slow", slow)
    metronome.every(SHORT, "other", other)
    with beating(metronome):
        await asyncio.wait_for(enough.wait(), PATIENCE_SECONDS)
        release.set()
        await asyncio.sleep(SHORT)

    assert most == 1
    assert faults == []


async def test_it_can_be_ended_before_it_began(metronome):
    """C4."""
    metronome.stop()
