"""What events have told about people."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from tokenward.model.person import PersonState, Standing
from tokenward.store.columns import insert_into, instant, micros, take_new

_COLUMNS: Final = ("person", "standing", "since", "departs_at", "confirmed_at")
_RECORD: Final = insert_into("person", _COLUMNS) + f" on conflict (person) do update set {take_new(_COLUMNS[1:])}"


class PersonTable:
    """People, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def state(self, person: str) -> PersonState:
        """Return what is known of *person*; of whom nothing is known, an unknown standing."""
        row = self._connection.execute("select * from person where person = ?", (person,)).fetchone()
        return PersonState(person) if row is None else _state(row)

    def states(self) -> Mapping[str, PersonState]:
        """Return everybody of whom something is known, by id."""
        rows = self._connection.execute("select * from person order by person")
        return {row["person"]: _state(row) for row in rows}

    def record(self, state: PersonState) -> None:
        """Make *state* what is known of its person."""
        row = {
            "person": state.person,
            "standing": state.standing,
            "since": micros(state.since),
            "departs_at": micros(state.departs_at),
            "confirmed_at": micros(state.confirmed_at),
        }
        self._connection.execute(_RECORD, row)


def _state(row: sqlite3.Row) -> PersonState:
    return PersonState(
        row["person"],
        Standing(row["standing"]),
        since=instant(row["since"]),
        departs_at=instant(row["departs_at"]),
        confirmed_at=instant(row["confirmed_at"]),
    )
