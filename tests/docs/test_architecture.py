import tomllib

from docs.documents import ROOT, blocks, rows

PAGE = ROOT / "docs" / "architecture.md"
ROOMS = ROOT / "daemon" / "tokenward"


def _floors():
    """Return the rooms of each floor, from the top, as the page has them."""
    floors: dict[int, set[str]] = {}
    for floor, room, owns, must_not in rows(PAGE, "floor"):
        assert owns
        assert must_not
        floors.setdefault(int(floor), set()).add(room.strip("`"))
    return list(floors.values())


def _layers():
    """Return the floors that import-linter holds imports to."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    return [layer for layer in layers if layer != "__main__"]


def test_the_table_of_rooms_is_what_lies_on_the_disk():
    """C3: a new room takes its line with it."""
    assert set.union(*_floors()) == {path.parent.name for path in ROOMS.glob("*/__init__.py")}


def test_the_floors_are_those_that_imports_are_held_to():
    """C3: what the page says of imports is checked, in the same order."""
    assert _floors() == [{room.strip() for room in layer.split("|")} for layer in _layers()]


def test_the_list_for_contributors_is_the_same():
    """C3: one order of rooms, wherever it is told."""
    listed = next(block.text for block in blocks(ROOT / "CONTRIBUTING.md") if block.note == "layers")

    assert listed.splitlines() == _layers()


def test_every_decision_is_linked_and_has_its_three_parts():
    """C3: situation, decision, price."""
    listed = PAGE.read_text()
    for path in (ROOT / "docs" / "decisions").iterdir():
        assert f"(decisions/{path.name})" in listed
        parts = [line for line in path.read_text().splitlines() if line.startswith("## ")]
        assert parts == ["## Situation", "## Decision", "## Price"], path.name
