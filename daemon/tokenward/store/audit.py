"""The record of every change, chained by hashes: a line that is altered, removed or slipped in is found.

::

    hash(n) = SHA-256( hash(n-1) + canonical JSON of line n )          hash(0) = 64 zeros

The head (number and hash of the last line) is kept beside the lines, so that lines missing at the end are
found. There is no key in it: whoever can write to the file can forge a whole new chain, which only a head that
was noted elsewhere gives away.
"""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from tokenward.store.columns import micros, words_text

_START: Final = (0, "0" * 64)
_ADD: Final = "insert into audit (id, at, what, service, details, hash) values (?, ?, ?, ?, ?, ?)"
_MOVE_HEAD: Final = """
    insert into audit_head (id, last_id, hash) values (1, ?, ?)
    on conflict (id) do update set last_id = excluded.last_id, hash = excluded.hash
"""


class AuditTable:
    """The audit record, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def record(self, at: datetime, what: str, service: str | None, details: Mapping[str, str]) -> None:
        """Add a line to the chain. *details* hold no secret."""
        last, before = head(self._connection)
        line = (last + 1, micros(at), what, service, words_text(details))
        after = _link(before, line)
        self._connection.execute(_ADD, (*line, after))
        self._connection.execute(_MOVE_HEAD, (last + 1, after))


def head(connection: sqlite3.Connection) -> tuple[int, str]:
    """Return number and hash of the last line."""
    row = connection.execute("select last_id, hash from audit_head").fetchone()
    return _START if row is None else (row["last_id"], row["hash"])


def verify(connection: sqlite3.Connection) -> int | None:
    """Return the number of the first line that is not as it was written; None: the whole chain holds."""
    last, link = _START
    for row in connection.execute("select id, at, what, service, details, hash from audit order by id"):
        *line, found = row
        expected = _link(link, tuple(line))
        if line[0] != last + 1 or found != expected:
            return last + 1
        last, link = last + 1, expected
    return None if (last, link) == head(connection) else _broken_end(last, head(connection)[0])


def _broken_end(last: int, noted: int) -> int:
    """Return where lines are missing behind *last*, or the first line behind the *noted* head."""
    return min(last, noted) + 1


def _link(before: str, line: tuple[object, ...]) -> str:
    return hashlib.sha256((before + json.dumps(line, separators=(",", ":"))).encode()).hexdigest()
