"""How the record is reached: one narrow protocol for each concept that is kept.

The store satisfies these; the rotation knows no SQL. ``tests/contracts`` holds what every store must promise.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from tokenward.model.certificate import AnyRecipient
from tokenward.model.event import Event, Refused
from tokenward.model.link import Link
from tokenward.model.person import PersonState
from tokenward.model.retirement import Retirement
from tokenward.model.rotation import Rotation
from tokenward.model.target import Reading
from tokenward.model.token import InstalledToken
from tokenward.rotation.record import InboxEvent, Message, PlannedProbe, Settlement, StoredCertificate, StoredEnvelope

T = TypeVar("T")


class Inbox(Protocol):
    """Events, each kept once."""

    def find(self, source: str, key: str) -> int | None:
        """Return the id of the event that *source* sent under *key*, if it was ever taken."""
        ...

    def add(self, event: Event, attachment: str | None, at: datetime) -> int:
        """Keep *event* as pending and return its id."""
        ...

    def next_pending(self) -> InboxEvent | None:
        """Return the oldest event that was not yet decided."""
        ...

    def has_pending(self, service: str) -> bool:
        """Return whether an event that names *service* still waits to be decided."""
        ...

    def settle(self, event_id: int, settlement: Settlement, at: datetime) -> None:
        """Mark the event as decided; what is ``ignored`` loses its payload."""
        ...

    def settlement(self, event_id: int) -> Settlement | None:
        """Return what became of the event, or None while it is pending."""
        ...

    def record_refusal(self, event: Event, refused: Refused, at: datetime) -> bool:
        """Keep the refusal, without the event's payload, and return whether it is new."""
        ...


class Certificates(Protocol):
    """Certificates by service."""

    def add(self, stored: StoredCertificate) -> None:
        """Keep it; the same fingerprint for the same service again updates origin, rotation, visit and ``recorded_at``.

        A sealed key that was kept with it stays when the new one brings none.
        """
        ...

    def find(self, service: str, fingerprint: str) -> StoredCertificate | None:
        """Return one certificate of one service."""
        ...

    def of_visit(self, rotation: str, visit: int) -> StoredCertificate | None:
        """Return the certificate that was recorded for this visit of this rotation to ``certificate_ready``."""
        ...

    def latest(self, service: str) -> StoredCertificate | None:
        """Return the most recently recorded certificate of *service*."""
        ...

    def named_by(self, recipient: AnyRecipient) -> tuple[StoredCertificate, ...]:
        """Return every certificate, of any service, that *recipient* names, newest first."""
        ...


class Envelopes(Protocol):
    """Envelopes, sealed."""

    def add(self, stored: StoredEnvelope) -> None:
        """Keep it; the same digest again replaces it."""
        ...

    def find(self, digest: str) -> StoredEnvelope | None:
        """Return the envelope with *digest*."""
        ...

    def destroy_superseded(self, before: datetime) -> int:
        """Destroy files from before *before* that nobody works with; return how many. The rows stay as history."""
        ...


class Tokens(Protocol):
    """What is known about the installed token of each service."""

    def installed(self, service: str) -> InstalledToken | None:
        """Return what is known about the token that *service* works with."""
        ...

    def record(self, token: InstalledToken) -> None:
        """Make *token* the installed one of its service."""
        ...

    def sealed_secrets(self, service: str) -> bytes | None:
        """Return the installed token's values, sealed for ``token/<service>/<token digest>``, where we hold them."""
        ...

    def keep_secrets(self, service: str, token_digest: str, sealed: bytes) -> None:
        """Keep the values of a token of *service*, sealed for ``token/<service>/<token digest>``."""
        ...

    def destroy_superseded(self, before: datetime) -> int:
        """Destroy secrets that were replaced before *before*; return how many."""
        ...


class Rotations(Protocol):
    """Rotations and how far their targets have come."""

    def open(self, rotation: Rotation) -> None:
        """Keep a new one.

        Raises:
            AlreadyOpen: The service has an open rotation (the database refuses a second).
        """
        ...

    def find(self, rotation_id: str) -> Rotation | None:
        """Return one rotation, open or closed."""
        ...

    def open_of(self, service: str) -> Rotation | None:
        """Return the open rotation of *service*."""
        ...

    def open_ones(self) -> tuple[Rotation, ...]:
        """Return every open rotation."""
        ...

    def last_closed(self, service: str) -> Rotation | None:
        """Return the rotation of *service* that ended last."""
        ...

    def due(self, now: datetime, limit: int) -> tuple[Rotation, ...]:
        """Return open rotations whose ``wake_at`` has come, the most urgent first."""
        ...

    def update(self, rotation: Rotation) -> Rotation:
        """Write *rotation* over its row if the row still has its revision; return it with the next revision.

        Raises:
            Conflict: Somebody else moved it meanwhile; load it again.
        """
        ...

    def quiet_until(self, service: str) -> datetime | None:
        """Return until when the clock may not open a rotation for *service*."""
        ...

    def keep_quiet(self, service: str, until: datetime | None) -> None:
        """Have the clock open nothing for *service* before *until*; None: it may again."""
        ...


class People(Protocol):
    """What events have told about people."""

    def state(self, person: str) -> PersonState:
        """Return what is known about one person."""
        ...

    def states(self) -> Mapping[str, PersonState]:
        """Return what is known about everybody of whom anything is."""
        ...

    def record(self, state: PersonState) -> None:
        """Make *state* what is known about its person."""
        ...


class Links(Protocol):
    """The numbers of people's links."""

    def all(self) -> tuple[Link, ...]:
        """Return every link that was ever made, those of one person in their order."""
        ...

    def record(self, link: Link) -> None:
        """Keep *link*, new or changed."""
        ...


class Probes(Protocol):
    """Questions about tokens, due at some time, and their answers."""

    def plan(self, service: str, due_at: datetime, event_id: int | None) -> None:
        """Ask about the token of *service* at *due_at*; for *event_id*, where an event is the reason."""
        ...

    def due(self, now: datetime, limit: int) -> tuple[PlannedProbe, ...]:
        """Return the planned probes whose time has come, the oldest first."""
        ...

    def next_regular(self, service: str) -> datetime | None:
        """Return when the next planned probe without an event is due."""
        ...

    def record(self, service: str, probe_id: int | None, reading: Reading, at: datetime) -> None:
        """Keep the answer, dated."""
        ...

    def drop(self, probe_id: int) -> None:
        """Forget a planned probe, whose service is no longer configured."""
        ...

    def last_verdicts(self, service: str, limit: int) -> tuple[tuple[datetime, str], ...]:
        """Return the latest readings that gave a verdict, newest first."""
        ...


class Outbox(Protocol):
    """What people are to be told."""

    def add(self, message: Message, at: datetime) -> bool:
        """Keep *message* unless its reason was used before; return whether it is new."""
        ...


class Audit(Protocol):
    """The record of every change, chained by hashes."""

    def record(self, at: datetime, what: str, service: str | None, details: Mapping[str, str]) -> None:
        """Add one line; nothing ever changes or removes one."""
        ...


class Tallies(Protocol):
    """Totals that metrics show; raised together with the fact, so that nothing ever lowers them."""

    def add(self, name: str, labels: Mapping[str, str], amount: float = 1.0) -> None:
        """Raise the total of *name* with *labels* by *amount*."""
        ...


class Retirements(Protocol):
    """Services that nobody looks after any more, though the configuration names them."""

    def all(self) -> Mapping[str, Retirement]:
        """Return every retirement, by service."""
        ...

    def record(self, retirement: Retirement) -> None:
        """Keep *retirement*; a service that is retired already stays so since then."""
        ...

    def forget(self, service: str) -> None:
        """Have *service* retired no longer."""
        ...


class Change(Protocol):
    """One transaction, from the inside. Everything done through it is kept together or not at all."""

    @property
    def inbox(self) -> Inbox:
        """Events."""
        ...

    @property
    def certificates(self) -> Certificates:
        """Certificates."""
        ...

    @property
    def envelopes(self) -> Envelopes:
        """Envelopes."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Installed tokens."""
        ...

    @property
    def rotations(self) -> Rotations:
        """Rotations."""
        ...

    @property
    def people(self) -> People:
        """What is known about people."""
        ...

    @property
    def links(self) -> Links:
        """The numbers of people's links."""
        ...

    @property
    def probes(self) -> Probes:
        """Probes and their answers."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What people are to be told."""
        ...

    @property
    def audit(self) -> Audit:
        """The audit record."""
        ...

    @property
    def tallies(self) -> Tallies:
        """Totals."""
        ...

    @property
    def retirements(self) -> Retirements:
        """Retired services."""
        ...


class Ledger(Protocol):
    """The durable record. Work is a plain function of a transaction; it may decide, and must not wait."""

    async def write(self, work: Callable[[Change], T]) -> T:
        """Run *work* in a transaction and return its result once that is durable. What it raises undoes all of it.

        Several pieces of work may share one transaction on disk; each is undone alone when it fails.
        """
        ...

    async def read(self, work: Callable[[Change], T]) -> T:
        """Run *work*, which changes nothing, on a consistent view."""
        ...


class Conflict(Exception):
    """The rotation was moved by somebody else since it was loaded."""


class AlreadyOpen(Exception):
    """The service already has an open rotation."""
