"""How loudly a rotation that waits for a person is spoken of, and to whom.

::

    opened ──────── half ──────── three quarters ──────── due
    asked           reminded      deputy told             moved to the deputy        on-call: only in an alarm

An *alarm* is a dead token, a running outage, or nobody who could act. Times run from the opening to the due
date, but never shorter than the patience that people need: a date that has come already still leaves time to
answer.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from tokenward.model.instant import DAY


class Level(IntEnum):
    """How far up the ladder a rotation stands."""

    ASKED = 0
    REMINDED = 1
    DEPUTY_TOLD = 2
    MOVED = 3
    """The question has passed to the next usable deputy."""
    ON_CALL = 4


class Listener(StrEnum):
    """Who is told, as a part that somebody plays in the rotation."""

    ACTOR = "actor"
    DEPUTY = "deputy"
    """Whoever comes after the actor."""
    OPERATORS = "operators"
    ON_CALL = "on-call"


TOLD: Final[Mapping[Level, tuple[Listener, ...]]] = {
    Level.ASKED: (Listener.ACTOR,),
    Level.REMINDED: (Listener.ACTOR,),
    Level.DEPUTY_TOLD: (Listener.ACTOR, Listener.DEPUTY, Listener.OPERATORS),
    Level.MOVED: (Listener.ACTOR, Listener.OPERATORS),
    Level.ON_CALL: (Listener.ACTOR, Listener.DEPUTY, Listener.OPERATORS, Listener.ON_CALL),
}
"""Who is told when a level is reached; from ``moved`` on the actor is the deputy that it moved to."""

_REACHED_AT: Final = {Level.ASKED: 0.0, Level.REMINDED: 0.5, Level.DEPUTY_TOLD: 0.75, Level.MOVED: 1.0}
PATIENCE: Final = DAY
PATIENCE_IN_ALARM: Final = timedelta(hours=1)


def level_at(now: datetime, opened_at: datetime, due_at: datetime, *, alarm: bool) -> Level:
    """Return the level that is reached by *now*. An alarm is on-call's business at once."""
    if alarm:
        return Level.ON_CALL
    times = _times(opened_at, due_at, PATIENCE)
    return max((level for level, at in times.items() if at <= now), default=Level.ASKED)


def next_level_at(now: datetime, opened_at: datetime, due_at: datetime, *, alarm: bool) -> datetime | None:
    """Return when the next level is due; None where time alone changes nothing any more."""
    if alarm:
        return None
    return min((at for at in _times(opened_at, due_at, PATIENCE).values() if at > now), default=None)


def moves_at(opened_at: datetime, due_at: datetime, *, alarm: bool) -> datetime:
    """Return when the question passes to the next deputy: at the due date, but never before the patience ends."""
    return _times(opened_at, due_at, PATIENCE_IN_ALARM if alarm else PATIENCE)[Level.MOVED]


def _times(opened_at: datetime, due_at: datetime, patience: timedelta) -> dict[Level, datetime]:
    whole = max(due_at - opened_at, patience)
    return {level: opened_at + whole * share for level, share in _REACHED_AT.items()}
