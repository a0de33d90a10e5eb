"""Connections to the database file, set up so that what is committed survives a loss of power."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.store.faults import cannot_open
from tokenward.store.migrations import migrate, refuse_newer

_BUSY_SECONDS: Final = 5.0
_CHECKPOINT_PAGES: Final = 10_000
"""A checkpoint in a commit costs its waiters time: maintenance makes the regular one, this is the limit."""

_DURABLE: Final = (
    ("journal_mode", "wal", "wal"),
    ("synchronous", "full", 2),
    ("foreign_keys", "on", 1),
    ("secure_delete", "on", 1),
)
"""Name, value as it is set, value as it is read back. Source: SQLite, "PRAGMA Statements"."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return the writer's connection to the database at *path*, which is made or brought up to date first.

    The file is 0600, and SQLite gives its companions the same mode; a folder that has to be made is 0700.
    Transactions are begun and ended by hand only (``isolation_level=None``).

    Raises:
        NeedsOperator: It can't be opened, is damaged, or a newer version wrote it; it stays as it is.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise cannot_open(error) from error
    return _opened(path, "rw", _prepare_writing)


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection to the database at *path* that can change nothing.

    Raises:
        NeedsOperator: There is none, it can't be opened, is damaged, or was written by a newer version.
    """
    return _opened(path, "ro", _prepare_reading)


def checkpoint(path: Path) -> None:
    """Move what was committed from the write-ahead log into the database file, and empty the log.

    Raises:
        sqlite3.Error: It could not be done now; nothing is lost.
    """
    with closing(_connect(path, "rw")) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


@contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold a read transaction: what others commit meanwhile is not seen inside."""
    connection.execute("begin")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("rollback")


def _opened(path: Path, mode: str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    try:
        connection = _connect(path, mode)
    except sqlite3.Error as error:
        raise cannot_open(error) from error
    try:
        prepare(connection)
    except sqlite3.Error as error:
        connection.close()
        raise cannot_open(error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """Return a bare connection, to be handed from the opening thread to the one that uses it."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection


def _prepare_writing(connection: sqlite3.Connection) -> None:
    database = Database(connection, execute_plugins=False)
    refuse_newer(database)
    for name, value, _ in _DURABLE:
        connection.execute(f"pragma {name} = {value}")
    connection.execute(f"pragma wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    for name, _, expected in _DURABLE:
        _insist(connection, name, expected)
    migrate(database)


def _prepare_reading(connection: sqlite3.Connection) -> None:
    connection.execute("pragma query_only = on")
    refuse_newer(Database(connection, execute_plugins=False))


def _insist(connection: sqlite3.Connection, name: str, expected: str | int) -> None:
    (found,) = connection.execute(f"pragma {name}").fetchone()
    if found != expected:
        raise NeedsOperator(
            Finding(
                Code.STORE,
                f"The database would not take {name} = {expected}; it stays at {found}.",
                "Without it, what was acknowledged could be lost with the power.",
                "Put the state directory on a local file system; network file systems lack what it takes.",
            )
        )
