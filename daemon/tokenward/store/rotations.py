"""Rotations, at most one open for each service, with how far each of their targets has come."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import AFTER_THE_CLICK, Blocked, Cause, Claim, Installation, Rotation, State
from tokenward.model.target import BlockReason
from tokenward.rotation.ledger import AlreadyOpen, Conflict
from tokenward.store.columns import insert_into, instant, items, list_text, micros, set_each

_COLUMNS: Final = (
    "id",
    "service",
    "state",
    "revision",
    "causes",
    "opened_at",
    "entered_at",
    "due_at",
    "wake_at",
    "actor",
    "asked_at",
    "new_key",
    "visit",
    "certificate",
    "certificate_changed",
    "registered_by",
    "cleared_at",
    "envelope",
    "supplied_by",
    "server_uuid",
    "downloader",
    "witness_ip",
    "claim_person",
    "claim_at",
    "claim_until",
    "recover_until",
    "remind_at",
    "blocked_reason",
    "blocked_remedy",
    "blocked_next_attempt_at",
    "blocked_since",
    "attempts",
    "attempted_at",
    "vouched_at",
    "outage_started_at",
    "outage_ended_at",
    "rung",
    "follow_up",
    "closed_at",
    "close_reason",
)
_INSTALLATION: Final = (
    "rotation",
    "target",
    "position",
    "required",
    "by_hand",
    "attempts",
    "attempted_at",
    "forced",
    "noted",
    "held_before",
    "expected",
    "installed_at",
    "error",
    "mismatch",
    "next_attempt_at",
    "rung",
)

# The partial indexes `rotation_open` and `rotation_due` are used only for exactly this condition.
IS_OPEN: Final = "state not in ('done', 'cancelled')"
_CLICKED: Final = ", ".join(f"'{state}'" for state in sorted(AFTER_THE_CLICK))

_OPEN: Final = insert_into("rotation", _COLUMNS)
_UPDATE: Final = f"update rotation set {set_each(_COLUMNS[1:])} where id = :id and revision = :revision - 1"  # noqa: S608  constants
_INSTALL: Final = insert_into("installation", _INSTALLATION)
DUE: Final = f"""
    select * from rotation where {IS_OPEN} and wake_at <= ?
    order by state in ({_CLICKED}) desc, due_at, wake_at, id limit ?
"""  # noqa: S608  constants


class RotationTable:
    """Rotations, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def open(self, rotation: Rotation) -> None:
        """Keep a new one.

        Raises:
            AlreadyOpen: The service has an open rotation.
        """
        try:
            self._connection.execute(_OPEN, _row(rotation))
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorname != "SQLITE_CONSTRAINT_UNIQUE":
                raise
            raise AlreadyOpen(f"{rotation.service} has an open rotation") from error
        self._write_installations(rotation)

    def find(self, rotation_id: str) -> Rotation | None:
        """Return one rotation, open or closed."""
        return self._first("select * from rotation where id = ?", rotation_id)

    def open_of(self, service: str) -> Rotation | None:
        """Return the open rotation of *service*."""
        return self._first(f"select * from rotation where service = ? and {IS_OPEN}", service)  # noqa: S608  a constant

    def open_ones(self) -> tuple[Rotation, ...]:
        """Return every open rotation."""
        return self.load(f"select * from rotation where {IS_OPEN}")  # noqa: S608  a constant

    def last_closed(self, service: str) -> Rotation | None:
        """Return the rotation of *service* that was done or cancelled last."""
        return next(iter(self.closed(service, 1)), None)

    def closed(self, service: str, limit: int) -> tuple[Rotation, ...]:
        """Return the rotations of *service* that were done or cancelled, newest first."""
        query = """
            select * from rotation where service = ? and closed_at is not null
            order by closed_at desc, opened_at desc, rowid desc limit ?
        """
        return self.load(query, service, limit)

    def between(self, start: datetime, end: datetime) -> tuple[Rotation, ...]:
        """Return every rotation that was open at some time from *start* until before *end*, oldest first."""
        query = """
            select * from rotation where opened_at < ? and (closed_at is null or closed_at >= ?)
            order by opened_at, id
        """
        return self.load(query, micros(end), micros(start))

    def due(self, now: datetime, limit: int) -> tuple[Rotation, ...]:
        """Return open rotations whose ``wake_at`` has come: those after the click first, then by due date."""
        return self.load(DUE, micros(now), limit)

    def update(self, rotation: Rotation) -> Rotation:
        """Write *rotation* over its row if the row still has its revision; return it with the next revision.

        Raises:
            Conflict: Somebody else moved it meanwhile; load it again.
        """
        moved = replace(rotation, revision=rotation.revision + 1)
        if self._connection.execute(_UPDATE, _row(moved)).rowcount == 0:
            raise Conflict(f"rotation {rotation.id} is no longer at revision {rotation.revision}")
        self._connection.execute("delete from installation where rotation = ?", (rotation.id,))
        self._write_installations(moved)
        return moved

    def quiet_until(self, service: str) -> datetime | None:
        """Return until when the clock may not open a rotation for *service*."""
        row = self._connection.execute("select until from quiet where service = ?", (service,)).fetchone()
        return None if row is None else instant(row["until"])

    def keep_quiet(self, service: str, until: datetime | None) -> None:
        """Let the clock open no rotation for *service* before *until*; None lets it again."""
        self._connection.execute("delete from quiet where service = ?", (service,))
        if until is not None:
            self._connection.execute("insert into quiet values (?, ?)", (service, micros(until)))

    def load(self, query: str, *values: object) -> tuple[Rotation, ...]:
        """Return the rotations that *query*, one of this room's for whole rows, finds, with their targets."""
        rows = self._connection.execute(query, values).fetchall()
        installations = self._installations(row["id"] for row in rows)
        return tuple(_rotation(row, installations[row["id"]]) for row in rows)

    def _first(self, query: str, *values: object) -> Rotation | None:
        return next(iter(self.load(query, *values)), None)

    def _installations(self, rotations: Iterable[str]) -> defaultdict[str, tuple[Installation, ...]]:
        found: defaultdict[str, tuple[Installation, ...]] = defaultdict(tuple)
        query = """
            select installation.* from json_each(?) as wanted join installation on rotation = wanted.value
            order by rotation, position
        """
        for row in self._connection.execute(query, (list_text(rotations),)):
            found[row["rotation"]] += (_installation(row),)
        return found

    def _write_installations(self, rotation: Rotation) -> None:
        rows = [
            _installation_row(rotation.id, position, installation)
            for position, installation in enumerate(rotation.installations)
        ]
        self._connection.executemany(_INSTALL, rows)


def _row(rotation: Rotation) -> dict[str, object]:
    claim, blocked = rotation.claim, rotation.blocked
    return {
        "id": rotation.id,
        "service": rotation.service,
        "state": rotation.state,
        "revision": rotation.revision,
        "causes": list_text(rotation.causes),
        "opened_at": micros(rotation.opened_at),
        "entered_at": micros(rotation.entered_at),
        "due_at": micros(rotation.due_at),
        "wake_at": micros(rotation.wake_at),
        "actor": rotation.actor,
        "new_key": rotation.new_key,
        "visit": rotation.visit,
        "certificate": rotation.certificate,
        "certificate_changed": rotation.certificate_changed,
        "registered_by": rotation.registered_by,
        "witness_ip": rotation.witness_ip,
        "cleared_at": micros(rotation.cleared_at),
        "envelope": rotation.envelope,
        "supplied_by": rotation.supplied_by,
        "server_uuid": rotation.server_uuid,
        "downloader": rotation.downloader,
        "claim_person": claim and claim.person,
        "claim_at": claim and micros(claim.at),
        "claim_until": claim and micros(claim.until),
        "recover_until": micros(rotation.recover_until),
        "asked_at": micros(rotation.asked_at),
        "remind_at": micros(rotation.remind_at),
        "blocked_reason": blocked and blocked.reason,
        "blocked_remedy": blocked and blocked.remedy,
        "blocked_next_attempt_at": blocked and micros(blocked.next_attempt_at),
        "blocked_since": blocked and micros(blocked.since),
        "attempts": rotation.attempts,
        "attempted_at": micros(rotation.attempted_at),
        "vouched_at": micros(rotation.vouched_at),
        "outage_started_at": micros(rotation.outage_started_at),
        "outage_ended_at": micros(rotation.outage_ended_at),
        "rung": rotation.rung,
        "follow_up": list_text(rotation.follow_up),
        "closed_at": micros(rotation.closed_at),
        "close_reason": rotation.close_reason,
    }


def _rotation(row: sqlite3.Row, installations: tuple[Installation, ...]) -> Rotation:
    return Rotation(
        id=row["id"],
        service=row["service"],
        state=State(row["state"]),
        revision=row["revision"],
        causes=_causes(row["causes"]),
        opened_at=instant(row["opened_at"]),
        entered_at=instant(row["entered_at"]),
        due_at=instant(row["due_at"]),
        wake_at=instant(row["wake_at"]),
        actor=row["actor"],
        new_key=bool(row["new_key"]),
        visit=row["visit"],
        certificate=row["certificate"],
        certificate_changed=bool(row["certificate_changed"]),
        registered_by=None if row["registered_by"] is None else RegisteredBy(row["registered_by"]),
        witness_ip=row["witness_ip"],
        cleared_at=instant(row["cleared_at"]),
        envelope=row["envelope"],
        supplied_by=row["supplied_by"],
        server_uuid=row["server_uuid"],
        downloader=row["downloader"],
        claim=_claim(row),
        recover_until=instant(row["recover_until"]),
        asked_at=instant(row["asked_at"]),
        remind_at=instant(row["remind_at"]),
        blocked=_blocked(row),
        attempts=row["attempts"],
        attempted_at=instant(row["attempted_at"]),
        vouched_at=instant(row["vouched_at"]),
        outage_started_at=instant(row["outage_started_at"]),
        outage_ended_at=instant(row["outage_ended_at"]),
        rung=row["rung"],
        follow_up=_causes(row["follow_up"]),
        installations=installations,
        closed_at=instant(row["closed_at"]),
        close_reason=row["close_reason"],
    )


def _causes(text: str) -> tuple[Cause, ...]:
    return tuple(Cause(cause) for cause in items(text))


def _claim(row: sqlite3.Row) -> Claim | None:
    if row["claim_person"] is None:
        return None
    return Claim(row["claim_person"], instant(row["claim_at"]), instant(row["claim_until"]))


def _blocked(row: sqlite3.Row) -> Blocked | None:
    if row["blocked_reason"] is None:
        return None
    return Blocked(
        BlockReason(row["blocked_reason"]),
        row["blocked_remedy"],
        next_attempt_at=instant(row["blocked_next_attempt_at"]),
        since=instant(row["blocked_since"]),
    )


def _installation_row(rotation: str, position: int, installation: Installation) -> dict[str, object]:
    return {
        "rotation": rotation,
        "target": installation.target,
        "position": position,
        "required": installation.required,
        "by_hand": installation.by_hand,
        "attempts": installation.attempts,
        "attempted_at": micros(installation.attempted_at),
        "forced": installation.forced,
        "noted": installation.noted,
        "held_before": installation.held_before,
        "expected": installation.expected,
        "installed_at": micros(installation.installed_at),
        "error": installation.error,
        "mismatch": installation.mismatch,
        "next_attempt_at": micros(installation.next_attempt_at),
        "rung": installation.rung,
    }


def _installation(row: sqlite3.Row) -> Installation:
    return Installation(
        target=row["target"],
        required=bool(row["required"]),
        by_hand=bool(row["by_hand"]),
        attempts=row["attempts"],
        attempted_at=instant(row["attempted_at"]),
        forced=bool(row["forced"]),
        noted=row["noted"],
        held_before=row["held_before"],
        expected=row["expected"],
        installed_at=instant(row["installed_at"]),
        error=row["error"],
        mismatch=bool(row["mismatch"]),
        next_attempt_at=instant(row["next_attempt_at"]),
        rung=row["rung"],
    )
