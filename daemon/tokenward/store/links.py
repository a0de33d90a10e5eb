"""The numbers of people's links."""

import sqlite3
from typing import Final

from tokenward.model.link import Link
from tokenward.store.columns import insert_into, instant, micros, take_new

_COLUMNS: Final = ("person", "number", "made_at", "ended_at", "is_revoked")
_RECORD: Final = insert_into("link", _COLUMNS) + (
    f" on conflict (person, number) do update set {take_new(_COLUMNS[2:])}"
)


class LinkTable:
    """Links, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def all(self) -> tuple[Link, ...]:
        """Return every link that was ever made, those of one person in their order."""
        return tuple(_link(row) for row in self._connection.execute("select * from link order by person, number"))

    def record(self, link: Link) -> None:
        """Keep *link*, new or changed."""
        row = {
            "person": link.person,
            "number": link.number,
            "made_at": micros(link.made_at),
            "ended_at": micros(link.ended_at),
            "is_revoked": link.is_revoked,
        }
        self._connection.execute(_RECORD, row)


def _link(row: sqlite3.Row) -> Link:
    return Link(
        row["person"],
        row["number"],
        instant(row["made_at"]),
        instant(row["ended_at"]),
        is_revoked=bool(row["is_revoked"]),
    )
