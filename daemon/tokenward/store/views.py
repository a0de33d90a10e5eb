"""Read models: what metrics, board and status show, read in few queries however many services there are."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlite_utils import Database

from tokenward.model.arrival import Answer, Arrival, Arrivals, PasswordChange, Place
from tokenward.model.certificate import AnyRecipient, Certificate
from tokenward.model.finding import Finding
from tokenward.model.link import Link
from tokenward.model.person import PersonState
from tokenward.model.retirement import Retirement
from tokenward.model.rotation import Rotation
from tokenward.model.token import InstalledToken, TokenState
from tokenward.rotation.record import StoredCertificate
from tokenward.store import arrivals, audit
from tokenward.store.certificates import CertificateTable
from tokenward.store.columns import instant, micros, words
from tokenward.store.inbox import finding_from_row
from tokenward.store.links import LinkTable
from tokenward.store.people import PersonTable
from tokenward.store.probes import password_changes
from tokenward.store.retirements import RetirementTable
from tokenward.store.rotations import RotationTable
from tokenward.store.tokens import token_from_row

_LAST_DONE: Final = """
    select * from rotation join (
        select service, max(closed_at) as closed_at from rotation where state = 'done' group by service
    ) using (service, closed_at) where state = 'done'
"""
_LAST_READINGS: Final = """
    select last_reading.service, at, verdict, why, answered, answered_at
    from last_reading join reading on reading.id = last_reading.reading
"""
_LINES_OF_ROTATION: Final = """
    select * from audit
    where service = :service and at >= :opened_at and at <= :until
    and coalesce(json_extract(details, '$.rotation'), :rotation) = :rotation
    order by id desc limit :limit
"""


@dataclass(frozen=True, slots=True)
class LastReading:
    """The latest answer about a service's token."""

    at: datetime
    verdict: TokenState | None
    why: str
    answered: bool
    answered_at: datetime | None
    """When the other side last gave an answer that means something."""


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """What is on record about one service."""

    service: str
    token: InstalledToken | None = None
    rotation: Rotation | None = None
    """The open one."""
    last_done: Rotation | None = None
    quiet_until: datetime | None = None
    next_probe_at: datetime | None = None
    last_reading: LastReading | None = None


@dataclass(frozen=True, slots=True)
class TallyRow:
    """One total."""

    name: str
    labels: Mapping[str, str]
    amount: float


@dataclass(frozen=True, slots=True)
class Depths:
    """How much waits."""

    inbox: int
    outbox: int


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the audit record."""

    id: int
    at: datetime
    what: str
    service: str | None
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class History:
    """What happened to one service, newest first."""

    lines: tuple[AuditLine, ...]
    rotations: tuple[Rotation, ...]
    password_changes: tuple[PasswordChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One event that was not taken."""

    source: str
    kind: str
    service: str | None
    at: datetime
    finding: Finding


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where the audit chain ends: noted elsewhere, it proves later what was there today."""

    last_id: int
    hash: str


class Views:
    """The read models, as of one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read through *connection*, inside a transaction of whoever calls."""
        self._connection = connection

    def services(self) -> Mapping[str, ServiceRecord]:
        """Return every service of which anything is on record, by id."""
        tokens = {row["service"]: token_from_row(row) for row in self._connection.execute("select * from token")}
        rotations = RotationTable(self._connection)
        opened = {rotation.service: rotation for rotation in rotations.open_ones()}
        done = {rotation.service: rotation for rotation in rotations.load(_LAST_DONE)}
        quiet = self._instants("select service, until from quiet")
        probes = self._instants("select service, min(due_at) from probe group by service")
        readings = {row["service"]: _last_reading(row) for row in self._connection.execute(_LAST_READINGS)}
        known = sorted({*tokens, *opened, *done, *quiet, *probes, *readings})
        return {
            service: ServiceRecord(
                service,
                tokens.get(service),
                opened.get(service),
                done.get(service),
                quiet.get(service),
                probes.get(service),
                readings.get(service),
            )
            for service in known
        }

    def tallies(self) -> tuple[TallyRow, ...]:
        """Return every total, ordered by name and labels."""
        rows = self._connection.execute("select name, labels, amount from tally order by name, labels")
        return tuple(TallyRow(row["name"], words(row["labels"]), row["amount"]) for row in rows)

    def depths(self) -> Depths:
        """Return how many events wait to be decided, and how many messages to be sent.

        What a channel failed on waits to be sent too; what is kept for a later hour does not.
        """
        database = Database(self._connection, execute_plugins=False)
        return Depths(
            inbox=database.table("event").count_where("outcome is null"),
            outbox=database.table("message").count_where(
                "sent_at is null and (attempts > 0 or next_attempt_at is null)"
            ),
        )

    def people(self) -> Mapping[str, PersonState]:
        """Return everybody of whom something is known, by id."""
        return PersonTable(self._connection).states()

    def retirements(self) -> Mapping[str, Retirement]:
        """Return every service that is retired, by id."""
        return RetirementTable(self._connection).all()

    def links(self) -> tuple[Link, ...]:
        """Return every link that was ever made to a personal page."""
        return LinkTable(self._connection).all()

    def certificate(self, service: str, fingerprint: str) -> Certificate | None:
        """Return the certificate of *service* with *fingerprint*."""
        stored = CertificateTable(self._connection).find(service, fingerprint)
        return stored.certificate if stored else None

    def history(self, service: str, limit: int) -> History:
        """Return the latest audit lines, closed rotations and password changes of *service*, *limit* of each."""
        rows = self._connection.execute(
            "select * from audit where service = ? order by id desc limit ?", (service, limit)
        )
        return History(
            tuple(_audit_line(row) for row in rows),
            RotationTable(self._connection).closed(service, limit),
            password_changes(self._connection, service, limit),
        )

    def rotations_between(self, start: datetime, end: datetime) -> tuple[Rotation, ...]:
        """Return every rotation that was open at some time from *start* until before *end*, oldest first."""
        return RotationTable(self._connection).between(start, end)

    def rotation(self, rotation_id: str) -> Rotation | None:
        """Return one rotation, open or closed, or None where there is none."""
        return RotationTable(self._connection).find(rotation_id)

    def lines_of(self, rotation: Rotation, now: datetime, limit: int) -> tuple[AuditLine, ...]:
        """Return the latest *limit* audit lines about *rotation*, and about its service while it was open."""
        row = {
            "service": rotation.service,
            "rotation": rotation.id,
            "opened_at": micros(rotation.opened_at),
            "until": micros(rotation.closed_at or now),
            "limit": limit,
        }
        return tuple(_audit_line(line) for line in self._connection.execute(_LINES_OF_ROTATION, row))

    def last_heard(self, sources: Iterable[str], now: datetime) -> Mapping[str, datetime]:
        """Return when each of *sources* last sent an event, of those that did; departures still ahead are left out."""
        return arrivals.last_heard(self._connection, sources, now)

    def latest_arrivals(self, limit: int) -> Arrivals:
        """Return the latest *limit* events and refusals, oldest first."""
        return arrivals.latest(self._connection, limit)

    def arrivals_after(self, place: Place, limit: int) -> Arrivals:
        """Return the next *limit* decided events and refusals behind *place*, oldest first."""
        return arrivals.following(self._connection, place, limit)

    def arrival(self, event_id: int) -> Arrival | None:
        """Return one event with what became of it, or None where there is none."""
        return arrivals.event(self._connection, event_id)

    def answers(self, event_id: int) -> tuple[Answer, ...]:
        """Return what was answered about tokens because of one event, oldest first."""
        return arrivals.answers(self._connection, event_id)

    def certificates_named_by(self, recipient: AnyRecipient) -> tuple[StoredCertificate, ...]:
        """Return every certificate, of any service, that *recipient* names, newest first."""
        return CertificateTable(self._connection).named_by(recipient)

    def refusals(self, limit: int) -> tuple[RefusalRow, ...]:
        """Return the latest refusals, newest first."""
        rows = self._connection.execute("select * from refusal order by id desc limit ?", (limit,))
        return tuple(_refusal(row) for row in rows)

    def audit_head(self) -> AuditHead:
        """Return where the audit chain ends."""
        return AuditHead(*audit.head(self._connection))

    def broken_audit_line(self) -> int | None:
        """Return the number of the first audit line that is not as it was written; None: the chain holds."""
        return audit.verify(self._connection)

    def _instants(self, query: str) -> dict[str, datetime]:
        return {service: instant(column) for service, column in self._connection.execute(query)}


def _last_reading(row: sqlite3.Row) -> LastReading:
    return LastReading(
        at=instant(row["at"]),
        verdict=None if row["verdict"] is None else TokenState(row["verdict"]),
        why=row["why"],
        answered=bool(row["answered"]),
        answered_at=instant(row["answered_at"]),
    )


def _audit_line(row: sqlite3.Row) -> AuditLine:
    return AuditLine(row["id"], instant(row["at"]), row["what"], row["service"], words(row["details"]))


def _refusal(row: sqlite3.Row) -> RefusalRow:
    return RefusalRow(row["source"], row["kind"], row["service"], instant(row["refused_at"]), finding_from_row(row))
