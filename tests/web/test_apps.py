"""The listeners' applications, over HTTP."""

import gzip

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fakes.views import FakeReadModel, StillClock
from tokenward.model.person import PersonState
from tokenward.model.rotation import Cause, Claim
from tokenward.store.views import AuditLine
from tokenward.web.apps import control_app, metrics_app
from tokenward.web.control_reads import ControlReads
from tokenward.web.metrics import Metrics
from tokenward.web.vitals import Readiness
from web.scene import (
    BUILD,
    DAY,
    NOW,
    READY,
    a_person,
    a_record,
    a_roster,
    a_rotation,
    a_token,
    a_world,
    the_views,
    the_vitals,
)

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def client_of(app):
    """Return a client that speaks to *app* without a network."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tokenward")


@pytest.fixture
async def metrics():
    """Give a client of the metrics listener."""
    world = a_world(a_roster())
    app = metrics_app(Metrics(FakeReadModel(the_views()), lambda: world, the_vitals), lambda: READY)
    async with client_of(app) as client:
        yield client


def control_of(read_model, *routes):
    """Return a client of the control socket."""
    world = a_world(a_roster())
    return client_of(control_app(ControlReads(read_model, lambda: world, StillClock(NOW), BUILD), routes))


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text; version=0.0.1", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=broken", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
async def test_metrics_come_in_the_format_that_is_asked_for(metrics, accept, content_type):
    """C8: text unless OpenMetrics is asked for by name."""
    answer = await metrics.get("/metrics", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type
    assert answer.text.endswith("# EOF\n") == content_type.startswith("application")
    assert "tokenward_token_days_until_expiry{" in answer.text
    assert "process_resident_memory_bytes" in answer.text
    assert "_created" not in answer.text


async def test_metrics_are_compressed_when_asked(metrics):
    """C8: a twelfth of the size on the wire."""
    plain = await metrics.get("/metrics", headers={"Accept-Encoding": "identity"})
    async with metrics.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])

    assert "content-encoding" not in plain.headers
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < len(plain.content) / 5
    assert b"tokenward_build_info" in gzip.decompress(packed)


async def test_a_process_that_turns_is_alive(metrics):
    """Promise 6: whatever else is wrong."""
    assert (await metrics.get("/healthz")).json() == {"alive": True}


async def test_a_ready_daemon_says_so(metrics):
    """Promise 6: it can take and process events."""
    answer = await metrics.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": []})


async def test_a_daemon_that_is_not_ready_says_what_is_missing():
    """Promise 6: for whoever looks at it."""
    world = a_world(a_roster())
    readiness = Readiness(configuration=True, store=False, sources=False)
    app = metrics_app(Metrics(FakeReadModel(the_views()), lambda: world, the_vitals), lambda: readiness)

    async with client_of(app) as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert [missing.partition(":")[0] for missing in answer.json()["missing"]] == ["store", "sources"]


async def test_status_over_the_socket_lists_every_organisation():
    """A1: the one without services too."""
    async with control_of(FakeReadModel(the_views())) as client:
        answer = await client.get("/v1/status")

    assert [(one["id"], one["linked"]) for one in answer.json()["organisations"]] == [("corp", True), ("school", False)]


LEAVING = the_views(
    records=(a_record(rotation=a_rotation(causes=(Cause.CUSTODIAN,), actor="ana")),),
    states=(PersonState("kim", departs_at=NOW + 30 * DAY),),
)


async def test_a_departure_ahead_is_told_by_show_alone():
    """B7.2: status says custodian and nothing more; show over the control socket has the date."""
    async with control_of(FakeReadModel(LEAVING)) as client:
        status = await client.get("/v1/status")
        shown = await client.get("/v1/services/main")

    assert "2026-12-24" not in status.text
    assert "depart" not in status.text
    assert status.json()["organisations"][0]["services"][0]["rotation"]["causes"] == ["custodian"]
    kim, ana = shown.json()["people"]
    assert (kim["departs_at"], kim["usable"]) == ("2026-12-24T09:30:00Z", False)
    assert (ana["departs_at"], ana["usable"]) == (None, True)


async def test_show_tells_of_a_downloader_who_is_no_longer_in_line():
    """B1.4, B7.2: the token in use stands or falls with them."""
    world = a_world(a_roster(people=(a_person("kim"), a_person("ana"), a_person("max"))))
    record = a_record(token=a_token(downloader="max@corp.example"))
    views = the_views((record,), states=(PersonState("max", departs_at=NOW + DAY),))
    reads = ControlReads(FakeReadModel(views), lambda: world, StillClock(NOW), BUILD)

    async with client_of(control_app(reads, ())) as client:
        shown = (await client.get("/v1/services/main")).json()

    assert shown["custodian"] == "max"
    assert [(one["id"], one["departs_at"]) for one in shown["people"]] == [
        ("kim", None),
        ("ana", None),
        ("max", "2026-11-25T09:30:00Z"),
    ]


async def test_show_has_every_detail_that_helps():
    """B4.2: who is at it, what each target has, what was last answered."""
    rotation = a_rotation(claim=Claim("ana", NOW, NOW + DAY), outage_started_at=NOW - DAY)
    async with control_of(FakeReadModel(the_views((a_record(rotation=rotation),)))) as client:
        shown = (await client.get("/v1/services/main")).json()

    assert shown["token"]["downloader"] == "kim@corp.example"
    assert shown["last_reading"]["why"] == "Apple knows it"
    assert shown["rotation"]["claim"]["person"] == "ana"
    assert shown["rotation"]["certificate"] == "c0ffee"
    assert shown["rotation"]["outage"]["seconds"] == 86400
    assert [one["target"] for one in shown["rotation"]["targets"]] == ["nanodep"]
    assert shown["works"] is False


async def test_show_of_a_service_with_nothing_on_record_is_full_of_nothing():
    """B1.3: unknown is a state."""
    async with control_of(FakeReadModel(the_views(()))) as client:
        shown = (await client.get("/v1/services/labs")).json()

    assert (shown["token"], shown["rotation"], shown["expires_at"], shown["works"]) == (None, None, None, False)


LINES = the_views(
    lines=tuple(AuditLine(number, NOW, "rotation.opened", "main", {"rotation": "r1"}) for number in (3, 2, 1))
)


async def test_history_gives_as_many_lines_as_are_wanted():
    """B2.6: every change is in the audit record."""
    async with control_of(FakeReadModel(LINES)) as client:
        all_lines = (await client.get("/v1/services/main/history")).json()
        two_lines = (await client.get("/v1/services/main/history?limit=2")).json()

    assert [line["id"] for line in all_lines["lines"]] == [3, 2, 1]
    assert two_lines["lines"][0] == {
        "id": 3,
        "at": "2026-11-24T09:30:00Z",
        "what": "rotation.opened",
        "details": {"rotation": "r1"},
    }
    assert len(two_lines["lines"]) == 2


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1001", "9" * 5000, "²"])
async def test_a_wrong_limit_is_answered_with_a_finding(limit):
    """Promise 5: a clear error."""
    async with control_of(FakeReadModel(LINES)) as client:
        answer = await client.get("/v1/services/main/history", params={"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["do"] == "Ask for 1 to 1000 lines."


@pytest.mark.parametrize("path", ["/v1/services/nobody", "/v1/services/nobody/history"])
async def test_an_unknown_service_is_answered_with_those_that_there_are(path):
    """Promise 5: a clear error."""
    async with control_of(FakeReadModel(the_views())) as client:
        answer = await client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "TW114")
    assert "labs, main" in answer.json()["do"]


async def test_a_record_that_cannot_be_read_now_is_said_to_be_so():
    """Promise 6: 503, and what to do."""
    async with control_of(FakeReadModel(the_views(), is_broken=True)) as client:
        answer = await client.get("/v1/status")

    assert (answer.status_code, answer.json()["code"]) == (503, "TW502")


async def test_the_version_is_what_runs():
    """Promise 5: of the daemon, not of the command line."""
    async with control_of(FakeReadModel(the_views())) as client:
        answer = await client.get("/v1/version")

    assert answer.json() == {"version": "0.1.0", "revision": "abc1234", "python": "3.11.2"}


async def test_the_control_socket_serves_the_sources_routes_within_its_limit():
    """Promise 5: no body grows memory without bound."""

    async def take(request: Request):
        return JSONResponse({"bytes": len(await request.body())}, 202)

    async with control_of(FakeReadModel(the_views()), Route("/v1/events", take, methods=["POST"])) as client:
        taken = await client.post("/v1/events", content=b"x" * 500_000)
        refused = await client.post("/v1/events", content=b"x" * 2_000_000)

    assert (taken.status_code, taken.json()) == (202, {"bytes": 500_000})
    assert refused.status_code == 413


async def test_nothing_but_get_is_answered_by_the_metrics_listener(metrics):
    """Promise 5: it only reads."""
    assert (await metrics.post("/metrics")).status_code == 405
    assert (await metrics.get("/v1/status")).status_code == 404
