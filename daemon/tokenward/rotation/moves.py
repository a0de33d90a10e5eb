"""The moves that several plans share: entering a state, going back, standing still."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.finding import Code
from tokenward.model.rotation import Rotation, State
from tokenward.model.target import BlockReason, Obstacle
from tokenward.policy.backoff import PATIENT, Pace, next_attempt_at, share_of
from tokenward.rotation.evidence import Evidence
from tokenward.rotation.outcome import Block

LOOK_AGAIN: Final = timedelta(minutes=1)
"""How soon a blocked rotation is looked at again when nothing tells that the world changed."""


def enter(rotation: Rotation, state: State, now: datetime) -> Rotation:
    """Return *rotation* in *state* from *now*, unblocked, with no attempt made in it yet, to be looked at at once."""
    return replace(
        rotation,
        state=state,
        entered_at=now,
        wake_at=now,
        asked_at=None,
        blocked=None,
        attempts=0,
        attempted_at=None,
    )


def pass_on(rotation: Rotation, actor: str | None, now: datetime) -> Rotation:
    """Return *rotation* with the question passed on to *actor*; what somebody else started or wished counts no more."""
    return replace(rotation, actor=actor, asked_at=now, claim=None, remind_at=None, wake_at=now)


def with_actor(rotation: Rotation, actor: str | None, now: datetime) -> Rotation:
    """Return *rotation* with *actor* as whoever is asked, who may be so already."""
    return rotation if actor == rotation.actor else pass_on(rotation, actor, now)


def start_over(rotation: Rotation, now: datetime) -> Rotation:
    """Return *rotation* back in ``opened``, where a new certificate and a new download are prepared."""
    return replace(
        enter(rotation, State.OPENED, now),
        recover_until=None,
        claim=None,
        certificate=None,
        registered_by=None,
        visit=rotation.visit + 1,
    )


def ask_again(rotation: Rotation, now: datetime) -> Rotation:
    """Return *rotation* back in ``awaiting_token``: the file in hand turned out to be of no use."""
    return replace(enter(rotation, State.AWAITING_TOKEN, now), envelope=None, claim=None, recover_until=None)


def stand_still(rotation: Rotation, obstacle: Obstacle, now: datetime) -> Block:
    """Return the outcome that blocks *rotation* by *obstacle* until it is looked at again."""
    return Block(obstacle.reason, obstacle.remedy, now + LOOK_AGAIN, rotation)


def reason_for(code: Code) -> BlockReason:
    """Return why a rotation stands still that met a finding with *code*."""
    return _REASONS.get(code, BlockReason.TARGET_REFUSED)


_REASONS: Final = {
    Code.TARGET_UNREACHABLE: BlockReason.TARGET_UNREACHABLE,
    Code.WRONG_SERVER: BlockReason.WRONG_SERVER,
    Code.WRONG_KEY: BlockReason.KEY_MISMATCH,
    Code.NO_KEY: BlockReason.KEY_MISMATCH,
    Code.TERMS_UNSIGNED: BlockReason.TERMS_UNSIGNED,
    Code.APPLE_UNREACHABLE: BlockReason.APPLE_UNREACHABLE,
}


def again_at(
    rotation: Rotation, attempts: int, now: datetime, pace: Pace = PATIENT, asked_seconds: float | None = None
) -> datetime:
    """Return when to try again after *attempts* failures; what is random in it follows from the rotation's id."""
    return next_attempt_at(now, attempts, asked_seconds, share_of(rotation.id), pace)


def is_other_server(evidence: Evidence, server_uuid: str | None) -> bool:
    """Return whether *server_uuid* is known to differ from the one that the service has had."""
    known = evidence.installed.server_uuid if evidence.installed else None
    return known is not None and server_uuid is not None and not is_same_server(known, server_uuid)


def is_same_server(one: str, other: str) -> bool:
    """Return whether two spellings mean one service: Apple writes no dashes and upper case, products write both."""
    return _folded(one) == _folded(other)


def _folded(server_uuid: str) -> str:
    return server_uuid.replace("-", "").casefold()


WRONG_SERVER: Final = Obstacle(
    BlockReason.WRONG_SERVER,
    "the new token belongs to another service at Apple: download the token of the right service and drop it",
)
OTHER_PLACE: Final = Obstacle(
    BlockReason.WRONG_SERVER,
    "the target holds the token of another service at Apple, and a new one would take its place: correct which of the "
    "product's tokens the target names, then send SIGHUP",
)
OTHER_KEY: Final = Obstacle(
    BlockReason.KEY_MISMATCH,
    "nothing: the target has another key than the one that was prepared, so its certificate is fetched anew",
)
NOBODY: Final = Obstacle(
    BlockReason.NOBODY_USABLE,
    "name a custodian or deputy with a fitting role and an account in this organisation, then send SIGHUP",
)
