import sqlite3

import pytest

from fakes.values import NOW, a_rotation
from tokenward.model.rotation import OPEN_STATES, State
from tokenward.rotation.ledger import AlreadyOpen
from tokenward.store.rotations import DUE, IS_OPEN


def test_the_database_itself_refuses_a_second_open_rotation(connection, change):
    """B2.6: by a constraint, so that no code can forget it."""
    change.rotations.open(a_rotation("r1"))
    change.rotations.open(a_rotation("r2", state=State.DONE))
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("update rotation set state = 'opened' where id = 'r2'")


def test_a_repeated_id_is_a_mistake_and_no_open_rotation(change):
    """B2.6: ``AlreadyOpen`` is said of nothing else."""
    change.rotations.open(a_rotation("r1"))
    with pytest.raises(sqlite3.IntegrityError):
        change.rotations.open(a_rotation("r1", service="labs"))
    with pytest.raises(AlreadyOpen):
        change.rotations.open(a_rotation("r2"))


def test_open_means_the_same_in_the_database_as_in_the_model(connection):
    """B2.1: nothing but done and cancelled ends a rotation."""
    for state in State:
        query = f"select {IS_OPEN.replace('state', '?', 1)}"
        assert bool(connection.execute(query, (state,)).fetchone()[0]) == (state in OPEN_STATES)


def test_what_is_due_is_found_by_its_index(connection):
    """C4: an idle tick costs the same whatever the number of services."""
    plan = connection.execute(f"explain query plan {DUE}", (0, 10)).fetchall()
    assert any("rotation_due" in row["detail"] and "SEARCH" in row["detail"] for row in plan)


def test_the_open_rotation_is_found_by_its_index(connection, change):
    """C4: so is each look at one service."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    change.rotations.open_of("main")
    connection.set_trace_callback(None)
    plan = connection.execute(f"explain query plan {statements[0]}").fetchall()
    assert "rotation_open" in plan[0]["detail"]


def test_closed_rotations_come_newest_first(change):
    """B12.5: the history of a service."""
    for number in range(3):
        change.rotations.open(a_rotation(f"r{number}", state=State.DONE, closed_at=NOW.replace(minute=number)))
    assert [rotation.id for rotation in change.rotations.closed("main", 2)] == ["r2", "r1"]
