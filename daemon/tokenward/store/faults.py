"""What the database's errors mean for whoever waits: a fault of the machine passes, one of ours is a bug."""

import sqlite3
from typing import Final

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable

_NOTHING_KEPT: Final = "Nothing of this change was acknowledged. It is tried again by itself."

_PASSING: Final = {
    sqlite3.SQLITE_FULL: (
        "The disk that holds the database is full.",
        "Free some space on the file system of the state directory.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk that holds the database could not be read or written.",
        "Look at the kernel's log and at the free space of the state directory's file system.",
    ),
    sqlite3.SQLITE_BUSY: (
        "Another process keeps the database locked.",
        "Find out who has the database open, such as a backup or an SQL shell, and end it.",
    ),
    sqlite3.SQLITE_LOCKED: (
        "The database is locked.",
        "Find out who has the database open, such as a backup or an SQL shell, and end it.",
    ),
    sqlite3.SQLITE_NOMEM: (
        "There was no memory for the database.",
        "Give the daemon more memory, or find out what uses it up.",
    ),
}
_DAMAGED: Final = Finding(
    Code.STORE,
    "The database file is damaged or is no database.",
    "Nothing more can be kept in it.",
    "Stop the daemon, keep the file for a look at it, and restore the last backup.",
)


def not_kept(error: BaseException) -> Retryable:
    """Return what the waiters of a transaction hear that *error* brought down."""
    return Retryable(_passing(error) or _unforeseen(error))


def translated(error: sqlite3.Error) -> Exception:
    """Return what *error* is called outside this room; one that only a bug can cause stays what it is."""
    passing = _passing(error)
    if passing is not None:
        return Retryable(passing)
    if _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return NeedsOperator(_DAMAGED)
    return error


def cannot_open(error: Exception) -> NeedsOperator:
    """Return why the daemon can't start with this database."""
    if _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return NeedsOperator(_DAMAGED)
    return NeedsOperator(
        Finding(
            Code.STORE,
            f"The database could not be opened: {error}.",
            "Without it nothing is taken in and nothing goes on.",
            "See that the state directory exists, belongs to the daemon's user, and has free space.",
        )
    )


def _code(error: BaseException) -> int | None:
    """Return the primary result code. Source: SQLite, "Result and Error Codes", on extended codes."""
    extended = getattr(error, "sqlite_errorcode", None)
    return None if extended is None else extended & 0xFF


def _passing(error: BaseException) -> Finding | None:
    found = _PASSING.get(_code(error) or sqlite3.SQLITE_OK)
    return None if found is None else Finding(Code.STORE, found[0], _NOTHING_KEPT, found[1])


def _unforeseen(error: BaseException) -> Finding:
    return Finding(
        Code.STORE,
        f"The database did not keep a change: {type(error).__name__}.",
        _NOTHING_KEPT,
        "If it goes on, restart the daemon and report its log.",
    )
