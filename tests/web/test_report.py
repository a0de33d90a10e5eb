"""An auditor's evidence, over the control socket's application and a real store."""

from datetime import timedelta

import httpx2
import pytest

from fakes.target import FakeTarget
from fakes.world import DAY, HOUR, START, Stage, a_service, an_envelope
from tokenward.model.event import EventKind
from tokenward.model.instant import format_instant
from tokenward.model.rotation import State
from tokenward.web.apps import control_app
from tokenward.web.control_reads import ControlReads
from web.scene import BUILD


@pytest.fixture
async def stage(tmp_path):
    """Give a core whose one service a person links."""
    opened = Stage(tmp_path, FakeTarget(), service=a_service())
    yield opened
    await opened.ledger.close()


async def told(stage, start=START - DAY, end=START + 400 * DAY, code=httpx2.codes.OK):
    """Return what the control socket reports of that time."""
    app = control_app(ControlReads(stage.ledger, stage.present, stage.clock, BUILD), ())
    asked = {"from": format_instant(start), "to": format_instant(end)}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tokenward") as client:
        answer = await client.get("/v1/report", params=asked)
    assert answer.status_code == code, answer.text
    return answer.json()


async def test_each_rotation_is_told_with_cause_who_times_rung_and_outage(stage, stage_target):
    """B12.5: and the chain that it rests on."""
    await stage.ask(EventKind.ROTATE)
    waiting = await stage.until(State.AWAITING_TOKEN)
    stage.clock.at = waiting.due_at + 3 * HOUR
    await stage.hand_over(an_envelope(stage_target.staged, stage.clock.now() - timedelta(seconds=90)))
    await stage.until(State.DONE)

    found = await told(stage)

    (one,) = found["rotations"]
    assert (one["service"], one["organisation"], one["causes"]) == ("main", "corp", ["manual"])
    assert (one["state"], one["rung"], one["supplied_by"]) == ("done", 3, "kim@corp.example")
    assert one["missed_by_seconds"] == pytest.approx(3 * 3600, abs=60)
    assert one["outage"]["seconds"] >= 90
    assert found["chain"]["first_broken_line"] is None
    assert found["chain"]["last_line"] > 5
    assert len(found["chain"]["head"]) == 64


async def test_only_what_was_open_in_the_time_is_told(stage):
    """B12.5: --from, --to."""
    await stage.ask(EventKind.ROTATE)

    assert len((await told(stage))["rotations"]) == 1
    assert (await told(stage, end=START))["rotations"] == []
    assert len((await told(stage, start=START + 10 * DAY))["rotations"]) == 1


async def test_a_cancelled_rotation_missed_nothing(stage):
    """B12.5: missed dates are those of promises that stood."""
    await stage.ask(EventKind.ROTATE)
    stage.clock.at += 10 * DAY
    await stage.ask(EventKind.CANCEL, reason="moved")

    (one,) = (await told(stage))["rotations"]
    assert (one["state"], one["close_reason"], one["missed_by_seconds"]) == ("cancelled", "cancelled: moved", None)


@pytest.mark.parametrize("span", [(START, START), (START + DAY, START)], ids=["empty", "backwards"])
async def test_a_time_that_ends_before_it_begins_is_refused(stage, span):
    """B12.5: and says what would be right."""
    assert "later end" in (await told(stage, *span, code=httpx2.codes.BAD_REQUEST))["do"]


@pytest.fixture
def stage_target(stage):
    """Return the product of ``main``."""
    return stage.issuer.targets[0]
