"""A token that somebody downloaded outside the process: its own file is sought, and is what mends it."""

import pytest

from fakes.world import DAY, an_envelope
from tokenward.model.event import EventKind, Way
from tokenward.model.rotation import Cause, State


@pytest.fixture
async def stray(stage, target):
    """Give a service whose token was replaced by a download that nobody told of."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    await stage.hand_over(an_envelope(target.staged, stage.clock.now()))
    await stage.until(State.DONE)
    stage.clock.at += DAY
    await stage.submit(EventKind.TOKEN_REJECTED, source="watch", way=Way.WATCH)
    await stage.until(State.AWAITING_TOKEN)
    return stage


async def test_a_stray_file_installs_over_another_consumer_key(stray, target):
    """B4.4, B5.7: made for the certificate that Apple has, so a product's doubt about the downloader is settled."""
    target.mismatch = True

    made = an_envelope(await stray.certificate(), stray.clock.now())
    await stray.hand_over(made, data={"person": "ana"})
    done = await stray.until(State.DONE)

    assert (done.causes, done.supplied_by) == ((Cause.REJECTED,), "ana@corp.example")
    assert done.installations[0].forced
    assert len(target.fetches) == 1
