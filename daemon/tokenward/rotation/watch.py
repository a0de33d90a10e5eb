"""Asks, when it is due, how things stand with each installed token, and learns of tokens that others have installed.

A reading by itself changes only what is shown. What would start something is an event, raised when the same answer came
twice, minutes apart.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from tokenward.model.event import Event, EventKind, Way
from tokenward.model.target import Holding, Reading
from tokenward.model.token import Basis, Expiry, InstalledToken, ServerToken, TokenState
from tokenward.policy.probing import RAISED_BY, DatedVerdict, confirmed, regular_interval, second_look_at, spread
from tokenward.rotation.intake import Intake
from tokenward.rotation.keys import token_from_json, token_place
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import ServiceWorld, Tools, World
from tokenward.rotation.record import PlannedProbe

log = structlog.get_logger("tokenward.watch")

AT_ONCE: Final = 8
_LATEST: Final = 8


@dataclass(frozen=True, slots=True)
class Watch:
    """The asking half of knowing."""

    tools: Tools
    intake: Intake
    world: Callable[[], World]

    async def ask_due(self) -> None:
        """Plan what is asked regularly, then ask everything that is due."""
        now, world = self.tools.clock.now(), self.world()
        due = await self.tools.ledger.write(lambda change: _plan_and_list(change, world, now))
        await asyncio.gather(*(self._ask(probe, world) for probe in due))

    async def _ask(self, probe: PlannedProbe, world: World) -> None:
        served = world.services.get(probe.service)
        if served is None:
            await self.tools.ledger.write(lambda change: change.probes.drop(probe.id))
            return
        reading = await self._reading(served)
        now = self.tools.clock.now()
        raised = await self.tools.ledger.write(lambda change: keep_reading(change, served, probe, reading, now))
        self.tools.waypoints.reached("reading.recorded", probe.service)
        verdict = reading.verdict.value if reading.verdict else None
        log.debug("probe.result", service=probe.service, verdict=verdict, why=reading.why)
        if raised is not None:
            await self.intake.submit(_event(raised, probe.service, now))

    async def _reading(self, served: ServiceWorld) -> Reading:
        token = await self._held_secrets(served.service.id)
        if token is not None:
            return await served.witness.account(served.organisation, token)
        return await served.targets[0].health.health()

    async def _held_secrets(self, service: str) -> ServerToken | None:
        def find(change: Change) -> tuple[str, bytes] | None:
            installed = change.tokens.installed(service)
            sealed = change.tokens.sealed_secrets(service)
            return (installed.token_digest, sealed) if installed and installed.token_digest and sealed else None

        found = await self.tools.ledger.read(find)
        if found is None:
            return None
        digest, sealed = found
        return token_from_json(self.tools.seals.open(sealed, token_place(service, digest)))


def _plan_and_list(change: Change, world: World, now: datetime) -> tuple[PlannedProbe, ...]:
    for service in world.services:
        if change.probes.next_regular(service) is None:
            change.probes.plan(service, now, None)
    return change.probes.due(now, AT_ONCE)


def keep_reading(
    change: Change, served: ServiceWorld, probe: PlannedProbe, reading: Reading, now: datetime
) -> EventKind | None:
    """Put *reading* on record, learn from it, plan the next question, and return the event that it confirms, if any."""
    service = served.service
    change.probes.record(service.id, probe.id, reading, now)
    result = reading.verdict.value if reading.verdict else ("other" if reading.answered else "network")
    labels = {"organisation": service.organisation, "service": service.id, "result": result}
    change.tallies.add("tokenward_probes_total", labels)
    _learn(change, served, reading, now)
    verdicts = _verdicts(change, service.id)
    _plan_next(change, served, probe, second_look_at(verdicts), now)
    return _raised(change, served, reading, confirmed(verdicts))


def _verdicts(change: Change, service: str) -> list[DatedVerdict]:
    """Return the latest verdicts about the installed token, newest first; those about an earlier one don't count."""
    known = change.tokens.installed(service)
    latest = change.probes.last_verdicts(service, _LATEST)
    return [(at, TokenState(verdict)) for at, verdict in latest if known is None or at >= known.since]


def _plan_next(
    change: Change, served: ServiceWorld, probe: PlannedProbe, second_look: datetime | None, now: datetime
) -> None:
    service = served.service.id
    if second_look is not None:
        change.probes.plan(service, max(second_look, now), probe.event_id)
    if probe.event_id is None:
        rotation = change.rotations.open_of(service)
        holds_secrets = change.tokens.sealed_secrets(service) is not None
        claimed = rotation is not None and rotation.claim is not None
        interval = regular_interval(holds_secrets=holds_secrets, is_claimed=claimed)
        due_at = now + (interval if claimed else spread(interval, service))
        planned = change.probes.next_regular(service)
        if planned is None or due_at < planned:
            change.probes.plan(service, due_at, None)


def _learn(change: Change, served: ServiceWorld, reading: Reading, now: datetime) -> None:
    """Adopt a token that somebody else installed, and note that a known one works."""
    service = served.service.id
    known, rotation = change.tokens.installed(service), change.rotations.open_of(service)
    if rotation is not None and rotation.is_after_click:
        return
    held = reading.holding if reading.holding and reading.holding.present else None
    if held is not None and (known is None or _is_another(held, known)):
        change.tokens.record(_adopted(service, held, reading, now))
        change.audit.record(now, "token.adopted", service, {"downloader": reading.downloader or ""})
    elif known is not None:
        learnt = _with_what_is_shown(known, held) if held else known
        learnt = _confirmed_valid(learnt, reading) if reading.verdict is TokenState.VALID else learnt
        if learnt != known:
            change.tokens.record(learnt)


def _is_another(held: Holding, known: InstalledToken) -> bool:
    if held.token_digest is not None and known.token_digest is not None:
        return held.token_digest != known.token_digest
    if held.mark is not None and known.mark is not None:
        return held.mark != known.mark
    is_stated_only = known.envelope is None and known.token_digest is None and known.mark is None
    return is_stated_only and held.shown is not None


def _with_what_is_shown(known: InstalledToken, held: Holding) -> InstalledToken:
    """Return *known* with the better expiry of what its target shows, and with the mark by which it is known again."""
    is_guess = known.expiry is None or known.expiry.basis in {Basis.STATED, Basis.ESTIMATED}
    expiry = Expiry(held.expires_at, Basis.READ_BACK) if held.expires_at and is_guess else known.expiry
    return replace(known, expiry=expiry, mark=known.mark or held.mark)


def _adopted(service: str, held: Holding, reading: Reading, now: datetime) -> InstalledToken:
    return InstalledToken(
        service=service,
        state=reading.verdict or TokenState.UNKNOWN,
        since=now,
        expiry=Expiry(held.expires_at, Basis.READ_BACK) if held.expires_at else None,
        downloader=reading.downloader or held.downloader,
        server_uuid=reading.server_uuid or held.server_uuid,
        token_digest=held.token_digest,
        mark=held.mark,
        envelope=held.envelope,
    )


def _confirmed_valid(known: InstalledToken, reading: Reading) -> InstalledToken:
    return replace(
        known,
        state=TokenState.VALID,
        downloader=reading.downloader or known.downloader,
        server_uuid=known.server_uuid or reading.server_uuid,
    )


def _raised(change: Change, served: ServiceWorld, reading: Reading, verdict: TokenState | None) -> EventKind | None:
    known = change.tokens.installed(served.service.id)
    if _is_unlinked(reading, known) and change.rotations.open_of(served.service.id) is None:
        return EventKind.SERVICE_UNLINKED
    if verdict is None or known is None or known.state is verdict:
        return None
    return RAISED_BY.get(verdict)


def _is_unlinked(reading: Reading, known: InstalledToken | None) -> bool:
    """Return whether the target itself says that it holds none, and none was ever known."""
    return known is None and reading.holding is not None and not reading.holding.present


def _event(kind: EventKind, service: str, now: datetime) -> Event:
    key = f"{service}/{kind.value}/{now:%Y-%m-%dT%H%M}"
    return Event(source="watch", key=key, kind=kind, way=Way.WATCH, received_at=now, service=service)
