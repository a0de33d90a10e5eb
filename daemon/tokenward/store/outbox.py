"""What people are to be told: kept with its reason, sent later, never twice for one reason."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tokenward.rotation.record import Message
from tokenward.store.columns import insert_into, instant, micros, words, words_text

_COLUMNS: Final = ("audience", "template", "reason_key", "service", "words", "added_at", "attempts")
_ADD: Final = insert_into("message", _COLUMNS) + " on conflict (reason_key) do nothing"
_PENDING: Final = """
    select *, row_number() over (partition by audience order by id) as turn from message
    where sent_at is null and (next_attempt_at is null or next_attempt_at <= ?)
    order by audience <> 'on-call', turn, id limit ?
"""
"""Readers take turns, so that nobody waits behind everything that somebody else is to be told."""
_WITHDRAW: Final = "update message set sent_at = ?, reason_key = reason_key || '/withdrawn/' || id where id = ?"
_FAILED: Final = "update message set attempts = attempts + 1, error = ?, next_attempt_at = ? where id = ?"


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message that waits to be sent."""

    id: int
    message: Message
    added_at: datetime
    attempts: int
    """How often sending it failed."""


class OutboxTable:
    """The outbox, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def add(self, message: Message, at: datetime) -> bool:
        """Keep *message* unless its reason was used before; return whether it is new."""
        row = {
            "audience": message.audience,
            "template": message.template,
            "reason_key": message.reason_key,
            "service": message.service,
            "words": None if message.words is None else words_text(message.words),
            "added_at": micros(at),
            "attempts": 0,
        }
        return self._connection.execute(_ADD, row).rowcount == 1

    def pending(self, now: datetime, limit: int) -> tuple[QueuedMessage, ...]:
        """Return unsent messages that may be tried now: on-call's first, then the oldest of each reader in turn."""
        return tuple(_queued(row) for row in self._connection.execute(_PENDING, (micros(now), limit)))

    def mark_sent(self, message_id: int, at: datetime) -> None:
        """Take note that it was sent."""
        self._connection.execute("update message set sent_at = ? where id = ?", (micros(at), message_id))

    def withdraw(self, message_id: int, at: datetime) -> None:
        """Take note that it was never said, and need not be; its reason can come up again."""
        self._connection.execute(_WITHDRAW, (micros(at), message_id))

    def mark_failed(self, message_id: int, why: str, next_attempt_at: datetime) -> None:
        """Take note that it could not be sent, and when to try again."""
        self._connection.execute(_FAILED, (why, micros(next_attempt_at), message_id))

    def put_off(self, message_id: int, until: datetime) -> None:
        """Leave it alone until then; that is no failure."""
        self._connection.execute("update message set next_attempt_at = ? where id = ?", (micros(until), message_id))


def _queued(row: sqlite3.Row) -> QueuedMessage:
    message = Message(
        audience=row["audience"],
        template=row["template"],
        reason_key=row["reason_key"],
        service=row["service"],
        words=None if row["words"] is None else words(row["words"]),
    )
    return QueuedMessage(row["id"], message, instant(row["added_at"]), row["attempts"])
