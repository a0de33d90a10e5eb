"""When the installed token is asked after, and what has to be answered before anything follows from it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.event import EventKind
from tokenward.model.instant import DAY
from tokenward.model.token import TokenState
from tokenward.policy.backoff import share_of

_AFTER_A_SUSPICION: Final = (
    timedelta(),
    timedelta(minutes=15),
    timedelta(hours=2),
    *(day * DAY for day in range(1, 9)),  # after 24 hours, then daily for a week
)
BY_SECRETS: Final = DAY
"""Where Tokenward holds the secrets and asks Apple itself."""
BY_HEALTH: Final = timedelta(minutes=15)
"""Where the target's own health is read."""
WHILE_CLAIMED: Final = timedelta(seconds=30)
"""While somebody is about to download a token."""
SECOND_LOOK: Final = timedelta(minutes=2)
"""How much later the same answer must come again before it counts."""

RAISED_BY: Final[Mapping[TokenState, EventKind]] = {
    TokenState.REJECTED: EventKind.TOKEN_REJECTED,
    TokenState.SUPERSEDED: EventKind.TOKEN_SUPERSEDED,
    TokenState.EXPIRED: EventKind.TOKEN_EXPIRED,
    TokenState.TERMS_UNSIGNED: EventKind.TERMS_UNSIGNED,
}
"""The event that a confirmed verdict raises; every other verdict starts nothing."""

DatedVerdict = tuple[datetime, TokenState]


def probe_times(start: datetime) -> tuple[datetime, ...]:
    """Return when to probe after an event at *start* that may have ended the token."""
    return tuple(start + after for after in _AFTER_A_SUSPICION)


def regular_interval(*, holds_secrets: bool, is_claimed: bool) -> timedelta:
    """Return how long after a regular probe the next one follows."""
    if is_claimed:
        return WHILE_CLAIMED
    return BY_SECRETS if holds_secrets else BY_HEALTH


def spread(interval: timedelta, service: str) -> timedelta:
    """Return *interval*, shortened by up to a tenth by the service's id, so that many services do not ask together."""
    return interval * (1 - share_of(service) / 10)


def confirmed(verdicts: Sequence[DatedVerdict]) -> TokenState | None:
    """Return the verdict that counts by now, or None while a second look is needed.

    *verdicts* are the latest ones, newest first, without the readings that gave none. A verdict that raises
    an event needs an equal one at least two minutes before it and none that differs in between; any other
    counts at once.
    """
    if not verdicts:
        return None
    newest_at, verdict = verdicts[0]
    if verdict not in RAISED_BY:
        return verdict
    return verdict if newest_at - _first_seen(verdicts) >= SECOND_LOOK else None


def second_look_at(verdicts: Sequence[DatedVerdict]) -> datetime | None:
    """Return when to ask again because the newest verdict is not confirmed; None where it is."""
    if not verdicts or confirmed(verdicts) is not None:
        return None
    return _first_seen(verdicts) + SECOND_LOOK


def _first_seen(verdicts: Sequence[DatedVerdict]) -> datetime:
    """Return since when the newest verdict has been given without another one in between."""
    first_at, newest = verdicts[0]
    for given_at, verdict in verdicts:
        if verdict is not newest:
            break
        first_at = given_at
    return first_at
