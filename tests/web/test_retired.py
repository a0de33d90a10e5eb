"""A retired service at the control socket, and the question that goes before: what Apple has assigned to it."""

import asyncio
from dataclasses import replace

import httpx2
import pytest

from fakes.registrar import SERVICE_UUID, FakeRegistrar
from fakes.target import FakeTarget
from fakes.views import FakeReadModel, FakeViews, StillClock
from fakes.world import Stage
from tokenward.model.event import EventKind
from tokenward.model.registration import Registration
from tokenward.model.retirement import Retirement
from tokenward.rotation.ports import World
from tokenward.web import devices
from tokenward.web.apps import control_app, metrics_app
from tokenward.web.control_reads import ControlReads
from tokenward.web.devices import Devices
from tokenward.web.metrics import Metrics
from web.scene import BUILD, DAY, NOW, READY, a_record, a_roster, a_rotation, a_world, the_vitals

RETIRED = Retirement("labs", NOW - DAY, "its devices moved")
VIEWS = FakeViews(
    (a_record(), a_record("labs", rotation=a_rotation(id="r2", service="labs"), next_probe_at=NOW)), retired=(RETIRED,)
)


def client_of(app):
    """Return a client that speaks to *app* without a network."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tokenward")


@pytest.fixture
async def client():
    """Give a client of the control socket, where ``labs`` is retired."""
    world = a_world(a_roster()).without({"labs"})
    reads = ControlReads(FakeReadModel(VIEWS), lambda: world, StillClock(NOW), BUILD)
    async with client_of(control_app(reads, ())) as client:
        yield client


async def test_status_leaves_it_out_and_names_it(client):
    """B12.4: among the services it would be a row of worries that nobody has."""
    shown = (await client.get("/v1/status")).json()

    assert [one["id"] for one in shown["organisations"][0]["services"]] == ["main"]
    assert shown["retired"] == ["labs"]


async def test_show_and_history_stay(client):
    """B12.4: the history is kept; nothing is planned any more."""
    shown = (await client.get("/v1/services/labs")).json()
    history = (await client.get("/v1/services/labs/history")).json()

    retired = {"service": "labs", "at": "2026-11-23T09:30:00Z", "why": "its devices moved"}
    assert shown["retired"] == history["retired"] == retired
    assert (shown["next_probe_at"], shown["planned_rotation_at"]) == (None, None)
    assert (await client.get("/v1/services/main")).json()["retired"] is None


async def test_metrics_have_no_series_of_it():
    """B12.4: no alert rises from what nobody looks after."""
    world = a_world(a_roster())
    app = metrics_app(Metrics(FakeReadModel(VIEWS), lambda: world, the_vitals), lambda: READY)

    async with client_of(app) as client:
        text = (await client.get("/metrics")).text

    assert 'service="main"' in text
    assert 'service="labs"' not in text


# --- What Apple has assigned to it


@pytest.fixture
async def stage(tmp_path):
    """Give a core whose organisation has an account for Apple's API, and Apple a record of ``main``."""
    opened = Stage(tmp_path, FakeTarget())
    opened.open_api_account()
    opened.registrar.add(device_count=12)
    yield opened
    await opened.ledger.close()


async def asked(stage):
    """Return what is answered about the devices of ``main``."""
    routes = Devices(stage.ledger, stage.present).routes()
    reads = ControlReads(stage.ledger, stage.present, stage.clock, BUILD)
    async with client_of(control_app(reads, routes)) as client:
        return await client.get("/v1/services/main/devices")


async def answered(stage):
    """Return how many devices there are, and why nobody can tell."""
    answer = (await asked(stage)).raise_for_status().json()
    assert (answer["service"], answer["name"]) == ("main", "Main MDM")
    return answer["devices"], answer["why"]


async def test_apple_is_asked_how_many_devices_are_assigned(stage):
    """B12.4: by its API, read only."""
    assert await answered(stage) == (12, "")


async def test_without_an_account_nobody_can_tell(tmp_path):
    """B12.4: unknown is not none."""
    stage = Stage(tmp_path, FakeTarget())

    devices_there, why = await answered(stage)

    assert devices_there is None
    assert "apple_api" in why
    await stage.ledger.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [({"device_count": None}, "give no number"), ({"name": "Another"}, "no such service")],
    ids=["no number", "no record"],
)
async def test_what_apple_does_not_say_is_unknown(stage, words, why):
    """B12.4: unknown is not none."""
    record: Registration = stage.registrar.services[SERVICE_UUID]
    stage.registrar.services[SERVICE_UUID] = replace(record, **words)

    found, said = await answered(stage)

    assert found is None
    assert why in said


async def test_an_apple_that_does_not_answer_holds_nobody_up(stage, monkeypatch):
    """B12.4: whoever asks waits for ten seconds at most."""
    stage.registrar.away = True
    assert await answered(stage) == (None, "Apple's API is away.")

    monkeypatch.setattr(devices, "APPLE_SECONDS", 0.01)
    world: World = stage.world
    silent = {one: replace(served, registrar=_Silent(stage.clock)) for one, served in world.services.items()}
    stage.world = replace(world, services=silent)
    found, why = await answered(stage)
    assert found is None
    assert "did not answer" in why


async def test_what_is_retired_already_is_not_asked_after(stage):
    """It is said that it is retired, not that there is no such service."""
    await stage.ask(EventKind.RETIRE)

    answer = await asked(stage)

    assert (answer.status_code, answer.json()["code"]) == (404, "TW311")


class _Silent(FakeRegistrar):
    """Takes the question and says nothing."""

    async def find(self, name, server_uuid):
        await asyncio.Event().wait()
