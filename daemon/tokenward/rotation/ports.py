"""What the rotation needs from the world, in the model's words: one narrow protocol for each need.

Whoever satisfies one of these knows nothing of rotations, and the rotation knows nothing of products, HTTP or SQL. The
application hands the pieces in; the tests hand in fakes that keep the same promises (``tests/contracts``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from tokenward.model.certificate import Certificate
from tokenward.model.instant import Clock
from tokenward.model.organisation import Organisation
from tokenward.model.registration import Member, Registration
from tokenward.model.roster import Roster
from tokenward.model.secret import Secret
from tokenward.model.service import Service
from tokenward.model.target import (
    Abilities,
    Delivery,
    Found,
    Holding,
    IssuedFile,
    IssueOrder,
    Preflight,
    Proof,
    Reading,
    Receipt,
)
from tokenward.model.token import ServerToken
from tokenward.rotation.ledger import Ledger

# --- Targets -------------------------------------------------------------------------------------------------------


class Gate(Protocol):
    """Tells whether the way to a target is clear."""

    async def preflight(self) -> Preflight:
        """Ask, harmlessly, whether it can be reached, lets us in and could take a token; never raises."""
        ...


@runtime_checkable
class KeySource(Protocol):
    """Gives the certificate whose private key the target holds."""

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Return the certificate, PEM or DER; a target that makes a key for it puts *common_name* into it.

        Raises:
            Retryable: It could not be reached.
            NeedsOperator: It refused.
        """
        ...


@runtime_checkable
class Installer(Protocol):
    """Takes an envelope."""

    async def note(self) -> str:
        """Return what must be remembered from before the first attempt for a later proof; digests only."""
        ...

    async def install(self, delivery: Delivery) -> Receipt:
        """Hand *delivery* over. Doing it again with the same envelope changes nothing.

        Raises:
            Retryable: It could not be reached; nothing was handed over.
            OutcomeUnknown: It was sent and no answer came.
        """
        ...


@runtime_checkable
class ReadBack(Protocol):
    """Tells what the target holds."""

    async def read_back(self) -> Holding:
        """Return what it holds now.

        Raises:
            Retryable: It could not be reached.
            NeedsOperator: It refused.
        """
        ...


@runtime_checkable
class Prover(Protocol):
    """Judges by the target's own words whether it works with its token."""

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return how strong the proof is now.

        Args:
            noted: What ``Installer.note`` returned before the installation.
            since: When the token was handed over, by the clock here. What the product did before is no proof.

        Raises:
            Retryable: It could not be reached.
        """
        ...


@runtime_checkable
class Finder(Protocol):
    """Looks around in a product, for whoever writes a configuration."""

    async def find_all(self) -> tuple[Found, ...]:
        """Return every token there; raises as ``ReadBack.read_back`` does."""
        ...


class Health(Protocol):
    """Reads how things stand with the token that the target works with."""

    async def health(self) -> Reading:
        """Return a reading. Outages and refusals are readings without a verdict; never raises for them."""
        ...


class Product(Gate, Health, Protocol):
    """What every target can be asked; its other roles are those whose methods it has."""


@dataclass(frozen=True, slots=True)
class Target:
    """One configured target, by the roles that its product allows."""

    id: str
    abilities: Abilities
    required: bool
    gate: Gate
    health: Health
    key_source: KeySource | None = None
    installer: Installer | None = None
    read_back: ReadBack | None = None
    prover: Prover | None = None
    finder: Finder | None = None


# --- Issuers and Apple ---------------------------------------------------------------------------------------------


class Issue(Protocol):
    """Obtains a new envelope without a person."""

    async def issue(self, order: IssueOrder) -> IssuedFile:
        """Give Apple the certificate of *order* and download a new token: the old one is dead from then on.

        Raises:
            Retryable: Nothing was downloaded.
            NeedsOperator: It was refused, or the operator's program failed.
            OutcomeUnknown: A token may have been downloaded and was lost on the way.
        """
        ...


@dataclass(frozen=True, slots=True)
class Issuer:
    """One service's issuer. Without ``issue`` it is a person, in Apple's portal."""

    kind: str
    issue: Issue | None = None

    @property
    def needs_person(self) -> bool:
        """Whether the click is a person's."""
        return self.issue is None


class AccountWitness(Protocol):
    """Apple's own word about a token."""

    @property
    def skew_seconds(self) -> float | None:
        """By how much the clock here was ahead of Apple's at the last answer; None before any."""
        ...

    async def account(self, organisation: Organisation, token: ServerToken) -> Reading:
        """Open a session with *token*, ask whose it is, and return the reading. Never raises for Apple's answer.

        Source: Apple, "Authenticating for Automated Device Enrollment" and "Account Detail".
        """
        ...


class Registrar(Protocol):
    """Apple's own records of an organisation's services, as its API account may read and change them."""

    async def find(self, name: str, server_uuid: str | None) -> Registration | None:
        """Return the service with *server_uuid* or, where that is not known yet, with *name*; None if there is none.

        Raises:
            Retryable: Apple was not reached, or is too busy.
            NeedsOperator: Apple does not take the API account, or it may not read services.
        """
        ...

    async def replace_certificate(self, server_uuid: str, certificate: Certificate) -> Registration:
        """Put *certificate* to Apple and return the record after that. The token in use stays alive.

        Raises:
            Retryable: Apple was not reached, or is too busy. It may have been done; again does no harm.
            NeedsOperator: Apple does not let the API account do it, so a person does.
        """
        ...

    async def members(self) -> tuple[Member, ...]:
        """Return everybody in Apple's records of the organisation; raises as ``find`` does."""
        ...


# --- Making and keeping keys ---------------------------------------------------------------------------------------


class Seals(Protocol):
    """Seals what must not be read from the disk, bound to the place where it is kept."""

    def seal(self, value: Secret, place: str) -> bytes:
        """Return *value* sealed for *place*, such as ``envelope/<digest>``."""
        ...

    def open(self, sealed: bytes, place: str) -> Secret:
        """Return what was sealed for *place*.

        Raises:
            NeedsOperator: Another key, another place, or altered bytes.
        """
        ...


class Chance(Protocol):
    """Where what must be unique comes from, so that tests can foresee it."""

    def token(self) -> str:
        """Return a fresh lower-case identifier of at least 64 random bits, ``[0-9a-z]`` only."""
        ...


class Waypoints(Protocol):
    """Is told when a durable point is reached. The daemon ignores it; the crash tests end the process there."""

    def reached(self, name: str, about: str) -> None:
        """Take note that *name* was reached for *about*: a service's id, or the kind of an event that names none."""
        ...


# --- The world of one step -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServiceWorld:
    """Everything outside that one service's rotation touches."""

    service: Service
    organisation: Organisation
    targets: tuple[Target, ...]
    """The first one is the one that talks to Apple."""
    issuer: Issuer | None
    witness: AccountWitness
    registrar: Registrar | None = None
    """Where the organisation has an API account with Apple."""


@dataclass(frozen=True, slots=True)
class World:
    """The configuration in force, as objects. A reload replaces the whole of it."""

    roster: Roster
    services: Mapping[str, ServiceWorld]
    """Those that are looked after."""
    retired: Mapping[str, ServiceWorld] = field(default_factory=dict)
    """Those that the configuration names and nobody looks after any more."""

    @property
    def seconds_ahead_of_apple(self) -> float | None:
        """How far the clock here is ahead of Apple's, by the service that sees most of it; None: nobody asked Apple."""
        skews = (served.witness.skew_seconds for served in self.services.values())
        return max((skew for skew in skews if skew is not None), key=abs, default=None)

    def without(self, retired: Collection[str]) -> "World":
        """Return the world with exactly those of its services set aside that are named in *retired*."""
        if self.retired.keys() == frozenset(retired):
            return self
        everything = {**self.services, **self.retired}
        return World(
            self.roster.without(retired),
            {name: served for name, served in everything.items() if name not in retired},
            {name: served for name, served in everything.items() if name in retired},
        )


@dataclass(frozen=True, slots=True)
class Tools:
    """What every step needs, whatever the service."""

    ledger: Ledger
    clock: Clock
    seals: Seals
    chance: Chance
    waypoints: Waypoints
