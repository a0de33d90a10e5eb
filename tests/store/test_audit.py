import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.values import NOW
from tokenward.store.audit import AuditTable, head, verify


@pytest.fixture
def audited(connection, change):
    """Return a connection to a chain of nine lines, whose triggers an intruder has dropped."""
    for number in range(1, 10):
        change.audit.record(NOW, "rotation.moved", "main" if number % 2 else None, {"to": f"state {number}"})
    connection.execute("drop trigger audit_no_update")
    connection.execute("drop trigger audit_no_delete")
    return connection


def test_an_untouched_chain_holds(audited):
    """Promise 7."""
    assert verify(audited) is None
    assert head(audited)[0] == 9


def test_an_empty_chain_holds(connection):
    """Promise 7: a new store is in order."""
    assert verify(connection) is None


@pytest.mark.parametrize(
    ("tampering", "first_broken"),
    [
        ("update audit set details = '{}' where id = 4", 4),
        ("update audit set at = at + 1 where id = 1", 1),
        ("update audit set service = 'labs' where id = 3", 3),
        ("update audit set hash = (select hash from audit where id = 2) where id = 5", 5),
        ("delete from audit where id = 6", 6),
        ("delete from audit where id >= 8", 8),
        ("delete from audit", 1),
        ("insert into audit (id, at, what, details, hash) values (10, 0, 'x', '{}', 'x')", 10),
        ("insert into audit select 10, at, what, details, hash, service from audit where id = 9", 10),
        ("update audit set id = 11 where id = 9", 9),
        ("update audit_head set last_id = 8", 9),
        ("delete from audit_head", 1),
    ],
)
def test_whatever_is_altered_removed_or_added_is_found(audited, tampering, first_broken):
    """Promise 7: ``audit verify`` finds any line that was altered or removed."""
    audited.execute(tampering)
    assert verify(audited) == first_broken


def test_a_line_forged_in_full_is_found_by_the_head(audited):
    """Promise 7: a line with a right hash behind the chain's end is not one of ours."""
    noted = audited.execute("select * from audit_head").fetchone()
    AuditTable(audited).record(NOW, "rotation.done", "main", {})
    assert verify(audited) is None
    audited.execute("update audit_head set last_id = ?, hash = ?", (noted["last_id"], noted["hash"]))
    assert verify(audited) == 10


@pytest.mark.parametrize(
    "statement",
    ["update audit set what = 'x'", "delete from audit", "insert or replace into audit select * from audit"],
)
def test_the_database_refuses_to_change_a_line(connection, change, statement):
    """B2.6: the audit record only grows."""
    change.audit.record(NOW, "rotation.opened", "main", {})
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        connection.execute(statement)
    assert verify(connection) is None


@given(st.lists(st.tuples(st.text(), st.none() | st.text(), st.dictionaries(st.text(), st.text()))))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_any_words_make_a_chain_that_holds(connection, lines):
    """Promise 7: no text breaks the chain."""
    connection.execute("begin")
    for what, service, details in lines:
        AuditTable(connection).record(NOW, what, service, details)
    assert verify(connection) is None
    assert head(connection)[0] == len(lines)
    connection.execute("rollback")
