import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from tokenward.simulator.jsonapi import ApiRefused, Kind, Listing, Resource

KIND = Kind("things", ("name", "size"), ("name",))
BASE = "http://127.0.0.1:8080/v1"


def things(count: int) -> list[Resource]:
    """Return so many resources."""
    return [Resource("things", f"id-{number}", {"name": f"n{number}", "size": number}) for number in range(count)]


@given(count=st.integers(0, 12), limit=st.integers(1, 1000), largest=st.integers(1, 5), counted=st.booleans())
def test_following_the_next_links_gives_each_thing_once_in_order(count, limit, largest, counted):
    """A15: whatever the page size, with the same fields on each page."""
    found: list[str] = []
    query = {"limit": str(limit), "fields[things]": "size"}
    while True:
        page = json.loads(Listing(BASE, QueryParams(query), largest, counted=counted).page(KIND, things(count)).body)
        found += [item["id"] for item in page["data"]]
        assert all(item["attributes"].keys() == {"size"} for item in page["data"])
        assert ("total" in page["meta"]["paging"]) == counted
        if "next" not in page["links"]:
            assert "nextCursor" not in page["meta"]["paging"]
            break
        query = dict(parse_qsl(urlsplit(page["links"]["next"]).query))
    assert found == [thing.id for thing in things(count)]


@given(cursor=st.text(max_size=30))
def test_any_other_cursor_is_refused(cursor):
    """A15: and nothing else happens."""
    with pytest.raises(ApiRefused, match="PARAMETER_ERROR"):
        Listing(BASE, QueryParams({"cursor": cursor}), 5).page(KIND, things(3))


def test_a_thing_that_came_meanwhile_moves_no_page():
    """A15: a cursor names the last thing that was shown."""
    first = json.loads(Listing(BASE, QueryParams({"limit": "2"}), 5).page(KIND, things(3)).body)
    cursor = first["meta"]["paging"]["nextCursor"]
    again = Listing(BASE, QueryParams({"cursor": cursor}), 5).page(KIND, [Resource("things", "new", {}), *things(3)])
    assert [item["id"] for item in json.loads(again.body)["data"]] == ["id-2"]
