"""Takes one event after another, asks the policy, and commits what it decides together with its record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from tokenward.model.event import ABOUT_PEOPLE, Event, EventKind
from tokenward.model.finding import Code, Finding, TokenwardError
from tokenward.model.person import Person, PersonState
from tokenward.model.roster import Roster
from tokenward.policy.decision import Decision, Deny, Facts, Ignore
from tokenward.policy.identity import Ambiguous, Known, Nobody, resolve, services_of
from tokenward.policy.standing import alarm_of, note
from tokenward.policy.table import decide
from tokenward.rotation.apply import Case, apply
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import ServiceWorld, Tools, World
from tokenward.rotation.record import InboxEvent, Settlement
from tokenward.rotation.tally import tally_event, tally_lag

log = structlog.get_logger("tokenward.engine")

_SAID: Final = {outcome: f"event.{outcome}" for outcome in ("accepted", "ignored", "denied")}
_FAULT: Final = Settlement(
    "denied", ("Tokenward met a fault of its own in deciding this: nothing was done, and its log has the details.",)
)
_NOBODY_HERE = Ignore("it speaks of nobody who is named in the configuration")


@dataclass(frozen=True, slots=True)
class Settled:
    """An event that is decided."""

    waiting: InboxEvent
    settlement: Settlement
    retired: frozenset[str] | None = None
    """Every service that is retired after it, by id, where one more or less may be."""


def _nobody_waits(_retired: frozenset[str]) -> None:
    """Take no note."""


class Engine:
    """Settles what lies in the inbox, in the order in which it came."""

    def __init__(
        self, tools: Tools, world: Callable[[], World], retired: Callable[[frozenset[str]], None] = _nobody_waits
    ) -> None:
        """Decide by the present *world*; *retired* is told every retired service when one more or less is."""
        self._tools = tools
        self._world = world
        self._retired = retired

    async def settle_pending(self) -> int:
        """Settle everything that is pending and return how many events that were."""
        settled = 0
        while await self._settle_next():
            settled += 1
        return settled

    async def _settle_next(self) -> bool:
        now = self._tools.clock.now()
        work = partial(settle_next, world=self._world(), new_id=self._tools.chance.token, now=now)
        try:
            done = await self._tools.ledger.write(work)
        except TokenwardError:
            raise
        except Exception:
            # A fault of ours is this event's fate, and never that of those behind it.
            log.exception("event.fault")
            done = await self._tools.ledger.write(partial(give_up_next, now=now))
        if done is None:
            return False
        waiting, settlement = done.waiting, done.settlement
        if done.retired is not None:
            self._retired(done.retired)
        self._tools.waypoints.reached("event.settled", waiting.event.shown_kind)
        log.info(
            _SAID[settlement.outcome],
            source=waiting.event.source,
            kind=waiting.event.shown_kind,
            service=waiting.event.service,
            decided=list(settlement.lines),
        )
        return True


def settle_next(change: Change, *, world: World, new_id: Callable[[], str], now: datetime) -> Settled | None:
    """Decide the oldest pending event inside one transaction and return it with what became of it.

    Which services are retired is what the record says, for *world* may lag behind it by a moment.
    """
    waiting = change.inbox.next_pending()
    if waiting is None:
        return None
    world = world.without(change.retirements.all())
    settlement = _settlement(_settle(change, waiting, world, new_id, now))
    _keep(change, waiting, settlement, now)
    is_about_that = waiting.event.kind in {EventKind.RETIRE, EventKind.REINSTATE}
    return Settled(waiting, settlement, frozenset(change.retirements.all()) if is_about_that else None)


def give_up_next(change: Change, *, now: datetime) -> Settled | None:
    """Settle the oldest pending event as denied, for deciding it met a fault of ours, and return it."""
    waiting = change.inbox.next_pending()
    if waiting is None:
        return None
    _keep(change, waiting, _FAULT, now)
    change.tallies.add("tokenward_internal_errors_total", {"component": "engine"})
    details = {"event": str(waiting.id), "kind": waiting.event.shown_kind}
    change.audit.record(now, "event.fault", waiting.event.service, details)
    return Settled(waiting, _FAULT)


def _keep(change: Change, waiting: InboxEvent, settlement: Settlement, now: datetime) -> None:
    change.inbox.settle(waiting.id, settlement, now)
    tally_event(change, waiting.event, "rejected" if settlement.outcome == "denied" else settlement.outcome)
    tally_lag(change, waiting.event)


def facts_of(
    change: Change, served: ServiceWorld, roster: Roster, people: Mapping[str, PersonState] | None = None
) -> Facts:
    """Return what is on record about one service; *people*, where whoever asks of many has read them already."""
    service = served.service
    return Facts(
        service=service,
        roster=roster,
        people=change.people.states() if people is None else people,
        token=change.tokens.installed(service.id),
        rotation=change.rotations.open_of(service.id),
        quiet_until=change.rotations.quiet_until(service.id),
        needs_person=served.issuer is None or served.issuer.needs_person,
    )


def _settle(
    change: Change, waiting: InboxEvent, world: World, new_id: Callable[[], str], now: datetime
) -> list[Decision]:
    event = waiting.event
    case = partial(Case, change, waiting, world.roster, new_id, now)
    if event.kind not in ABOUT_PEOPLE:
        return _settle_service(case, event, world, now)
    match _who(event, world.roster):
        case Known(person):
            return _settle_person(case, event, person, world, now)
        case Ambiguous() as ambiguous:
            return _carry(case(None), (alarm_of(ambiguous, event), Deny(_ambiguous(event))))
        case Nobody():
            return [_NOBODY_HERE]


def _who(event: Event, roster: Roster) -> Known | Nobody | Ambiguous:
    if event.subject is None:
        return Nobody()
    return resolve(event.subject, event.source, roster)


def _settle_service(
    case: Callable[[ServiceWorld | None], Case], event: Event, world: World, now: datetime
) -> list[Decision]:
    known = world.retired if event.kind is EventKind.REINSTATE else world.services
    served = known.get(event.service or "")
    if served is None:
        return [Ignore(_why_not(event.service or "", world))]
    about = case(served)
    return _carry(about, decide(event, facts_of(about.change, served, world.roster), now))


def _why_not(service: str, world: World) -> str:
    if service in world.services:
        return "its service is not retired"
    return "its service is retired" if service in world.retired else "its service is no longer configured"


def _settle_person(
    case: Callable[[ServiceWorld | None], Case], event: Event, person: Person, world: World, now: datetime
) -> list[Decision]:
    nobody_in_particular = case(None)
    change = nobody_in_particular.change
    decided = _carry(nobody_in_particular, note(event, person, change.people.state(person.id), world.roster, now))
    tokens = {service: token for service in world.services if (token := change.tokens.installed(service)) is not None}
    for service in services_of(person, world.roster, tokens):
        about = case(world.services[service.id])
        decided += _carry(about, decide(event, facts_of(change, world.services[service.id], world.roster), now, person))
    return decided


def _carry(case: Case, decisions: tuple[Decision, ...]) -> list[Decision]:
    for decision in decisions:
        apply(case, decision)
    return list(decisions)


def _settlement(decisions: list[Decision]) -> Settlement:
    for decision in decisions:
        if isinstance(decision, Deny):
            return Settlement("denied", (decision.finding.text(),), decision.finding.code.number)
    lines = tuple(dict.fromkeys(why for one in decisions if (why := getattr(one, "why", ""))))
    ignored = all(isinstance(decision, Ignore) for decision in decisions)
    return Settlement("ignored" if ignored else "accepted", lines)


def _ambiguous(event: Event) -> Finding:
    return Finding(
        Code.AMBIGUOUS_PERSON,
        f"The event {event.shown_kind} could mean more than one person of the configuration.",
        "Nothing was done, for the wrong person's token would be replaced.",
        "Give each person of the configuration identifiers that are theirs alone.",
    )
