import pytest
from sqlite_utils import Database

from tokenward.model.finding import NeedsOperator
from tokenward.store.connection import open_for_reading, open_for_writing
from tokenward.store.migrations import MIGRATIONS

TABLES = {
    "audit",
    "audit_head",
    "certificate",
    "envelope",
    "event",
    "installation",
    "last_reading",
    "link",
    "message",
    "person",
    "probe",
    "quiet",
    "reading",
    "refusal",
    "retired",
    "rotation",
    "tally",
    "token",
    "token_secret",
}


def test_there_are_exactly_the_tables_that_were_meant(connection):
    """C2: a misspelt table name in an insert would make a table of its own."""
    tables = {table.name for table in Database(connection, execute_plugins=False).tables}
    assert tables - {"_sqlite_migrations"} == TABLES


def test_every_table_is_strict(connection):
    """C2: a column takes what it was made for and nothing else."""
    tables = Database(connection, execute_plugins=False).tables
    assert [table.name for table in tables if not table.strict] == ["_sqlite_migrations"]


def test_opening_again_applies_nothing_twice(path):
    """C2: each step happens once."""
    open_for_writing(path).close()
    opened = open_for_writing(path)
    applied = [step.name for step in MIGRATIONS.applied(Database(opened, execute_plugins=False))]
    assert applied == sorted(set(applied))
    opened.close()


@pytest.mark.parametrize("open_it", [open_for_writing, open_for_reading])
def test_a_database_of_a_newer_version_is_left_as_it_is(path, open_it):
    """C2: an older program does not write to a newer file; the remedy is named."""
    opened = open_for_writing(path)
    opened.execute(
        "insert into _sqlite_migrations (migration_set, name, applied_at) values ('tokenward', 'm999_x', '')"
    )
    opened.close()
    before = path.read_bytes()

    with pytest.raises(NeedsOperator, match="newer version") as refused:
        open_it(path)
    assert "newer version again" in refused.value.finding.do
    assert path.read_bytes() == before
