"""One durable move of one rotation: look, decide, write down, and only then do.

The intent is on disk before the effect, and the next plan starts from what the world shows, so a restart is the
normal path and doing it twice is harmless.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

import structlog

from tokenward.model.finding import (
    Code,
    NeedsOperator,
    OutcomeUnknown,
    Retryable,
    TokenwardError,
)
from tokenward.model.roster import Roster
from tokenward.model.rotation import Blocked, Installation, Rotation, State, shown_cause
from tokenward.model.target import BlockReason
from tokenward.policy.backoff import URGENT
from tokenward.rotation.announce import announce
from tokenward.rotation.closing import Books
from tokenward.rotation.effects import KEY_IS_GONE, Effects
from tokenward.rotation.engine import facts_of
from tokenward.rotation.evidence import Evidence
from tokenward.rotation.gather import gather
from tokenward.rotation.intake import Intake
from tokenward.rotation.ledger import Change, Conflict
from tokenward.rotation.moves import LOOK_AGAIN, again_at, ask_again, reason_for, start_over
from tokenward.rotation.outcome import Act, Advance, Block, Effect, InstallEnvelope, IssueToken, Outcome, Retry, Wait
from tokenward.rotation.plan import SAFETY_NET, plan
from tokenward.rotation.ports import ServiceWorld, Tools, World

log = structlog.get_logger("tokenward.rotation")

REFUSED_AGAIN: Final = timedelta(minutes=5)
"""How soon it is tried again what somebody has to mend first."""


@dataclass(frozen=True, slots=True)
class Stepper:
    """Moves rotations, one step at a time."""

    tools: Tools
    world: Callable[[], World]
    intake: Intake

    async def step(self, rotation_id: str) -> bool:
        """Make one move and return whether another one can follow at once.

        A rotation that somebody else moved meanwhile is left alone: whoever moved it has it looked at again.
        """
        world = self.world()
        rotation = await self.tools.ledger.read(lambda change: change.rotations.find(rotation_id))
        if rotation is None or not rotation.is_open:
            return False
        served = world.services.get(rotation.service)
        if served is None:
            await self._let_be(rotation)
            return False
        rotation = _with_present_targets(rotation, served)
        evidence = await gather(rotation, served, world, self.tools)
        outcome = plan(rotation, evidence, self.tools.clock.now())
        try:
            moved = await self._record(rotation, outcome, evidence, served)
        except Conflict:
            return False
        if not isinstance(outcome, Act):
            return isinstance(outcome, Advance) and moved.is_open
        return await self._carry_out(outcome.effect, moved, served)

    async def _let_be(self, rotation: Rotation) -> None:
        """Look again later at a rotation whose service is not configured any more: it may come back."""
        later = replace(rotation, wake_at=self.tools.clock.now() + LOOK_AGAIN)
        with suppress(Conflict):
            await self.tools.ledger.write(lambda change: change.rotations.update(later))

    async def _record(self, rotation: Rotation, outcome: Outcome, evidence: Evidence, served: ServiceWorld) -> Rotation:
        now = self.tools.clock.now()
        work = partial(
            record,
            rotation=rotation,
            outcome=outcome,
            evidence=evidence,
            served=served,
            roster=self.world().roster,
            tools=self.tools,
            now=now,
        )
        moved = await self.tools.ledger.write(work)
        _log(rotation, moved, outcome)
        self.tools.waypoints.reached(f"{rotation.state}.{_name(outcome)}", rotation.service)
        return moved

    async def _carry_out(self, effect: Effect, rotation: Rotation, served: ServiceWorld) -> bool:
        name = type(effect).__name__
        self.tools.waypoints.reached(f"{name}.before", rotation.service)
        try:
            await Effects(self.tools, self.intake, served).carry_out(effect, rotation)
        except Conflict:
            return False
        except TokenwardError as error:
            await self._record_failure(effect, rotation, error, served)
            return False
        self.tools.waypoints.reached(f"{name}.after", rotation.service)
        return not isinstance(effect, IssueToken)  # its file came in by the intake: the engine has the next word

    async def _record_failure(
        self, effect: Effect, rotation: Rotation, error: TokenwardError, served: ServiceWorld
    ) -> None:
        now = self.tools.clock.now()
        failed = failure(effect, rotation, error, now)
        log.warning(
            "rotation.blocked",
            service=rotation.service,
            rotation=rotation.id,
            reason=failed.blocked.reason.value if failed.blocked else None,
            happened=error.finding.happened,
        )

        def work(change: Change) -> None:
            current = change.rotations.find(rotation.id)
            if current is None or current.revision != rotation.revision:
                return
            change.rotations.update(failed)
            _tell(change, rotation, failed, served, self.world().roster, now)

        await self.tools.ledger.write(work)
        self.tools.waypoints.reached("failure.recorded", rotation.service)


def record(
    change: Change,
    *,
    rotation: Rotation,
    outcome: Outcome,
    evidence: Evidence,
    served: ServiceWorld,
    roster: Roster,
    tools: Tools,
    now: datetime,
) -> Rotation:
    """Write *outcome* down in one transaction, with everything that follows from it, and return the rotation.

    Raises:
        Conflict: Somebody else moved it, or an event about its service waits to be decided first.
    """
    if change.inbox.has_pending(rotation.service):
        raise Conflict
    after = moved_by(outcome, now)
    stored = change.rotations.update(after)
    Books(change, served, roster, tools.seals, tools.chance.token, now).enter(rotation, after, evidence)
    _tell(change, rotation, stored, served, roster, now)
    if after.state is not rotation.state or isinstance(outcome, Act):
        details = {"rotation": rotation.id, "from": rotation.state.value, "to": after.state.value}
        change.audit.record(now, f"rotation.{_name(outcome)}", rotation.service, details)
    return stored


def _tell(
    change: Change, before: Rotation, after: Rotation, served: ServiceWorld, roster: Roster, now: datetime
) -> None:
    for message in announce(before, after, facts_of(change, served, roster), now):
        change.outbox.add(message, now)


def moved_by(outcome: Outcome, now: datetime) -> Rotation:
    """Return the rotation as *outcome* leaves it."""
    match outcome:
        case Advance():
            return outcome.to
        case Act():
            return outcome.intent
        case Wait():
            return replace(outcome.to, wake_at=outcome.until, blocked=_still_true(outcome.to))
        case Retry():
            return _blocked(outcome.to, outcome.reason, outcome.error, outcome.after, now)
        case Block():
            return _blocked(outcome.to, outcome.reason, outcome.remedy, outcome.next_attempt_at, now)
        case _:
            assert_never(outcome)


def failure(effect: Effect, rotation: Rotation, error: TokenwardError, now: datetime) -> Rotation:
    """Return *rotation* after an effect that did not work, or of which nobody knows whether it did."""
    lost_click = isinstance(effect, IssueToken) and isinstance(error, OutcomeUnknown)
    if lost_click and rotation.outage_started_at is None:
        rotation = replace(rotation, outage_started_at=now, outage_ended_at=None)
    if isinstance(effect, InstallEnvelope):
        rotation = _back(rotation, error.finding.code, now)
    match error:
        case NeedsOperator():
            after = now + REFUSED_AGAIN
        case Retryable(retry_after_seconds=seconds):
            after = again_at(rotation, rotation.attempts, now, asked_seconds=seconds)
        case _:
            after = again_at(rotation, rotation.attempts, now, URGENT)
    return _blocked(rotation, _reason(effect, error), error.finding.do, after, now)


def _back(rotation: Rotation, code: Code, now: datetime) -> Rotation:
    """Return *rotation* where a file that turned out to be of no use leads: to the question, or to a new key."""
    if code is Code.WRONG_SERVER:
        return ask_again(rotation, now)
    return start_over(ask_again(rotation, now), now) if code in KEY_IS_GONE else rotation


def _reason(effect: Effect, error: TokenwardError) -> BlockReason:
    if isinstance(effect, IssueToken):
        return BlockReason.ISSUER_FAILED
    return reason_for(error.finding.code)


def _still_true(rotation: Rotation) -> Blocked | None:
    """Return the block that waiting does not end: a token in the wrong service, until another one is here."""
    blocked = rotation.blocked
    return blocked if blocked is not None and blocked.reason is BlockReason.WRONG_SERVER else None


def _blocked(rotation: Rotation, reason: BlockReason, remedy: str, after: datetime | None, now: datetime) -> Rotation:
    before = rotation.blocked
    since = before.since if before is not None and before.reason is reason else now
    return replace(rotation, blocked=Blocked(reason, remedy, after, since), wake_at=after or now + SAFETY_NET)


def _with_present_targets(rotation: Rotation, served: ServiceWorld) -> Rotation:
    """Return *rotation* with one installation for each target that is configured now."""
    known = {one.target: one for one in rotation.installations}
    present = tuple(
        replace(
            known.get(target.id, Installation(target.id, target.required)),
            required=target.required,
            by_hand=target.installer is None,
        )
        for target in served.targets
    )
    return rotation if present == rotation.installations else replace(rotation, installations=present)


def _name(outcome: Outcome) -> str:
    return _NAMES[type(outcome)]


_NAMES: Final[dict[type[Outcome], str]] = {
    Advance: "advanced",
    Act: "acted",
    Wait: "waited",
    Retry: "retried",
    Block: "blocked",
}


def _log(before: Rotation, after: Rotation, outcome: Outcome) -> None:
    fields = {"service": after.service, "rotation": after.id, "state": after.state.value}
    match outcome:
        case Advance():
            cause = shown_cause(after.causes).value
            log.info(_progress(after), **fields, cause=cause, why=outcome.why)
        case Act():
            log.info("rotation.acted", **fields, effect=type(outcome.effect).__name__, **asdict(outcome.effect))
        case Block() | Retry() if _is_news(before, after):
            reason = after.blocked.reason.value if after.blocked else None
            log.warning("rotation.blocked", **fields, reason=reason, remedy=after.blocked and after.blocked.remedy)
        case _:
            log.debug("rotation.looked_at", **fields, outcome=_name(outcome))


def _progress(after: Rotation) -> str:
    return "rotation.closed" if after.state is State.DONE else "rotation.advanced"


def _is_news(before: Rotation, after: Rotation) -> bool:
    return before.blocked is None or after.blocked is None or before.blocked.reason is not after.blocked.reason
