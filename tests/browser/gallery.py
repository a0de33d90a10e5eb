"""Every stage of the personal page, brought up at will: the real page over a record that is made up."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.types import ASGIApp

from fakes.target import FakeTarget
from fakes.views import FakeReadModel, FakeViews, StillClock
from fakes.web import serving
from tokenward.app.knowledge import Commits
from tokenward.app.outside import SystemChance
from tokenward.crypto.kind import FileKind
from tokenward.crypto.link_keys import LinkKeys
from tokenward.crypto.refusals import NotAnEnvelope
from tokenward.model.event import Event, Refused, Verdict
from tokenward.model.link import Link
from tokenward.model.person import Contact, PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import Blocked, Cause, Claim, Installation, State
from tokenward.model.secret import Secret
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.rotation.ports import World
from tokenward.rotation.record import Settlement
from tokenward.web.answering import NotThere
from tokenward.web.apps import public_app
from tokenward.web.exports import ExportedEnvelope
from tokenward.web.handover.deeds import Deeds
from tokenward.web.handover.routes import Answering, Handover
from web.scene import DAY, HOUR, LABS, MINUTE, NOW, a_record, a_roster, a_rotation, a_service, a_token, a_world

KEYS: Final = LinkKeys(Secret(bytes(32)))
LINKS: Final = tuple(Link(person, 1, NOW - DAY) for person in ("kim", "ana"))
KIMS: Final = Claim("kim", NOW - 3 * MINUTE, NOW + 27 * MINUTE)
CLEARED: Final[Mapping[str, Any]] = {"claim": KIMS, "cleared_at": NOW - 2 * MINUTE}
HELP: Final = Contact("mail", "devices@corp.example")


def blocked(reason: BlockReason) -> Blocked:
    """Return that something stands still for *reason*."""
    return Blocked(reason, "see to it", NOW + 5 * MINUTE, NOW - MINUTE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one stage is made of."""

    views: FakeViews
    person: str = "kim"
    key: str = ""

    @property
    def path(self) -> str:
        """Return the address of the page."""
        link = next(one for one in LINKS if one.person == self.person)
        return f"/handover/{self.key or KEYS.key_of(link).reveal_text()}"


def main(*, token: Any = "", states: tuple[PersonState, ...] = (), person: str = "kim", **words: Any) -> Shown:
    """Return a page about ``main`` whose rotation is as *words* say; its token is good unless *token* is given."""
    known = a_token() if token == "" else token
    return Shown(FakeViews((a_record(token=known, rotation=a_rotation(**words)),), states, made=LINKS), person)


def closed(service: str = "main", **words: Any) -> Any:
    """Return the record of a service that kim is done with."""
    done = a_rotation(
        **{
            "id": f"done-{service}",
            "service": service,
            "state": State.DONE,
            "closed_at": NOW - 4 * MINUTE,
            "rung": 3,
            "outage_started_at": NOW - 5 * MINUTE,
            "outage_ended_at": NOW - 4 * MINUTE - timedelta(seconds=12),
            **words,
        }
    )
    expiry = Expiry(NOW + 365 * DAY, Basis.DECRYPTED)
    return a_record(service, token=a_token(service=service, expiry=expiry), last_done=done)


DEAD: Final = a_token(state=TokenState.SUPERSEDED)
UPLOAD: Final[Mapping[str, Any]] = {**CLEARED, "registered_by": RegisteredBy.PERSON}
UNDER_WAY: Final[Mapping[str, Any]] = {
    "state": State.CHECKED,
    "entered_at": NOW - MINUTE,
    "outage_started_at": NOW - 2 * MINUTE,
    "supplied_by": "kim@corp.example",
}
FIRST: Final[Mapping[str, Any]] = {"token": None, "causes": (Cause.UNLINKED,)}


def _several() -> Shown:
    first = closed()
    second = a_record("labs", rotation=a_rotation(id="r2", service="labs"))
    third = a_record("field", rotation=a_rotation(id="r3", service="field", due_at=NOW + 20 * DAY))
    return Shown(FakeViews((first, second, third), made=LINKS))


STAGES: Final[Mapping[str, Callable[[], Shown]]] = {
    "01-ready": main,
    "02-ready-first": lambda: main(**FIRST),
    "03-ready-dead": lambda: main(token=DEAD, causes=(Cause.REJECTED,), due_at=NOW, outage_started_at=NOW - HOUR),
    "04-ready-several-causes": lambda: main(causes=(Cause.PASSWORD, Cause.CERTIFICATE), remind_at=NOW + 3 * DAY),
    "05-ready-wrong-service": lambda: main(blocked=blocked(BlockReason.WRONG_SERVER), token=DEAD),
    "06-looking": lambda: main(claim=KIMS),
    "07-stuck": lambda: main(blocked=blocked(BlockReason.TARGET_UNREACHABLE)),
    "08-taken": lambda: main(claim=Claim("ana", NOW - MINUTE, NOW + 29 * MINUTE)),
    "09-steps-first": lambda: main(**FIRST, **UPLOAD),
    "10-steps-upload": lambda: main(**UPLOAD),
    "10-steps-certificate-changed": lambda: main(**UPLOAD, certificate_changed=True),
    "11-steps-download": lambda: main(**CLEARED, registered_by=RegisteredBy.API),
    "11-steps-account": lambda: Shown(
        FakeViews(
            (
                a_record(
                    "field", rotation=a_rotation(id="r3", service="field", **CLEARED, registered_by=RegisteredBy.API)
                ),
            ),
            made=LINKS,
        )
    ),
    "12-find": lambda: main(token=DEAD, causes=(Cause.REJECTED,), recover_until=NOW + HOUR),
    "13-preparing": lambda: main(state=State.OPENED, visit=1, certificate_changed=True),
    "14-under-way": lambda: main(**UNDER_WAY),
    "15-longer": lambda: main(**UNDER_WAY, blocked=blocked(BlockReason.TARGET_REFUSED)),
    "16-by-hand": lambda: main(
        **{**UNDER_WAY, "entered_at": NOW - 12 * MINUTE}, blocked=blocked(BlockReason.INSTALL_FAILED)
    ),
    "16-hand-off": lambda: main(**UNDER_WAY, installations=(Installation("meraki", required=True, by_hand=True),)),
    "17-proof-pending": lambda: main(
        **{**UNDER_WAY, "state": State.INSTALLED}, blocked=blocked(BlockReason.PROOF_PENDING)
    ),
    "18-done": lambda: Shown(FakeViews((closed(),), made=LINKS)),
    "19-done-other-account": lambda: Shown(FakeViews((closed(downloader="boss@corp.example", rung=1),), made=LINKS)),
    "20-several": _several,
    "21-several-done": lambda: Shown(FakeViews((closed(), closed("labs"), closed("field")), made=LINKS)),
    "22-confirm": lambda: Shown(FakeViews((a_record(), a_record("labs")), made=LINKS), "ana"),
    "23-confirm-and-find": lambda: main(token=DEAD, recover_until=NOW + HOUR, person="ana"),
    "24-over": lambda: main(actor="ana"),
    "25-unknown": lambda: Shown(FakeViews(made=LINKS), key="nobody"),
    "26-long-name": lambda: Shown(
        FakeViews((closed("long"), a_record("labs", rotation=a_rotation(id="r2", service="labs"))), made=LINKS)
    ),
    "27-long-name-done": lambda: Shown(FakeViews((closed("long"),), made=LINKS)),
}


class _Refusing:
    """Takes nothing: what a stage shows does not change. Every file is mistaken for the certificate."""

    async def submit(self, event: Event, attachment: object = None) -> Verdict:
        return Refused(NotAnEnvelope(FileKind.CERTIFICATE).finding)

    async def settled(self, event_id: int, timeout_seconds: float) -> Settlement | None:
        return None


@dataclass(slots=True)
class Gallery:
    """A public listener that shows whatever stage it is given."""

    origin: str
    model: FakeReadModel

    def show(self, stage: str) -> str:
        """Bring *stage* up; return the path of the page."""
        shown = STAGES[stage]()
        self.model.views = shown.views
        return shown.path


def _world() -> World:
    field = a_service("field", name="Field Devices & Loan Pool “North”")
    long = a_service("long", name="Mobilgeräteverwaltungsproduktionsumgebung-Nordwest")
    world = a_world(a_roster(a_service(), LABS, field, long))
    kim = replace(world.roster.people["kim"], name="Kim", quiet=QuietHours(zone=ZoneInfo("Europe/Berlin")))
    ana = replace(world.roster.people["ana"], name="Ana")
    roster = replace(world.roster, people={**world.roster.people, "kim": kim, "ana": ana}, operators=(HELP,))
    target = FakeTarget().target()
    abilities = replace(
        target.abilities,
        title="Meraki Systems Manager",
        by_hand=("Sign in to the console.", "Upload the file under Enrolment."),
    )
    target = replace(target, abilities=abilities)
    curious = replace(target, abilities=replace(abilities, wants_account=True))
    products = {"field": curious}
    return World(
        roster, {one: replace(served, targets=(products.get(one, target),)) for one, served in world.services.items()}
    )


@contextmanager
def gallery() -> Iterator[Gallery]:
    """Serve the stages while the block lasts."""
    model, world, taker = FakeReadModel(FakeViews()), _world(), _Refusing()

    def app(is_ending: Callable[[], bool]) -> ASGIApp:
        deeds = Deeds(taker, taker, StillClock(NOW), SystemChance())
        clock = StillClock(NOW)
        given = Answering(model, lambda: world, KEYS.find, deeds, Commits(), clock, _gives_nothing, is_ending)
        return public_app(Handover(given))

    with served(app) as origin:
        yield Gallery(origin, model)


async def _gives_nothing(service: str) -> ExportedEnvelope:
    raise NotThere(NotAnEnvelope(FileKind.EMPTY).finding)


@contextmanager
def served(app: Callable[[Callable[[], bool]], ASGIApp]) -> Iterator[str]:
    """Serve what *app* makes while the block lasts, on a thread of its own; it is told whether that is about to end."""
    loop, addresses, ending = asyncio.new_event_loop(), list[str](), asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with serving(app(ending.is_set)) as address:
            addresses.append(address)
            ready.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(20)
        loop.close()
