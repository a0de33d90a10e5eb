"""Style sheets, scripts and pictures, over HTTP."""

import httpx2
import pytest
from starlette.applications import Starlette

from tokenward.web.assets import asset_routes, asset_url


@pytest.fixture
async def client():
    """Give a client of an application that has these files and nothing else."""
    app = Starlette(routes=asset_routes())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://tokenward") as client:
        yield client


async def test_a_file_is_kept_for_a_year_under_the_address_of_its_content(client):
    """Promise 5: a page costs one request."""
    answer = await client.get(asset_url("look.css"))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "--paper" in answer.text


async def test_a_file_under_another_address_is_asked_for_each_time(client):
    """Promise 5: after an update nobody sees the old look."""
    for path in ("/static/look.css", "/static/look.css?v=0"):
        assert (await client.get(path)).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing.css",
        "../html.py",
        "..%2fhtml.py",
        "%2e%2e/html.py",
        "%2fetc%2fpasswd",
        "look.css%00",
        "layout.html",
    ],
)
async def test_no_other_file_can_be_had(client, path):
    """Promise 4: only the files of the package's own folder, by their exact names."""
    answer = await client.get(f"/static/{path}")

    assert answer.status_code == 404
    assert "import" not in answer.text


def test_a_name_that_is_not_there_is_found_out_at_once():
    """Promise 5: a template that asks for it does not pass its test."""
    with pytest.raises(KeyError):
        asset_url("nothing.css")
