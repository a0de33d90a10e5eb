import re
from dataclasses import replace

import httpx2
import pytest

from fakes.views import FakeReadModel
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Blocked, Cause, State
from tokenward.model.target import BlockReason
from tokenward.schema.address import Address
from tokenward.store.views import AuditLine
from tokenward.web.apps import board_mount, metrics_app, operations_app
from tokenward.web.board.pages import Board
from tokenward.web.board.words import STAGES
from tokenward.web.metrics import Metrics
from tokenward.web.own_host import own_names
from web.scene import DAY, HOUR, MINUTE, NOW, READY, a_record, a_roster, a_rotation, a_world, the_views, the_vitals

PATHS = ("/", "/services/main", "/rotations/r1")
API = ("/api/v1/status", "/api/v1/services/main", "/api/v1/rotations/r1")
STUCK = Blocked(BlockReason.INSTALL_FAILED, "see to <it> & more", None, NOW - HOUR)


def the_board(views=None, *, is_broken=False):
    """Return the board as a mount, over a fixed moment."""
    world = a_world(a_roster())
    record = FakeReadModel(views or the_views((a_record(rotation=a_rotation()),)), is_broken)
    board = Board(record, lambda: world, the_vitals)
    return board_mount(board, own_names(Address("127.0.0.1", 9847), None))


def told_states(page: str) -> set[str]:
    """Return every state of a rotation that a page tells in its words."""
    return {state.value for state, words in STAGES.items() if words in page}


async def get(path, views=None, *, app=None, host="127.0.0.1:9847", method="GET", **words):
    """Return the answer to a question."""
    app = app or operations_app(the_board(views, **words))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:
        return await client.request(method, path, headers={"Host": host})


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_is_whole_and_strict(path):
    """B7: server-rendered, nothing foreign, nothing kept by a browser."""
    answer = await get(path)

    assert answer.status_code == 200
    assert "Main MDM" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)


@pytest.mark.parametrize(("path", "api"), [*zip(PATHS, API, strict=True)])
async def test_the_json_says_what_the_page_says(path, api):
    """B7: JSON beside it under /api/v1/."""
    page, told = await get(path), (await get(api)).json()

    rotation = told.get("rotation") or (told.get("service") or {}).get("rotation")
    if rotation is None:
        rotation = told["organisations"][0]["services"][0]["rotation"]
    assert rotation["state"] == "awaiting_token"
    assert rotation["state"] in told_states(page.text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [*PATHS, *API])
async def test_nothing_is_changed_from_here(path, method):
    """B7: read-only."""
    assert (await get(path, method=method)).status_code == 405


@pytest.mark.parametrize("path", ["/services/nobody", "/rotations/none", "/nothing", "/static/none.css"])
async def test_what_is_not_there_is_said_on_a_page(path):
    """B7: 404 with the way back."""
    assert (await get(path)).status_code == 404
    assert (await get(f"/api/v1{path}")).status_code == 404


@pytest.mark.parametrize("path", [*PATHS, *API])
async def test_a_record_that_can_not_be_read_is_said(path):
    """Promise 6: 503, and what to do."""
    answer = await get(path, is_broken=True)

    assert answer.status_code == 503
    assert "Ask again." in answer.text


async def test_metrics_and_health_answer_whatever_they_are_called_by_and_the_board_does_not():
    """C8: whoever scrapes may use any name; the board refuses a foreign Host."""
    world = a_world(a_roster())
    metrics = Metrics(FakeReadModel(the_views()), lambda: world, the_vitals)
    app = metrics_app(metrics, lambda: READY, [the_board()])

    assert (await get("/metrics", app=app, host="prometheus.example")).status_code == 200
    assert (await get("/healthz", app=app, host="prometheus.example")).status_code == 200
    assert (await get("/", app=app, host="prometheus.example")).status_code == 421
    assert (await get("/api/v1/status", app=app, host="prometheus.example")).status_code == 421
    assert (await get("/", app=app)).status_code == 200


async def test_what_people_wrote_can_not_become_markup():
    """Promise 5: a remedy with angle brackets is shown as it is."""
    failing = a_rotation(state=State.CHECKED, blocked=STUCK, entered_at=NOW - 11 * MINUTE)
    answer = await get("/rotations/r1", the_views((a_record(rotation=failing),)))

    assert "ee to &lt;it&gt; &amp; more" in answer.text
    assert "tokenward export-envelope main" in answer.text  # B4.5: plan B


@pytest.mark.parametrize("path", [*PATHS, *API])
async def test_a_departure_ahead_changes_not_one_letter(path):
    """B7.2: every page and every answer with it is the same as without it."""
    rotation = a_rotation(causes=(Cause.CUSTODIAN,), actor="ana")
    records = (a_record(rotation=rotation),)
    noted = AuditLine(9, NOW - HOUR, "person.noted", "main", {"person": "kim", "standing": "active"})
    leaving = (PersonState("kim", Standing.ACTIVE, departs_at=NOW + 9 * DAY), PersonState("ana", departs_at=NOW + DAY))
    staying = tuple(replace(state, departs_at=None) for state in leaving)

    told = await get(path, the_views(records, leaving, lines=(noted,)))
    untold = await get(path, the_views(records, staying))

    assert told.text == untold.text
    assert "planned change of custodian" in told.text or '"custodian"' in told.text
    assert not re.search(r"departs|departing|leaving|2026-12-03|3 December", told.text)
