"""Retired services."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from tokenward.model.retirement import Retirement
from tokenward.store.columns import insert_into, instant, micros

_COLUMNS: Final = ("service", "at", "why")
_RECORD: Final = insert_into("retired", _COLUMNS) + " on conflict (service) do nothing"


class RetirementTable:
    """Retirements, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def all(self) -> Mapping[str, Retirement]:
        """Return every retirement, by service."""
        rows = self._connection.execute("select * from retired order by service")
        return {row["service"]: Retirement(row["service"], instant(row["at"]), row["why"]) for row in rows}

    def record(self, retirement: Retirement) -> None:
        """Keep *retirement*; a service that is retired already stays so since then."""
        row = {"service": retirement.service, "at": micros(retirement.at), "why": retirement.why}
        self._connection.execute(_RECORD, row)

    def forget(self, service: str) -> None:
        """Have *service* retired no longer."""
        self._connection.execute("delete from retired where service = ?", (service,))
