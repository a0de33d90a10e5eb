"""What the daemon sees when it looks at everything."""

import json
from dataclasses import replace

import httpx2
import pytest
from starlette.applications import Starlette

from fakes.target import FakeTarget
from fakes.world import Stage, a_service
from tokenward.model.event import EventKind
from tokenward.model.service import Keyholder
from tokenward.web.checkup import Checkups


@pytest.fixture
def target():
    """Return the product of ``main``."""
    return FakeTarget()


@pytest.fixture
async def stage(tmp_path, target):
    """Give a core with one service."""
    stage = Stage(tmp_path, target)
    yield stage
    await stage.ledger.close()


async def looked_at(stage):
    """Return what was found, by what it is about."""
    checkups = Checkups(stage.ledger, stage.present, stage.clock)
    app = Starlette(routes=list(checkups.routes()))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as client:
        answer = json.loads((await client.get("/v1/checkup")).content)
    found: dict[str, list[dict[str, str]]] = {}
    for check in answer["checks"]:
        found.setdefault(check["about"], []).append(check)
    return found


async def test_a_target_whose_way_is_clear_is_well(stage):
    """B4.1: as before a rotation, and nothing is changed by looking."""
    (check,) = (await looked_at(stage))["target main/fake"]
    assert check["grade"] == "well"
    assert stage.issuer.targets[0].fetches == []


@pytest.mark.parametrize("trouble", ["unreachable", "refuses", "terms_unsigned"])
async def test_a_target_in_trouble_is_bad_and_has_its_remedy(stage, target, trouble):
    """Each finding with what to do."""
    setattr(target, trouble, True)
    (check,) = (await looked_at(stage))["target main/fake"]
    assert check["grade"] == "bad"
    assert check["do"]


async def test_whoever_nobody_configured_comes_with_the_lines_to_add(stage, target):
    """B1.4: a downloader whom the configuration does not name."""
    target.downloader = "somebody.else@corp.example"
    target.holds("before")
    await stage.watch.ask_due()

    (check,) = (await looked_at(stage))["service main"]

    assert (check["grade"], "somebody.else@corp.example" in check["said"]) == ("unsure", True)
    assert 'id = "somebody-else", accounts = { corp = "somebody.else@corp.example" }' in check["do"]


async def test_a_rotation_that_stands_still_is_bad(stage):
    """With the remedy that it waits for."""
    stage.serve(a_service(keyholder=Keyholder.OPERATOR), *stage.issuer.targets)
    await stage.ask(EventKind.ROTATE)
    await stage.work()
    (check,) = (await looked_at(stage))["service main"]
    assert check["grade"] == "bad"
    assert "certificates/" in check["do"]


@pytest.mark.parametrize(("seconds", "grade"), [(None, "unsure"), (3.0, "well"), (-61.0, "bad"), (3600.0, "bad")])
async def test_the_clock_is_compared_with_apples(stage, seconds, grade):
    """Promise 6: a clock that is far off makes Apple refuse everything."""
    stage.witness.skew_seconds = seconds
    (check,) = (await looked_at(stage))["clock"]
    assert check["grade"] == grade


async def test_whom_no_source_speaks_of_is_said(stage):
    """B7.7: coverage, by person and signal."""
    (check,) = (await looked_at(stage))["person kim"]
    assert check["grade"] == "unsure"
    assert "departure" in check["said"]
    people = {**stage.world.roster.people, "kim": replace(stage.world.roster.people["kim"], password_source="drop")}
    stage.world = replace(stage.world, roster=replace(stage.world.roster, people=people))
    (check,) = (await looked_at(stage))["person kim"]
    assert "password" not in check["said"]
