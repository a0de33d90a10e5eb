"""From ``checked`` to ``installed``: every target on its own, each believed only when it is read back."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.rotation import Installation, Rotation, State
from tokenward.model.target import BlockReason, Holding, Obstacle
from tokenward.policy.backoff import URGENT
from tokenward.rotation.evidence import Evidence, Unanswered
from tokenward.rotation.moves import again_at, enter, reason_for, stand_still
from tokenward.rotation.outcome import Act, Advance, InstallEnvelope, Outcome, Retry, Wait

PATIENCE: Final = timedelta(minutes=10)
"""For how long it is nobody else's business that a file does not show where it belongs (B4.5)."""
YEAR_AHEAD: Final = timedelta(days=350)
"""A token that is good for longer than that is a new one: Apple gives each a year."""
HAND_OFF_LOOK: Final = timedelta(seconds=30)
"""How soon it is looked whether somebody has done it."""
READ_BACK_LAG: Final = timedelta(seconds=5)
"""How long a target that took an envelope may go on showing the old token before it is handed over again."""


def plan_checked(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    """Return the next move towards every required target showing the new token."""
    seen = _believe(rotation, evidence, now)
    if all(_is_settled(one) for one in seen.installations):
        return Advance(enter(seen, State.INSTALLED, now), "every required target shows the new token")
    if seen.waits_for_hand_off:
        return _hand_off(seen, evidence, now)
    due = _first_due(seen, evidence, now)
    if due is None:
        return _wait_for_next(seen, evidence, now)
    held = evidence.holdings.get(due.target)
    if isinstance(held, Unanswered):
        return _unreachable(seen, due, held, now)
    if due.mismatch and not due.forced and not evidence.made_for_ours:
        return stand_still(seen, _FOREIGN_KEY, now)
    return _install(seen, due, evidence, now)


def _is_settled(one: Installation) -> bool:
    """Return whether nothing is to be waited for: it shows the token, or is a copy that was tried once."""
    return one.installed_at is not None or (not one.required and (one.attempts > 0 or one.by_hand))


def _believe(rotation: Rotation, evidence: Evidence, now: datetime) -> Rotation:
    def judged(one: Installation) -> Installation:
        held = evidence.holdings.get(one.target)
        if one.installed_at or not isinstance(held, Holding) or not _is_there(held, one, rotation, evidence):
            return one
        return replace(one, installed_at=now, error=None, mismatch=False, next_attempt_at=None)

    return replace(rotation, installations=tuple(judged(one) for one in rotation.installations))


def _is_there(held: Holding, one: Installation, rotation: Rotation, evidence: Evidence) -> bool:
    """Return whether the token is where it belongs: it shows there or, done by hand, somebody says so.

    Where the product shows something, a word counts only with a date that no token from before can have: the new one
    may have stood there before anybody looked.
    """
    if shows(held, one, rotation, evidence):
        return True
    if not one.by_hand and one.target in evidence.unseen:
        return one.expected is not None  # it said that it took the file, and can be asked no more
    if not one.by_hand or one.attempted_at is None:
        return False
    ahead = held.expires_at is not None and held.expires_at >= one.attempted_at + YEAR_AHEAD
    return one.target in evidence.unseen or _tells_nothing(held) or ahead


def _tells_nothing(held: Holding) -> bool:
    """Return whether a target shows that it holds a token, and nothing that would be another for another one."""
    return held.present and held.envelope is None and held.shown is None and held.expires_at is None


def shows(held: Holding, one: Installation, rotation: Rotation, evidence: Evidence) -> bool:
    """Return whether what a target holds is the rotation's token.

    Best by the file itself; else by the digest of the token, which we know from opening the file or from the target's
    own answer; else by what it shows of its token, which must be what it answered, or differ from what stood there
    before the first attempt.
    """
    if held.envelope is not None:
        return held.envelope == rotation.envelope
    if not held.present or held.shown is None:
        return False
    opened = evidence.token is not None and held.token_digest is not None
    expected = evidence.token.digest if evidence.token and opened else one.expected
    if expected is not None:
        return held.shown == expected
    return one.held_before is not None and held.shown != one.held_before


def _hand_off(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    """Wait for somebody at a product's own console, and remember what it showed before."""
    seen = replace(rotation, installations=tuple(_as_before(one, evidence) for one in rotation.installations))
    if now - rotation.entered_at >= PATIENCE:
        return stand_still(seen, _BY_HAND, now)
    return Wait(seen, now + HAND_OFF_LOOK, "somebody is to hand the file over in the product's own console")


def _as_before(one: Installation, evidence: Evidence) -> Installation:
    if not one.by_hand or one.held_before is not None:
        return one
    held = evidence.holdings.get(one.target)
    if not isinstance(held, Holding):
        return one
    known = evidence.installed.mark if evidence.installed else None
    return replace(one, held_before=known or held.shown or "")


def _first_due(rotation: Rotation, evidence: Evidence, now: datetime) -> Installation | None:
    """Return what to hand over next: required targets before copies, those that answer before those that don't."""
    due = [one for one in rotation.installations if _is_due(one, now)]
    due.sort(key=lambda one: (isinstance(evidence.holdings.get(one.target), Unanswered), not one.required))
    return next(iter(due), None)


def _is_due(one: Installation, now: datetime) -> bool:
    return one.installed_at is None and not one.by_hand and (one.next_attempt_at is None or one.next_attempt_at <= now)


def _wait_for_next(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    pending = [one for one in rotation.installations if one.installed_at is None and one.next_attempt_at is not None]
    until = min(one.next_attempt_at for one in pending if one.next_attempt_at is not None)
    is_overdue = now - rotation.entered_at >= PATIENCE
    failing = next((one for one in pending if one.required and (one.error or is_overdue)), None)
    if failing is not None:
        is_away = isinstance(evidence.holdings.get(failing.target), Unanswered)
        reason = BlockReason.TARGET_UNREACHABLE if is_away else BlockReason.INSTALL_FAILED
        return Retry(until, reason, _see_to(failing), rotation)
    lagging = any(one.expected for one in pending)
    return Wait(rotation, until, "the target does not show it yet" if lagging else "the next attempt is not due yet")


def _unreachable(rotation: Rotation, one: Installation, why: Unanswered, now: datetime) -> Outcome:
    after = _next(rotation, one, now, why.retry_after_seconds)
    failed = replace(one, attempts=one.attempts + 1, error=why.finding.happened, next_attempt_at=after)
    return Retry(after, reason_for(why.finding.code), why.finding.do, with_installation(rotation, failed))


def _install(rotation: Rotation, one: Installation, evidence: Evidence, now: datetime) -> Outcome:
    held = evidence.holdings.get(one.target)
    before = one.held_before
    if before is None:
        before = (held.shown or "") if isinstance(held, Holding) else ""
    intent = replace(
        one,
        attempts=one.attempts + 1,
        attempted_at=now,
        forced=one.forced or one.mismatch,
        held_before=before,
        noted=one.noted if one.noted is not None else evidence.notes.get(one.target, ""),
        next_attempt_at=_next(rotation, one, now),
    )
    effect = InstallEnvelope(one.target, forced=intent.forced)
    heard_from = evidence.registration.last_connected_ip if evidence.registration else None
    acting = replace(with_installation(rotation, intent), wake_at=now + READ_BACK_LAG)
    return Act(effect, replace(acting, witness_ip=rotation.witness_ip or heard_from))


def _next(rotation: Rotation, one: Installation, now: datetime, asked_seconds: float | None = None) -> datetime:
    after = again_at(rotation, one.attempts + 1, now, URGENT, asked_seconds)
    return max(after, now + READ_BACK_LAG)


def with_installation(rotation: Rotation, changed: Installation) -> Rotation:
    """Return *rotation* with *changed* in place of the installation on the same target."""
    return replace(
        rotation,
        installations=tuple(changed if one.target == changed.target else one for one in rotation.installations),
    )


def _see_to(failing: Installation) -> str:
    if failing.error is None:
        return (
            f"look into {failing.target}'s own console: it took the file, and goes on showing what it showed before. "
            "It is handed over again by itself"
        )
    return (
        f"see to what {failing.target} said: {failing.error} It is tried again by itself; the file can also be handed "
        "over in the product's own console"
    )


_BY_HAND: Final = Obstacle(
    BlockReason.HAND_OFF,
    "hand the file over in the product's own console (`tokenward targets` has the steps, `tokenward export-envelope` "
    "the file), then say so on the personal page or with `tokenward ack --as-installed`",
)
_FOREIGN_KEY: Final = Obstacle(
    BlockReason.INSTALL_FAILED,
    "the product holds another consumer key and the file was made for an older certificate: make sure that it is this "
    "service's token, then hand it over in the product's own console",
)
