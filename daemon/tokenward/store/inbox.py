"""Events, each kept once, and what was refused."""

import sqlite3
from datetime import datetime
from typing import Final

from tokenward.model.event import Event, EventKind, Refused, Way
from tokenward.model.finding import Code, Finding
from tokenward.model.person import Subject
from tokenward.rotation.record import InboxEvent, Settlement
from tokenward.store.columns import insert_into, instant, items, list_text, micros, words, words_text

_EVENT: Final = (
    "source",
    "key",
    "kind",
    "way",
    "received_at",
    "taken_at",
    "service",
    "subject_format",
    "subject_value",
    "occurred_at",
    "effective_at",
    "data",
    "attachment",
)
_REFUSAL: Final = (
    "source",
    "key",
    "kind",
    "way",
    "service",
    "refused_at",
    "code",
    "happened",
    "means",
    "remedy",
)
_ADD: Final = insert_into("event", _EVENT)
_IS_REFUSED: Final = "select 1 from refusal where source = ? and key = ?"
_REFUSE: Final = insert_into("refusal", _REFUSAL)

_CODES: Final = {code.number: code for code in Code}

KEPT_REFUSALS: Final = 10_000
"""How many refusals are kept, so that a sender of nonsense can't fill the disk."""

_PENDING_OF: Final = "select exists (select 1 from event where outcome is null and service = ?)"
_SETTLE: Final = "update event set outcome = ?, lines = ?, code = ?, settled_at = ? where id = ?"
_FORGET_PAYLOAD: Final = """
    update event
    set service = null, subject_format = null, subject_value = null, effective_at = null, data = null,
        attachment = null
    where id = ?
"""


class InboxTable:
    """The inbox, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def find(self, source: str, key: str) -> int | None:
        """Return the id of the event that *source* sent under *key*, if it was ever taken."""
        row = self._connection.execute("select id from event where source = ? and key = ?", (source, key)).fetchone()
        return None if row is None else int(row["id"])

    def add(self, event: Event, attachment: str | None, at: datetime) -> int:
        """Keep *event* as pending and return its id. Ask ``find`` first: source and key are taken once."""
        subject = event.subject
        row = {
            "source": event.source,
            "key": event.key,
            "kind": event.kind,
            "way": event.way,
            "received_at": micros(event.received_at),
            "taken_at": micros(at),
            "service": event.service,
            "subject_format": subject and subject.format,
            "subject_value": subject and subject.value,
            "occurred_at": micros(event.occurred_at),
            "effective_at": micros(event.effective_at),
            "data": words_text(event.data),
            "attachment": attachment,
        }
        added = self._connection.execute(_ADD, row).lastrowid
        assert added is not None  # noqa: S101  an insert has a row id
        return added

    def next_pending(self) -> InboxEvent | None:
        """Return the oldest event that was not yet decided."""
        row = self._connection.execute("select * from event where outcome is null order by id limit 1").fetchone()
        return None if row is None else _inbox_event(row)

    def has_pending(self, service: str) -> bool:
        """Return whether an event that names *service* still waits to be decided."""
        (found,) = self._connection.execute(_PENDING_OF, (service,)).fetchone()
        return bool(found)

    def settle(self, event_id: int, settlement: Settlement, at: datetime) -> None:
        """Mark the event as decided; what is ``ignored`` keeps only sender, key, kind and times."""
        lines = list_text(settlement.lines)
        settled = (settlement.outcome, lines, settlement.code, micros(at), event_id)
        self._connection.execute(_SETTLE, settled)
        if settlement.outcome == "ignored":
            self._connection.execute(_FORGET_PAYLOAD, (event_id,))

    def settlement(self, event_id: int) -> Settlement | None:
        """Return what became of the event, or None while it is pending or where there is none."""
        row = self._connection.execute(
            "select outcome, lines, code from event where id = ? and outcome is not null", (event_id,)
        ).fetchone()
        return None if row is None else Settlement(row["outcome"], items(row["lines"]), row["code"])

    def record_refusal(self, event: Event, refused: Refused, at: datetime) -> bool:
        """Keep the refusal, without the event's payload, and return whether it is new.

        The very same event may be refused again after a crash. The oldest give way when there are too many.
        """
        if self._connection.execute(_IS_REFUSED, (event.source, event.key)).fetchone() is not None:
            return False
        finding = refused.finding
        row = {
            "source": event.source,
            "key": event.key,
            "kind": event.kind,
            "way": event.way,
            "service": event.service,
            "refused_at": micros(at),
            "code": finding.code.number,
            "happened": finding.happened,
            "means": finding.means,
            "remedy": finding.do,
        }
        added = self._connection.execute(_REFUSE, row).lastrowid
        assert added is not None  # noqa: S101  an insert has a row id
        self._connection.execute("delete from refusal where id <= ?", (added - KEPT_REFUSALS,))
        return True


def _inbox_event(row: sqlite3.Row) -> InboxEvent:
    return InboxEvent(row["id"], event_from_row(row), row["attachment"], instant(row["taken_at"]))


def event_from_row(row: sqlite3.Row) -> Event:
    """Return the event that stands in *row*, as far as its payload was kept."""
    named = row["subject_format"] is not None
    return Event(
        source=row["source"],
        key=row["key"],
        kind=EventKind(row["kind"]),
        way=Way(row["way"]),
        received_at=instant(row["received_at"]),
        service=row["service"],
        subject=Subject(row["subject_format"], row["subject_value"]) if named else None,
        occurred_at=instant(row["occurred_at"]),
        effective_at=instant(row["effective_at"]),
        data=words(row["data"]) if row["data"] else {},
    )


def finding_from_row(row: sqlite3.Row) -> Finding:
    """Return why the event in *row* was refused."""
    return Finding(_CODES[row["code"]], row["happened"], row["means"], row["remedy"])
