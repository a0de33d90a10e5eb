"""Envelopes, sealed: what Apple's portal gave out, kept until the token inside is superseded."""

import sqlite3
from datetime import datetime
from typing import Final

from tokenward.rotation.record import StoredEnvelope
from tokenward.store.columns import insert_into, instant, micros, take_new
from tokenward.store.rotations import IS_OPEN

_COLUMNS: Final = ("digest", "service", "recorded_at", "sealed", "file_name", "certificate", "issued_at")
_ADD: Final = insert_into("envelope", _COLUMNS) + f" on conflict (digest) do update set {take_new(_COLUMNS[1:])}"
_SUPERSEDED: Final = f"""
    recorded_at < ? and sealed <> x''
    and digest not in (select envelope from token where envelope is not null)
    and digest not in (select envelope from rotation where {IS_OPEN} and envelope is not null)
"""  # noqa: S608  constants
_OVERWRITE: Final = f"update envelope set sealed = zeroblob(length(sealed)) where {_SUPERSEDED}"  # noqa: S608  constants
_EMPTY: Final = f"update envelope set sealed = x'' where {_SUPERSEDED}"  # noqa: S608  constants


class EnvelopeTable:
    """Envelopes, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def add(self, stored: StoredEnvelope) -> None:
        """Keep it; the same file again takes the place of the first, with what is known now."""
        row = {
            "digest": stored.digest,
            "service": stored.service,
            "recorded_at": micros(stored.recorded_at),
            "sealed": stored.sealed,
            "file_name": stored.file_name,
            "certificate": stored.certificate,
            "issued_at": micros(stored.issued_at),
        }
        self._connection.execute(_ADD, row)

    def find(self, digest: str) -> StoredEnvelope | None:
        """Return it; ``sealed`` is empty once it was destroyed."""
        row = self._connection.execute("select * from envelope where digest = ?", (digest,)).fetchone()
        if row is None:
            return None
        return StoredEnvelope(
            digest=row["digest"],
            service=row["service"],
            recorded_at=instant(row["recorded_at"]),
            sealed=row["sealed"],
            file_name=row["file_name"],
            certificate=row["certificate"],
            issued_at=instant(row["issued_at"]),
        )

    def destroy_superseded(self, before: datetime) -> int:
        """Overwrite with zeros, then empty, every file from before *before* that nobody works with; return how many.

        The row stays as history. What an installed token came from stays too, for it may have to be handed over again.
        """
        until = (micros(before),)
        self._connection.execute(_OVERWRITE, until)
        return self._connection.execute(_EMPTY, until).rowcount
