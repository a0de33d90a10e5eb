"""The record as the views see it, without a database; and the parts of a world that no view ever uses."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn, TypeVar

from tokenward.model.arrival import Answer, Arrival, Arrivals, Place
from tokenward.model.certificate import Certificate
from tokenward.model.finding import Code, Finding, Retryable
from tokenward.model.link import Link
from tokenward.model.organisation import Organisation
from tokenward.model.person import PersonState
from tokenward.model.retirement import Retirement
from tokenward.model.rotation import Rotation
from tokenward.model.target import IssueOrder
from tokenward.model.token import ServerToken
from tokenward.store.views import AuditHead, AuditLine, Depths, History, ServiceRecord, TallyRow
from tokenward.web.read_model import Views

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FakeViews:
    """The record as of one moment, without a database."""

    records: tuple[ServiceRecord, ...] = ()
    states: tuple[PersonState, ...] = ()
    rows: tuple[TallyRow, ...] = ()
    lines: tuple[AuditLine, ...] = ()
    made: tuple[Link, ...] = ()
    closed: tuple[Rotation, ...] = ()
    heard: Mapping[str, datetime] = field(default_factory=dict)
    retired: tuple[Retirement, ...] = ()

    def services(self) -> Mapping[str, ServiceRecord]:
        return {record.service: record for record in self.records}

    def retirements(self) -> Mapping[str, Retirement]:
        return {one.service: one for one in self.retired}

    def links(self) -> tuple[Link, ...]:
        return self.made

    def certificate(self, service: str, fingerprint: str) -> Certificate | None:
        return None

    def people(self) -> Mapping[str, PersonState]:
        return {state.person: state for state in self.states}

    def tallies(self) -> tuple[TallyRow, ...]:
        return self.rows

    def depths(self) -> Depths:
        return Depths(inbox=2, outbox=1)

    def history(self, service: str, limit: int) -> History:
        closed = tuple(rotation for rotation in self.closed if rotation.service == service)
        return History(tuple(line for line in self.lines if line.service == service)[:limit], closed[:limit])

    def rotation(self, rotation_id: str) -> Rotation | None:
        opened = (record.rotation for record in self.records)
        return next((one for one in (*opened, *self.closed) if one is not None and one.id == rotation_id), None)

    def lines_of(self, rotation: Rotation, now: datetime, limit: int) -> tuple[AuditLine, ...]:
        until = rotation.closed_at or now
        return tuple(
            line
            for line in self.lines
            if line.service == rotation.service
            and rotation.opened_at <= line.at <= until
            and line.details.get("rotation", rotation.id) == rotation.id
        )[:limit]

    def last_heard(self, sources: Iterable[str], now: datetime) -> Mapping[str, datetime]:
        return {source: at for source, at in self.heard.items() if source in set(sources)}

    def rotations_between(self, start: datetime, end: datetime) -> tuple[Rotation, ...]:
        return tuple(one.rotation for one in self.records if one.rotation is not None)

    def audit_head(self) -> AuditHead:
        return AuditHead(len(self.lines), "0" * 64)

    def broken_audit_line(self) -> int | None:
        return None

    def latest_arrivals(self, limit: int) -> Arrivals:
        return Arrivals((), Place())

    def arrivals_after(self, place: Place, limit: int) -> Arrivals:
        return Arrivals((), place)

    def arrival(self, event_id: int) -> Arrival | None:
        return None

    def answers(self, event_id: int) -> tuple[Answer, ...]:
        return ()


@dataclass(slots=True)
class FakeReadModel:
    """Gives what it was made with; while it is broken, nothing."""

    views: Views
    is_broken: bool = False

    async def look(self, work: Callable[[Views], T]) -> T:
        if self.is_broken:
            raise Retryable(Finding(Code.STORE, "The database is busy.", "Nothing was read.", "Ask again."))
        return work(self.views)


class FakeWitness:
    """Is never asked here."""

    skew_seconds: float | None = None

    async def account(self, organisation: Organisation, token: ServerToken) -> NoReturn:
        raise AssertionError(f"nobody asks Apple about {organisation.id}")


class FakeIssue:
    """Issues nothing: a view only asks whether there is one."""

    async def issue(self, order: IssueOrder) -> NoReturn:
        raise AssertionError(f"nobody asks for {order}")


@dataclass(frozen=True, slots=True)
class StillClock:
    """A clock that stands still."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment
