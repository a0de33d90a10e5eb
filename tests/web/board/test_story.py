import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokenward
from tokenward.store.views import AuditLine
from tokenward.web.board.story import KEPT_BACK, is_told, story
from web.scene import MINUTE, NOW

SOURCES = Path(tokenward.__file__).parent
NAMED = re.compile(r"(?:rotation|recovery|reminder|certificate|envelope|token|event|person|link|service)\.[a-z_]+")
NOT_LINES = {"event.taken", "event.refused", "event.settled", "event.accepted", "event.ignored", "event.denied"}
"""Names of log lines and waypoints that look the same."""


def line(what: str, minutes: int = 0, **details: str) -> AuditLine:
    """Return a line of the record."""
    return AuditLine(1, NOW - minutes * MINUTE, what, "main", details)


def recorded() -> set[str]:
    """Return what is written into the record, by the words that it uses for it."""
    calls = {"record", "note", "_change"}
    found = set()
    for path in (*SOURCES.glob("rotation/*.py"), *SOURCES.glob("web/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in calls:
                words = (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))
                found |= {one for one in words if NAMED.fullmatch(one)}
    return found - NOT_LINES


def test_every_kind_of_line_is_told_in_words_or_kept_back_on_purpose():
    """B7.2: a new kind of line is not let out by being forgotten, and not lost either."""
    known = recorded()

    assert len(known) > 10
    assert {what for what in known if not is_told(what)} <= KEPT_BACK


@pytest.mark.parametrize(
    "told",
    [
        AuditLine(1, NOW, "something.new", "main", {"why": "nobody knows"}),
        AuditLine(1, NOW, "rotation.advanced", "main", {"from": "proven", "to": "done"}),
        AuditLine(1, NOW, "rotation.advanced", "main", {"from": "somewhere", "to": "else"}),
        AuditLine(1, NOW, "rotation.acted", "main", {"from": "proven", "to": "proven"}),
        AuditLine(1, NOW, "token.state_changed", "main", {"to": "odd"}),
    ],
    ids=lambda told: f"{told.what} {told.details}",
)
def test_what_has_no_sentence_is_not_told(told):
    """B7.2: nothing gets out by being new."""
    assert story([told]) == ()


def test_what_stands_with_a_person_is_kept_back():
    """B7.2: for the control socket alone."""
    assert story([line("person.noted", person="kim", standing="departed"), line("link.revoked", person="kim")]) == ()


@given(details=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_nothing_of_a_lines_details_gets_out_unless_it_is_known(details):
    """B7.2: reasons that were written for operators do not stand on a page."""
    (entry,) = story([AuditLine(1, NOW, "rotation.opened", "main", {**details, "cause": "x", "causes": ""})])

    assert entry.words == "A rotation was opened: no cause is on record"


def test_a_rotation_for_a_departure_is_a_planned_change_of_custodian():
    """B7.2: in these words."""
    (entry,) = story([line("rotation.opened", cause="custodian", why="kim leaves on 2026-12-03")])

    assert entry.words == "A rotation was opened: planned change of custodian"


def test_what_repeats_itself_is_told_once():
    """B2.1: a target that is away for an hour is one line."""
    (entry,) = story(
        [AuditLine(1, NOW - minutes * MINUTE, "rotation.acted", "main", {"from": "checked"}) for minutes in range(3)]
    )

    assert entry.words == "The new token is being handed to a target (3 times)"
    assert entry.at == NOW


def test_the_way_of_a_rotation_reads_as_one():
    """B2.6: every transition is on record, and in words."""
    lines = [
        line("rotation.done", rung="3"),
        AuditLine(1, NOW, "rotation.advanced", "main", {"from": "installed", "to": "proven"}),
        AuditLine(1, NOW, "rotation.advanced", "main", {"from": "checked", "to": "awaiting_token"}),
        line("token.state_changed", to="superseded"),
    ]

    assert [entry.words for entry in story(lines)] == [
        "The rotation was done",
        "The service was seen to work with the new token",
        "Back: a new token is asked for",
        "The token in use is now superseded",
    ]
