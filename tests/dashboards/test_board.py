"""The dashboard by itself: what it asks for is there, and everything on it leads somewhere."""

import json
import re

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.board import UID, UNKNOWN_KEYS, all_panels, grafana_dashboard
from dashboards.parts import PERSON_STATES, ROTATION_STATES, TOKEN_STATES
from docs.documents import ROOT
from tokenward.model.person import Standing
from tokenward.model.rotation import OPEN_STATES
from tokenward.model.token import TokenState
from tokenward.web.catalogue import CATALOGUE, Kind

BOARD = json.loads(grafana_dashboard())
PANELS = [panel for panel in all_panels(BOARD) if panel["type"] != "row"]
QUERIES = [
    *(target["expr"] for panel in PANELS for target in panel["targets"]),
    *(annotation["expr"] for annotation in BOARD["annotations"]["list"]),
    *(one["query"] for one in BOARD["templating"]["list"] if one["type"] == "query"),
]
ENTRIES = {entry.name: entry for entry in CATALOGUE}
OTHERS = {"process_resident_memory_bytes"}
of_each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_on_the_dashboard_is_exported(query):
    """C8: a panel on a metric that is not there stays empty."""
    named = set(re.findall(r"\b(?:tokenward_\w+|process_\w+)\b", re.sub(r'"[^"]*"', "", query)))

    assert {name.removesuffix("_bucket") for name in named} <= ENTRIES.keys() | OTHERS


@pytest.mark.parametrize("query", QUERIES)
def test_every_label_on_the_dashboard_is_one_of_the_metric_s(query):
    """C8: a misspelt label finds nothing."""
    for metric, selector in re.findall(r"(tokenward_\w+)\{([^}]+)\}", query):
        entry = ENTRIES[metric.removesuffix("_bucket")]
        known = {"job", "instance", *entry.labels, *([metric] if entry.kind is Kind.STATESET else [])}
        assert set(re.findall(r"(\w+)=", selector)) <= known, selector


@pytest.mark.parametrize(
    ("looks", "states"),
    [(TOKEN_STATES, TokenState), (ROTATION_STATES, ("idle", *OPEN_STATES)), (PERSON_STATES, Standing)],
    ids=["token", "rotation", "person"],
)
def test_every_state_has_a_text_and_a_colour(looks, states):
    """C8: and none that there is not."""
    assert set(looks) == {str(state) for state in states}
    assert all(text and colour for text, colour in looks.values())


@of_each_panel
def test_a_panel_says_what_it_shows_and_leads_to_a_page(panel):
    """C8: whoever looks at it at night has not made it."""
    (link,) = panel["links"]

    assert panel["description"].endswith((".", "role."))
    assert link["url"].startswith("${runbooks}/")
    assert (ROOT / "docs" / "runbooks" / link["url"].rpartition("/")[2]).exists()


@of_each_panel
def test_a_panel_asks_the_source_that_was_chosen(panel):
    """C8: one file for every Grafana, whatever its data source is called."""
    wanted = {"type": "prometheus", "uid": "${datasource}"}

    assert panel["datasource"] == wanted
    assert [target["datasource"] for target in panel["targets"]] == [wanted] * len(panel["targets"])


def test_the_dashboard_has_its_fixed_names():
    """C8: links and alerts find it, an update replaces it."""
    assert (BOARD["id"], BOARD["uid"], BOARD["schemaVersion"], BOARD["refresh"]) == (None, UID, 39, "1m")
    variables = [one["name"] for one in BOARD["templating"]["list"]]
    assert variables == ["datasource", "job", "instance", "organisation", "service", "runbooks"]
    assert [one["name"] for one in BOARD["annotations"]["list"]] == ["Rotations", "Outages"]


def test_every_panel_has_its_number_and_its_place():
    """C8: none hides another."""
    numbers = [panel["id"] for panel in all_panels(BOARD)]
    taken: set[tuple[int, int]] = set()
    for panel in all_panels(BOARD):
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells

    assert numbers == list(range(1, len(numbers) + 1))


def test_the_library_knows_every_key():
    """C8: what it reads and writes again is the same, so no key is one of our own."""
    again = json.loads(json.dumps(Dashboard.from_json(BOARD), cls=JSONEncoder))

    assert _known(BOARD) == _known(again)


def _known(document):
    """Return *document* without what is mended after the library, and without its own defaults."""
    document = json.loads(json.dumps(document))
    document.pop("id", None)
    document.pop("style", None)
    for variable in document["templating"]["list"]:
        for key in UNKNOWN_KEYS:
            variable.pop(key, None)
    for annotation in document["annotations"]["list"]:
        annotation.pop("target", None)
    for panel in all_panels(document):
        if panel.get("options", ()) is None:
            del panel["options"]
    return document
