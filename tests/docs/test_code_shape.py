import ast

from docs.documents import ROOT

LONGEST = 400
SAYS_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
MODULES = sorted(path for room in ("daemon", "tests") for path in (ROOT / room).rglob("*.py"))
PAGES = sorted(path for room in ("static", "templates") for path in (ROOT / "daemon/tokenward/web" / room).iterdir())


def _names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def test_every_module_says_in_its_first_line_what_it_is_for():
    """C3: a test module's name and sentences say it for themselves; all others have a docstring."""
    silent = [
        path
        for path in MODULES
        if not path.name.startswith("test_") and ast.get_docstring(ast.parse(path.read_text())) is None
    ]

    assert _names(silent) == []


def test_no_module_is_longer_than_one_concept():
    """C3: four hundred lines at most, also of what pages are made of."""
    assert _names(path for path in (*MODULES, *PAGES) if len(path.read_text().splitlines()) > LONGEST) == []


def test_no_module_is_called_by_a_name_that_says_nothing():
    """C3: such a name says that nobody knew what it was."""
    assert _names(path for path in MODULES if SAYS_NOTHING & {path.stem, path.parent.name}) == []
