"""Totals that metrics show. They are raised with the fact, and nothing ever lowers them."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from tokenward.store.columns import words_text

_RAISE: Final = """
    insert into tally (name, labels, amount) values (?, ?, ?)
    on conflict (name, labels) do update set amount = amount + excluded.amount
"""


class TallyTable:
    """Tallies, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def add(self, name: str, labels: Mapping[str, str], amount: float = 1.0) -> None:
        """Raise the total of *name* with *labels* by *amount*, which is not negative."""
        if amount < 0:
            raise ValueError(f"{name} is a total and can't fall by {-amount}")
        self._connection.execute(_RAISE, (name, words_text(labels), float(amount)))
