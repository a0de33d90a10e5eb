"""Who is told when a rotation moves, or stands where it stood while time went by. Texts are made when they are sent.

Each message has a key that follows from its reason, and the outbox takes a key once. So all that holds now can be said
at every look, and nobody hears it twice.
"""

from collections.abc import Iterator
from datetime import datetime

from tokenward.model.instant import format_instant
from tokenward.model.rotation import Rotation, State
from tokenward.model.target import BlockReason
from tokenward.model.token import DEAD
from tokenward.policy.audience import ON_CALL, OPERATORS, to_person
from tokenward.policy.decision import Facts
from tokenward.policy.ladder import TOLD, Level, Listener, level_at, moves_at
from tokenward.policy.succession import next_actor
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message


def announce(before: Rotation, after: Rotation, facts: Facts, now: datetime) -> tuple[Message, ...]:
    """Return the messages that the move from *before* to *after* asks for; *facts* are those after it."""
    return (*_of_ladder(after, facts, now), *_of_block(before, after), *_of_end(before, after, facts))


def is_alarm(rotation: Rotation, facts: Facts) -> bool:
    """Return whether a rotation is on-call's business: a dead token, a running outage, or nobody who could act."""
    dead = facts.token is not None and facts.token.state in DEAD
    return dead or rotation.outage_started_at is not None or rotation.actor is None


def level_of(rotation: Rotation, facts: Facts, now: datetime) -> Level | None:
    """Return how far up the ladder *rotation* stands; None while nobody is waited for, or somebody is at it."""
    if not facts.needs_person or facts.service.is_watched or not _waits_for_person(rotation):
        return None
    return level_at(now, rotation.entered_at, rotation.due_at, alarm=is_alarm(rotation, facts))


def is_silent(rotation: Rotation, facts: Facts, now: datetime) -> bool:
    """Return whether whoever is asked wanted no word about it yet; in an alarm and near the date nothing is silent."""
    level = level_of(rotation, facts, now)
    return level is not None and _is_silent(rotation, level, now)


def _of_ladder(rotation: Rotation, facts: Facts, now: datetime) -> Iterator[Message]:
    level, since = level_of(rotation, facts, now), rotation.entered_at
    if level is None:
        return
    if rotation.actor is not None:
        reason = f"{rotation.actor}/{(rotation.asked_at or since).isoformat()}"
        yield _message(to_person(rotation.actor), Template.ASKED, rotation, reason)
        known = facts.roster.people.get(rotation.actor)
        if known is None or not known.contact:
            yield _message(OPERATORS, Template.UNREACHABLE, rotation, rotation.actor, {"person": rotation.actor})
        if next_actor(facts) is None:
            yield _message(OPERATORS, Template.NO_DEPUTY, rotation, rotation.actor, {"person": rotation.actor})
    if level is Level.ASKED or _is_silent(rotation, level, now):
        return
    standing = f"{since.isoformat()}/{level.name}"
    if rotation.remind_at is not None and level < Level.DEPUTY_TOLD:
        standing = f"{since.isoformat()}/{rotation.remind_at.isoformat()}"
    yield from _to_listeners(rotation, facts, level, standing)


def _to_listeners(rotation: Rotation, facts: Facts, level: Level, standing: str) -> Iterator[Message]:
    listeners, deputy = TOLD[level], next_actor(facts)
    words = {"person": rotation.actor or "", "level": level.name.lower()}
    if Listener.ACTOR in listeners and rotation.actor is not None and level in {Level.REMINDED, Level.DEPUTY_TOLD}:
        yield _message(to_person(rotation.actor), Template.REMINDED, rotation, f"{rotation.actor}/{standing}")
    if Listener.DEPUTY in listeners and deputy is not None and deputy != rotation.actor:
        moves = moves_at(rotation.entered_at, rotation.due_at, alarm=is_alarm(rotation, facts))
        told = {"person": rotation.actor or "", "moves_at": format_instant(moves)}
        yield _message(to_person(deputy), Template.DEPUTY_TOLD, rotation, f"{deputy}/{standing}", told)
    if Listener.OPERATORS in listeners:
        yield _message(OPERATORS, Template.LATE, rotation, standing, words)
    if Listener.ON_CALL in listeners:
        yield _message(ON_CALL, Template.ALARM, rotation, standing, words)


def _of_block(before: Rotation, after: Rotation) -> Iterator[Message]:
    blocked = after.blocked
    if blocked is None or (before.blocked is not None and before.blocked.reason is blocked.reason):
        return
    words = {"reason": blocked.reason.value, "remedy": blocked.remedy}
    standing = f"{after.state.value}/{blocked.reason.value}"
    yield _message(OPERATORS, Template.ROTATION_BLOCKED, after, standing, words)
    outage = after.is_after_click and after.has_running_outage
    if outage or blocked.reason is BlockReason.NOBODY_USABLE:
        yield _message(ON_CALL, Template.ALARM, after, standing, words)


def _of_end(before: Rotation, after: Rotation, facts: Facts) -> Iterator[Message]:
    if before.state is after.state or after.state is not State.DONE:
        return
    words = {"rung": str(after.rung)}
    if after.outage_started_at is not None and after.outage_ended_at is not None:
        words["outage_seconds"] = str(round((after.outage_ended_at - after.outage_started_at).total_seconds()))
    yield _message(OPERATORS, Template.ROTATION_DONE, after, "", words)
    if after.actor is not None and facts.needs_person and not facts.state_of(after.actor).is_leaving():
        yield _message(to_person(after.actor), Template.ROTATION_DONE, after, after.actor, words)


def _waits_for_person(rotation: Rotation) -> bool:
    """Return whether the person's turn has come, and nobody is at it already."""
    return rotation.state is State.AWAITING_TOKEN and rotation.recover_until is None and rotation.claim is None


def _is_silent(rotation: Rotation, level: Level, now: datetime) -> bool:
    """Return whether whoever is asked wanted no reminder yet; the last quarter of the time is never silent."""
    return rotation.remind_at is not None and now < rotation.remind_at and level < Level.DEPUTY_TOLD


def _message(
    audience: str, template: Template, rotation: Rotation, reason: str, words: dict[str, str] | None = None
) -> Message:
    return Message(audience, template, f"{rotation.id}/{template}/{rotation.visit}/{reason}", rotation.service, words)
