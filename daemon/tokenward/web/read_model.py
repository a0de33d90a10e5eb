"""What the views need to know of the record, in the model's words. The store satisfies these by structure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from tokenward.model.arrival import Answer, Arrival, Arrivals, PasswordChange, Place
from tokenward.model.certificate import Certificate
from tokenward.model.link import Link
from tokenward.model.person import PersonState
from tokenward.model.retirement import Retirement
from tokenward.model.rotation import Rotation
from tokenward.model.token import InstalledToken, TokenState

T = TypeVar("T")


class LastReading(Protocol):
    """The latest answer about a service's token."""

    @property
    def at(self) -> datetime:
        """When it was given."""
        ...

    @property
    def verdict(self) -> TokenState | None:
        """None: it could not tell."""
        ...

    @property
    def why(self) -> str:
        """What was answered, in one sentence."""
        ...

    @property
    def answered(self) -> bool:
        """Whether that was an answer that means anything."""
        ...

    @property
    def answered_at(self) -> datetime | None:
        """When the other side last gave an answer that means something."""
        ...


class ServiceRecord(Protocol):
    """What is on record about one service."""

    @property
    def service(self) -> str:
        """Its id."""
        ...

    @property
    def token(self) -> InstalledToken | None:
        """The one in use."""
        ...

    @property
    def rotation(self) -> Rotation | None:
        """The open one."""
        ...

    @property
    def last_done(self) -> Rotation | None:
        """The rotation that was last done."""
        ...

    @property
    def quiet_until(self) -> datetime | None:
        """Until when a person asked the clock to keep quiet."""
        ...

    @property
    def next_probe_at(self) -> datetime | None:
        """When its token is next asked after."""
        ...

    @property
    def last_reading(self) -> LastReading | None:
        """The latest answer about its token."""
        ...


class TallyRow(Protocol):
    """One total."""

    @property
    def name(self) -> str:
        """The metric, or a part of it."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        ...

    @property
    def amount(self) -> float:
        """How much was counted."""
        ...


class Depths(Protocol):
    """How much waits."""

    @property
    def inbox(self) -> int:
        """Events to be decided."""
        ...

    @property
    def outbox(self) -> int:
        """Messages to be sent."""
        ...


class AuditLine(Protocol):
    """One line of the audit record."""

    @property
    def id(self) -> int:
        """Its number in the chain."""
        ...

    @property
    def at(self) -> datetime:
        """When it was written."""
        ...

    @property
    def what(self) -> str:
        """Noun and verb, such as ``rotation.opened``."""
        ...

    @property
    def details(self) -> Mapping[str, str]:
        """Further words."""
        ...


class AuditHead(Protocol):
    """Where the audit chain ends."""

    @property
    def last_id(self) -> int:
        """Number of the last line."""
        ...

    @property
    def hash(self) -> str:
        """Its hash, which covers all lines before it."""
        ...


class History(Protocol):
    """What happened to one service, newest first."""

    @property
    def lines(self) -> tuple[AuditLine, ...]:
        """The audit record."""
        ...

    @property
    def rotations(self) -> tuple[Rotation, ...]:
        """The closed ones."""
        ...

    @property
    def password_changes(self) -> tuple[PasswordChange, ...]:
        """Those because of which its token was asked after."""
        ...


class Views(Protocol):
    """The record as of one moment."""

    def services(self) -> Mapping[str, ServiceRecord]:
        """Return every service of which anything is on record, by id."""
        ...

    def retirements(self) -> Mapping[str, Retirement]:
        """Return every service that is retired, by id."""
        ...

    def links(self) -> tuple[Link, ...]:
        """Return every link that was ever made to a personal page."""
        ...

    def certificate(self, service: str, fingerprint: str) -> Certificate | None:
        """Return the certificate of *service* with *fingerprint*."""
        ...

    def people(self) -> Mapping[str, PersonState]:
        """Return everybody of whom something is known, by id."""
        ...

    def tallies(self) -> tuple[TallyRow, ...]:
        """Return every total."""
        ...

    def depths(self) -> Depths:
        """Return how many events wait to be decided, and how many messages to be sent."""
        ...

    def history(self, service: str, limit: int) -> History:
        """Return the latest audit lines, closed rotations and password changes of *service*, *limit* of each."""
        ...

    def rotations_between(self, start: datetime, end: datetime) -> tuple[Rotation, ...]:
        """Return every rotation that was open at some time from *start* until before *end*, oldest first."""
        ...

    def audit_head(self) -> AuditHead:
        """Return where the audit chain ends."""
        ...

    def broken_audit_line(self) -> int | None:
        """Return the number of the first audit line that is not as it was written; None: the chain holds."""
        ...

    def rotation(self, rotation_id: str) -> Rotation | None:
        """Return one rotation, open or closed, or None where there is none."""
        ...

    def lines_of(self, rotation: Rotation, now: datetime, limit: int) -> Sequence[AuditLine]:
        """Return the latest *limit* audit lines about *rotation*, and about its service while it was open."""
        ...

    def last_heard(self, sources: Iterable[str], now: datetime) -> Mapping[str, datetime]:
        """Return when each of *sources* last sent an event, of those that did; departures still ahead are left out."""
        ...

    def latest_arrivals(self, limit: int) -> Arrivals:
        """Return the latest *limit* events and refusals, oldest first."""
        ...

    def arrivals_after(self, place: Place, limit: int) -> Arrivals:
        """Return the next *limit* decided events and refusals behind *place*, oldest first."""
        ...

    def arrival(self, event_id: int) -> Arrival | None:
        """Return one event with what became of it, or None where there is none."""
        ...

    def answers(self, event_id: int) -> tuple[Answer, ...]:
        """Return what was answered about tokens because of one event, oldest first."""
        ...


class ReadModel(Protocol):
    """Lets somebody look at the record without holding up whoever writes to it."""

    async def look(self, work: Callable[[Views], T]) -> T:
        """Return what *work* finds, all of it as of one moment.

        Raises:
            Retryable: The record can't be read now.
        """
        ...
