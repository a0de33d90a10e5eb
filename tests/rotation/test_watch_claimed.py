"""While somebody is at the portal the target is watched closely."""

import pytest

from fakes.target import FakeTarget
from fakes.world import MINUTE, SECOND, Stage
from tokenward.model.event import EventKind
from tokenward.model.rotation import State


@pytest.fixture
async def stage(tmp_path):
    """The core with one product."""
    made = Stage(tmp_path, FakeTarget())
    yield made
    await made.ledger.close()


async def probes_within(stage: Stage, seconds: int) -> int:
    """Let that many seconds pass, asking whatever is due every five, and return how often the target was asked."""
    before = sum((await stage.tallies("tokenward_probes_total")).values())
    for _ in range(seconds // 5):
        stage.clock.advance(5 * SECOND)
        await stage.watch.ask_due()
    return int(sum((await stage.tallies("tokenward_probes_total")).values()) - before)


async def test_a_claim_has_the_target_asked_every_half_minute_and_its_end_no_more(stage):
    """B4.2, B10.1: every 30 s while claimed, else every 15 minutes."""
    await stage.watch.ask_due()
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    assert await probes_within(stage, 120) == 0

    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()

    assert await probes_within(stage, 120) >= 4

    stage.clock.advance(31 * MINUTE)
    await stage.work()
    await probes_within(stage, 60)
    assert await probes_within(stage, 300) <= 1
