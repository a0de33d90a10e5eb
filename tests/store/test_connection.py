import sqlite3
import stat

import pytest

from tokenward.model.finding import Code, NeedsOperator
from tokenward.store.connection import checkpoint, open_for_reading, open_for_writing


def mode(path):
    """Return the permissions of *path*."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_database_is_its_owners_alone(connection, path):
    """Promise 4: nobody else reads what is sealed in it."""
    connection.execute("insert into quiet values ('main', 1)")
    assert mode(path.parent) == 0o700
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["tokenward.db", "tokenward.db-shm", "tokenward.db-wal"]
    assert {mode(file) for file in files} == {0o600}


def test_a_database_that_was_open_to_others_is_closed_to_them(path):
    """Promise 4: a file copied back with a wide mode is narrowed."""
    open_for_writing(path).close()
    path.chmod(0o644)
    open_for_writing(path).close()
    assert mode(path) == 0o600


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("recursive_triggers", 1),
        ("busy_timeout", 5000),
    ],
)
def test_the_writer_is_set_to_lose_nothing(connection, pragma, expected):
    """Promise 1: a commit is on the disk; what is deleted is overwritten."""
    assert connection.execute(f"pragma {pragma}").fetchone()[0] == expected


def test_a_file_system_without_a_write_ahead_log_is_refused(monkeypatch, path):
    """Promise 1: rather not started than losing what was acknowledged."""
    monkeypatch.setattr("tokenward.store.connection._DURABLE", (("synchronous", "off", 2),))
    with pytest.raises(NeedsOperator) as refused:
        open_for_writing(path)
    assert refused.value.finding.code is Code.STORE
    assert "synchronous" in refused.value.finding.happened


def test_a_file_that_is_no_database_is_named_as_such(path):
    """Promise 5: a clear error, and the file stays for a look at it."""
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(NeedsOperator, match="damaged or is no database"):
        open_for_writing(path)
    assert path.read_bytes() == b"no database at all" * 100


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """Promise 5: the error says what to see to."""
    (tmp_path / "file").touch()
    with pytest.raises(NeedsOperator, match="could not be opened"):
        open_for_writing(tmp_path / "file" / "tokenward.db")


def test_a_reader_can_change_nothing(connection, path):
    """Views read the store and change nothing."""
    reading = open_for_reading(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.execute("insert into quiet values ('main', 1)")
    reading.close()


def test_a_reader_makes_no_database(path):
    """The command line without a daemon only looks."""
    path.parent.mkdir()
    with pytest.raises(NeedsOperator):
        open_for_reading(path)
    assert not path.exists()


def test_a_checkpoint_empties_the_log(connection, path):
    """C2: maintenance keeps the log short."""
    connection.execute("insert into quiet values ('main', 1)")
    log = path.with_name("tokenward.db-wal")
    assert log.stat().st_size > 0
    checkpoint(path)
    assert log.stat().st_size == 0
