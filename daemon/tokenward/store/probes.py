"""Questions about tokens, due at some time, and their dated answers."""

import sqlite3
from datetime import datetime
from typing import Final

from tokenward.model.arrival import PasswordChange
from tokenward.model.event import EventKind
from tokenward.model.target import Reading
from tokenward.rotation.record import PlannedProbe
from tokenward.store.columns import insert_into, instant, micros

_READING: Final = ("service", "at", "answered", "why", "verdict", "downloader", "server_uuid", "event_id")
_RECORD: Final = insert_into("reading", _READING)
_REMEMBER: Final = """
    insert into last_reading (service, reading, answered_at) values (?, ?, ?)
    on conflict (service) do update set reading = excluded.reading,
                                        answered_at = coalesce(excluded.answered_at, answered_at)
"""

_VERDICTS: Final = """
    select at, verdict from reading where service = ? and verdict is not null order by id desc limit ?
"""

_BORNE: Final = """
    with asked (event_id) as (
        select event_id from reading where service = :service and event_id is not null
        union
        select event_id from probe where service = :service and event_id is not null
    ), change as (
        select event.*, (
            select outage_started_at from rotation
            where rotation.service = :service and rotation.envelope is not null
              and (closed_at is null or closed_at > event.received_at)
            order by opened_at limit 1
        ) as replaced_at
        from asked join event on event.id = asked.event_id
        where event.kind in (:changed, :reset)
        order by event.id desc limit :limit
    )
    select change.id, kind, source, coalesce(occurred_at, received_at) as happened_at, replaced_at,
           count(reading.id) as answers,
           max(case when verdict = 'valid' then at end) as last_worked_at,
           min(case when verdict in ('rejected', 'superseded', 'expired') then at end) as first_dead_at
    from change left join reading
      on reading.event_id = change.id and reading.service = :service and (replaced_at is null or at < replaced_at)
    group by change.id order by change.id desc
"""


class ProbeTable:
    """Probes and readings, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def plan(self, service: str, due_at: datetime, event_id: int | None) -> None:
        """Ask about the token of *service* at *due_at*; for *event_id*, where an event is the reason."""
        self._connection.execute(
            "insert into probe (service, due_at, event_id) values (?, ?, ?)",
            (service, micros(due_at), event_id),
        )

    def due(self, now: datetime, limit: int) -> tuple[PlannedProbe, ...]:
        """Return the planned probes whose time has come, the oldest first."""
        rows = self._connection.execute(
            "select * from probe where due_at <= ? order by due_at, id limit ?", (micros(now), limit)
        )
        return tuple(PlannedProbe(row["id"], row["service"], instant(row["due_at"]), row["event_id"]) for row in rows)

    def next_regular(self, service: str) -> datetime | None:
        """Return when the next planned probe without an event is due."""
        query = "select min(due_at) from probe where service = ? and event_id is null"
        due_at: int | None = self._connection.execute(query, (service,)).fetchone()[0]
        return instant(due_at)

    def record(self, service: str, probe_id: int | None, reading: Reading, at: datetime) -> None:
        """Keep the answer, dated, with the event that the probe was planned for; it is planned no more."""
        row = {
            "service": service,
            "at": micros(at),
            "answered": reading.answered,
            "why": reading.why,
            "verdict": reading.verdict,
            "downloader": reading.downloader,
            "server_uuid": reading.server_uuid,
            "event_id": self._take_event_of(probe_id),
        }
        added = self._connection.execute(_RECORD, row).lastrowid
        answered_at = micros(at) if reading.answered else None
        self._connection.execute(_REMEMBER, (service, added, answered_at))

    def drop(self, probe_id: int) -> None:
        """Forget a planned probe, whose service is no longer configured."""
        self._take_event_of(probe_id)

    def last_verdicts(self, service: str, limit: int) -> tuple[tuple[datetime, str], ...]:
        """Return the latest readings that gave a verdict, newest first."""
        rows = self._connection.execute(_VERDICTS, (service, limit))
        return tuple((instant(row["at"]), row["verdict"]) for row in rows)

    def _take_event_of(self, probe_id: int | None) -> int | None:
        taken = self._connection.execute("delete from probe where id = ? returning event_id", (probe_id,)).fetchall()
        return taken[0]["event_id"] if taken else None


def password_changes(connection: sqlite3.Connection, service: str, limit: int) -> tuple[PasswordChange, ...]:
    """Return the latest password changes because of which the token of *service* was asked after, newest first.

    Only answers about the old token count: those before the download of the next one.
    """
    kinds = {"changed": EventKind.PASSWORD_CHANGED, "reset": EventKind.PASSWORD_RESET}
    rows = connection.execute(_BORNE, {"service": service, "limit": limit, **kinds})
    return tuple(_password_change(row) for row in rows)


def _password_change(row: sqlite3.Row) -> PasswordChange:
    return PasswordChange(
        event_id=row["id"],
        kind=row["kind"],
        source=row["source"],
        at=instant(row["happened_at"]),
        answers=row["answers"],
        last_worked_at=instant(row["last_worked_at"]),
        first_dead_at=instant(row["first_dead_at"]),
        replaced_at=instant(row["replaced_at"]),
    )
