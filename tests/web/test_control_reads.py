"""What came in lately, over the control socket's application and a real store."""

import httpx2
import pytest

from fakes.target import FakeTarget
from fakes.world import DAY, Stage
from tokenward.model.event import EventKind
from tokenward.model.person import Subject
from tokenward.web.apps import control_app
from tokenward.web.control_reads import ControlReads
from web.scene import BUILD


@pytest.fixture
async def stage(tmp_path):
    """Give a core whose one service is ``main``."""
    opened = Stage(tmp_path, FakeTarget())
    yield opened
    await opened.ledger.close()


@pytest.fixture
async def client(stage):
    """Give a client of its control socket."""
    app = control_app(ControlReads(stage.ledger, stage.present, stage.clock, BUILD), ())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tokenward") as client:
        yield client


async def test_whoever_follows_is_told_of_each_event_with_what_became_of_it(client, stage):
    """B12.5: what came in, from where, what became of it and why."""
    await stage.ask(EventKind.ROTATE, reason="a drill")
    first = (await client.get("/v1/events")).json()
    await stage.submit(EventKind.ROTATE, service="nobody")
    second = (await client.get("/v1/events", params={"after": first["after"]})).json()

    (event,) = first["events"]
    assert (event["source"], event["kind"], event["service"]) == ("control", "rotate", "main")
    assert (event["outcome"], event["lines"], event["event_id"]) == ("accepted", ["a drill"], 1)
    (refusal,) = second["events"]
    assert (refusal["outcome"], refusal["code"], refusal["event_id"]) == ("refused", "TW114", None)


async def test_a_departure_ahead_is_not_called_one_here_either(client, stage):
    """B7.2: neither its kind nor its date nor why."""
    leaving = {"subject": Subject("email", "kim@corp.example"), "effective_at": stage.clock.now() + 40 * DAY}
    await stage.submit(EventKind.EMPLOYMENT_ENDING, service=None, **leaving)
    await stage.engine.settle_pending()

    text = (await client.get("/v1/events")).text

    assert "custodian.change_planned" in text
    assert not any(word in text for word in ("employment", "leav", "2027-01-03"))


async def test_a_probe_that_was_asked_for_is_answered_with_its_event(client, stage):
    """B10.1: dated, and kept with the event that was the reason to ask."""
    await stage.ask(EventKind.PROBE)
    assert (await client.get("/v1/events/1")).json()["answers"] == []

    await stage.watch.ask_due()

    (answer,) = (await client.get("/v1/events/1")).json()["answers"]
    assert (answer["service"], answer["answered"]) == ("main", True)
    assert answer["why"]


@pytest.mark.parametrize("number", ["99", "9" * 40])
async def test_an_event_that_there_is_not_is_said_to_be_missing(client, number):
    """Promise 5: a clear error."""
    answer = await client.get(f"/v1/events/{number}")

    assert answer.status_code == 404
    assert answer.json()["happened"].startswith("There is no event 99")


@pytest.mark.parametrize("after", ["", "5", "5.", "-1.0", "1.x", "1.2.3", f"{'9' * 16}.0", "²."])
async def test_a_place_that_no_answer_gave_is_refused(client, after):
    """Promise 5: a clear error."""
    answer = await client.get("/v1/events", params={"after": after})

    assert answer.status_code == 400
    assert "0.0" in answer.json()["do"]
