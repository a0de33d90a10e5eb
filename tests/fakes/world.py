"""The whole core over a real store, with a product, an issuer and Apple in memory, and a clock that stands still.

``Stage.until`` lets time pass only as far as the rotation itself asks for; ``Stage.restart`` is what a process does
that was killed: everything but the store is made anew.
"""

import itertools
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes.apple_envelope import apple_cms, apple_file, apple_message
from fakes.registrar import FakeRegistrar
from fakes.target import SERVER_UUID, FakeTarget
from tokenward.crypto.envelope import parse_envelope
from tokenward.crypto.message import parse_message
from tokenward.crypto.sealing import Sealer
from tokenward.model.certificate import Certificate
from tokenward.model.event import Attachment, AttachmentRole, Event, EventKind, Verdict, Way
from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.instant import format_instant
from tokenward.model.organisation import Organisation, Portal
from tokenward.model.person import Authentication, Person, Role
from tokenward.model.roster import Roster
from tokenward.model.rotation import Rotation, State
from tokenward.model.secret import Secret
from tokenward.model.service import Service, TargetRef
from tokenward.model.target import BlockReason, IssuedFile, IssueOrder, Reading
from tokenward.model.token import InstalledToken, ServerToken, TokenState
from tokenward.rotation.engine import Engine
from tokenward.rotation.intake import Intake
from tokenward.rotation.ports import Issuer, ServiceWorld, Tools, World
from tokenward.rotation.review import Review
from tokenward.rotation.step import Stepper
from tokenward.rotation.watch import Watch
from tokenward.rotation.worker import Worker
from tokenward.store.ledger import SqliteLedger

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

KIM = Person(
    "kim",
    {"corp": "kim@corp.example"},
    Role.DEVICE_ENROLMENT_MANAGER,
    Authentication.FEDERATED,
    also_known_as={"email": ("kim.lee@corp.example",)},
)
ANA = Person("ana", {"corp": "ana@corp.example"}, Role.ADMINISTRATOR, Authentication.FEDERATED)
CORP = Organisation("corp", "Example Corporation", Portal.BUSINESS_MANAGER)

_SEEDS = itertools.count(1)


class Crash(BaseException):
    """The process ends here; nothing in the daemon may catch it."""


@dataclass(slots=True)
class StillClock:
    """A clock that moves when it is told to."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


@dataclass(slots=True)
class Counting:
    """Identifiers that count up."""

    given: int = 0

    def token(self) -> str:
        self.given += 1
        return f"{self.given:04x}{'0' * 12}"


@dataclass(slots=True)
class Route:
    """Every waypoint that was passed; ends the process at those whose numbers are in ``crash_at``."""

    crash_at: Collection[int] = ()
    passed: list[str] = field(default_factory=list)
    at_waypoint: Callable[[str], None] | None = None

    def reached(self, name: str, about: str) -> None:
        self.passed.append(name)
        if self.at_waypoint is not None:
            self.at_waypoint(name)
        if len(self.passed) in self.crash_at:
            raise Crash(name)


@dataclass(frozen=True, slots=True)
class MadeEnvelope:
    """A token file of the portal and what is inside."""

    body: bytes
    name: str
    digest: str
    token: ServerToken

    def attached(self) -> Attachment:
        """Return it as an attachment."""
        return Attachment(AttachmentRole.ENVELOPE, self.name, self.body)


def an_envelope(
    certificate: Certificate, issued_at: datetime = START, *, lives: timedelta = 365 * DAY, service: str = "Main MDM"
) -> MadeEnvelope:
    """Return a new token file for *certificate*, as Apple's portal gives it out: no two hold the same token."""
    mark = f"{next(_SEEDS):040x}"
    values = {
        "consumer_key": f"CK_{mark}",
        "consumer_secret": f"CS_{mark}",
        "access_token": f"AT_{mark}O{int(issued_at.timestamp() * 1000):013d}",
        "access_secret": f"AS_{mark}",
        "access_token_expiry": format_instant((issued_at + lives).replace(microsecond=0)),
    }
    message = apple_message(values)
    body = apple_file(apple_cms(certificate, message))
    name = f"{service}_Token_{issued_at:%Y-%m-%dT%H-%M-%SZ}_smime.p7m"
    return MadeEnvelope(body, name, parse_envelope(body).digest, parse_message(message))


@dataclass(slots=True)
class FakeIssuer:
    """A portal that a program works on. Each issue is a click: it makes every token before worthless."""

    clock: StillClock
    targets: list[FakeTarget]
    unreachable: bool = False
    refuses: bool = False
    lost_answers: int = 0
    """How many downloads are made and lost on the way."""
    body: bytes = b""
    """What it gives out instead of the file, where something is set."""
    orders: list[IssueOrder] = field(default_factory=list)
    made: list[MadeEnvelope] = field(default_factory=list)
    """Every token that was issued, those that were lost on the way too."""

    async def issue(self, order: IssueOrder) -> IssuedFile:
        self.orders.append(order)
        if self.unreachable:
            raise Retryable(_PORTAL_AWAY)
        if self.refuses:
            raise NeedsOperator(_PORTAL_REFUSES)
        made = an_envelope(order.certificate, self.clock.now(), service=order.service_name)
        self.made.append(made)
        for target in self.targets:
            target.contents[made.digest] = made.token
        if self.lost_answers > 0:
            self.lost_answers -= 1
            raise OutcomeUnknown(_PORTAL_LOST)
        return IssuedFile(made.name, Secret(self.body or made.body))


@dataclass(slots=True)
class FakeWitness:
    """Apple's own word about a token: everything is valid and this service's, but what it was told of."""

    server_uuid: str = SERVER_UUID
    verdicts: dict[str, TokenState] = field(default_factory=dict)
    """By the digest of the token."""
    away: bool = False
    skew_seconds: float | None = None
    asked: list[str] = field(default_factory=list)

    async def account(self, organisation: Organisation, token: ServerToken) -> Reading:
        self.asked.append(token.digest)
        if self.away:
            return Reading(None, "Apple did not answer.", answered=False)
        verdict = self.verdicts.get(token.digest, TokenState.VALID)
        return Reading(verdict, f"Apple says {verdict}.", server_uuid=self.server_uuid)


def a_service(service_id: str = "main", **words: Any) -> Service:
    """Return a service of kim and her deputy ana."""
    service = Service(
        service_id,
        "corp",
        "Main MDM" if service_id == "main" else service_id.title(),
        (),
        custodian="kim",
        deputies=("ana",),
        issuer="portal",
    )
    return replace(service, **words)


def reason_of(rotation: Rotation) -> BlockReason | None:
    """Return why *rotation* stands still, if it does."""
    return rotation.blocked.reason if rotation.blocked else None


class Stage:
    """The core, put together with fakes. Without *targets* it has one product; its first service is ``main``."""

    def __init__(self, path: Path, *targets: FakeTarget, service: Service | None = None) -> None:
        self.clock = StillClock()
        self.route = Route()
        self.witness = FakeWitness()
        self.registrar = FakeRegistrar(self.clock)
        """Apple's records; nobody asks them before ``open_api_account``."""
        self._has_api_account = False
        self.issuer = FakeIssuer(self.clock, list(targets))
        self.ledger = SqliteLedger.open(path / "tokenward.db")
        self.tools = Tools(self.ledger, self.clock, Sealer(Secret(b"k" * 32), os.urandom), Counting(), self.route)
        self.world = World(Roster({"corp": CORP}, {"kim": KIM, "ana": ANA}, {}), {})
        self.serve(service or a_service(), *targets)
        self._keys = itertools.count(1)
        self.build()

    def build(self) -> None:
        """Make everything that lives in memory only."""
        self.intake = Intake(self.tools, self.present)
        self.engine = Engine(self.tools, self.present, self.leave_out)
        self.stepper = Stepper(self.tools, self.present, self.intake)
        self.watch = Watch(self.tools, self.intake, self.present)
        self.review = Review(self.tools, self.intake, self.present)
        self.worker = Worker(self.tools, self.engine, self.stepper)

    def present(self) -> World:
        """Return the configuration in force."""
        return self.world

    def leave_out(self, retired: frozenset[str]) -> None:
        """Have nobody look after the services *retired*."""
        self.world = self.world.without(retired)

    def serve(self, service: Service, *targets: FakeTarget) -> None:
        """Take *service*, with *targets*, into the configuration in force, as a reload does."""
        refs = tuple(TargetRef(one.id, "fake", one.required) for one in targets)
        service = replace(service, targets=refs)
        issuers = {None: None, "portal": Issuer("portal"), "simulator": Issuer("simulator", self.issuer)}
        built = tuple(one.target() for one in targets)
        registrar = self.registrar if self._has_api_account else None
        served = ServiceWorld(service, CORP, built, issuers[service.issuer], self.witness, registrar)
        roster = replace(self.world.roster, services={**self.world.roster.services, service.id: service})
        self.world = World(roster, {**self.world.services, service.id: served})

    def open_api_account(self) -> None:
        """Give the organisation an API account with Apple."""
        self._has_api_account = True
        for service, served in self.world.services.items():
            with_api = replace(served, registrar=self.registrar)
            self.world = replace(self.world, services={**self.world.services, service: with_api})

    def forget(self, service: str) -> None:
        """Take *service* out of the configuration, as a reload does."""
        services = {one: served for one, served in self.world.services.items() if one != service}
        roster = replace(self.world.roster, services={one: served.service for one, served in services.items()})
        self.world = World(roster, services)

    async def restart(self) -> None:
        """Begin again from the store alone."""
        self.build()
        await self.worker._look_at_everything()

    # --- What happens ---------------------------------------------------------------------------------------------

    async def submit(self, kind: EventKind, attachment: Attachment | None = None, **words: Any) -> Verdict:
        """Hand an event of *kind* about ``main`` in over the control socket."""
        event = Event("control", f"key {next(self._keys)}", kind, Way.CONTROL, self.clock.now(), service="main")
        return await self.intake.submit(replace(event, **words), attachment)

    async def ask(self, kind: EventKind, **data: str) -> None:
        """Have somebody ask for *kind*, and have it decided."""
        await self.submit(kind, data=data)
        await self.engine.settle_pending()

    async def hand_over(self, made: MadeEnvelope, **words: Any) -> Verdict:
        """Hand *made* over; the products know what is inside."""
        for target in self.issuer.targets:
            target.contents[made.digest] = made.token
        return await self.submit(EventKind.TOKEN_SUPPLIED, made.attached(), **words)

    # --- What the core makes of it -----------------------------------------------------------------------------------

    async def work(self, rounds: int = 60) -> None:
        """Settle and step until nothing more is to be done at this time."""
        for _ in range(rounds):
            await self.engine.settle_pending()
            due = await self.due()
            if not due:
                return
            for rotation in due:
                await self.move(rotation.id)
        raise AssertionError(f"it never comes to rest: {self.route.passed[-12:]}")

    async def move(self, rotation_id: str) -> None:
        """Step one rotation as long as one move follows another."""
        for _ in range(60):
            if not await self.stepper.step(rotation_id):
                return
        raise AssertionError(f"it turns in circles: {self.route.passed[-12:]}")

    async def until(self, state: State, within: timedelta = HOUR) -> Rotation:
        """Work, and let time pass as far as the rotation of ``main`` asks for, until it is in *state*."""
        deadline = self.clock.now() + within
        while True:
            await self.work()
            rotation = await self.latest()
            if rotation.state is state:
                return rotation
            assert rotation.is_open, f"it ended as {rotation.state}"
            assert rotation.wake_at <= deadline, f"it stays {rotation.state}: {rotation.blocked}"
            self.clock.at = max(rotation.wake_at, self.clock.at)

    async def survive(self, state: State, within: timedelta = HOUR) -> Rotation:
        """As ``until``, starting again after every crash."""
        while True:
            try:
                return await self.until(state, within)
            except Crash:
                await self.restart()

    # --- What is on record ----------------------------------------------------------------------------------------

    async def due(self) -> tuple[Rotation, ...]:
        """Return the rotations that can be stepped now."""
        return await self.ledger.read(lambda change: change.rotations.due(self.clock.now(), 16))

    async def rotation(self, service: str = "main") -> Rotation | None:
        """Return the open rotation of *service*."""
        return await self.ledger.read(lambda change: change.rotations.open_of(service))

    async def opened(self, service: str = "main") -> Rotation:
        """Return the open rotation of *service*, which there must be."""
        rotation = await self.rotation(service)
        assert rotation is not None, "no rotation is open"
        return rotation

    async def token(self) -> InstalledToken:
        """Return what is known of the token of ``main``, of which something must be known."""
        token = await self.ledger.read(lambda change: change.tokens.installed("main"))
        assert token is not None, "no token is known"
        return token

    async def certificate(self) -> Certificate:
        """Return the certificate of ``main`` that was recorded last, which there must be."""
        stored = await self.ledger.read(lambda change: change.certificates.latest("main"))
        assert stored is not None, "no certificate is known"
        return stored.certificate

    async def latest(self) -> Rotation:
        """Return the open rotation of ``main``, else the one that ended last."""
        found = await self.ledger.read(
            lambda change: change.rotations.open_of("main") or change.rotations.last_closed("main")
        )
        assert found is not None, "there never was a rotation"
        return found

    async def put(self, rotation: Rotation) -> Rotation:
        """Write *rotation* down as it is, whatever led there."""
        return await self.ledger.write(lambda change: change.rotations.update(rotation))

    async def tallies(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the totals of *name* by their labels."""
        rows = await self.ledger.look(lambda views: views.tallies())
        return {tuple(sorted(row.labels.items())): row.amount for row in rows if row.name == name}

    async def audited(self, what: str) -> list[dict[str, str]]:
        """Return the details of every audit line that says *what*, oldest first."""
        history = await self.ledger.look(lambda views: views.history("main", 1000))
        return [dict(line.details) for line in reversed(history.lines) if line.what == what]

    async def messages(self, template: str) -> list[str]:
        """Return who is to be told *template*, in order."""
        queued = await self.ledger.read(lambda change: change.outbox.pending(datetime.max.replace(tzinfo=UTC), 1000))
        in_order = sorted(queued, key=lambda one: one.id)
        return [one.message.audience for one in in_order if one.message.template == template]


_PORTAL_AWAY = Finding(Code.ISSUER_FAILED, "The portal is away.", "Nothing was downloaded.", "Bring it back.")
_PORTAL_REFUSES = Finding(Code.ISSUER_FAILED, "The portal refuses.", "Nothing was downloaded.", "Mend it.")
_PORTAL_LOST = Finding(Code.ISSUER_FAILED, "No answer came.", "A token may be lost.", "Nothing.")
