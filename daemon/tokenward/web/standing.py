"""How a service stands, in the few words that every view shows. Pure."""

from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from tokenward.model.rotation import Cause, Rotation, State
from tokenward.model.service import OnDeparture
from tokenward.model.token import TokenState
from tokenward.policy.asking import has_confirmed
from tokenward.policy.decision import Facts
from tokenward.policy.due import departure_opens_at, expiry_of, expiry_opens_at
from tokenward.policy.identity import is_downloader
from tokenward.policy.succession import is_usable, line

PLAN_B_AFTER: Final = timedelta(minutes=10)
"""How long an installation may fail before somebody had better do it by hand."""


def works(facts: Facts, last_done: Rotation | None, now: datetime) -> bool:
    """Return whether the service is known to be linked and working.

    Either its token was seen to be valid, or nobody can see that but its last rotation was done. In both cases nothing
    may speak against it: a date that has passed, a running outage, a rejection.
    """
    token, expiry = facts.token, expiry_of(facts)
    if token is None or (expiry is not None and expiry.at <= now) or _is_against(facts.rotation):
        return False
    if token.state is TokenState.UNKNOWN:
        return last_done is not None
    return token.state is TokenState.VALID


def custodian_of(facts: Facts) -> str | None:
    """Return the id of the person with whose account the token in use was downloaded.

    Where no downloader is on record, it is the custodian of the configuration; where the downloader is nobody whom the
    configuration names, it is nobody.
    """
    known = facts.roster.people
    likely_first = chain(line(facts), known)
    return next((person for person in likely_first if person in known and is_downloader(known[person], facts)), None)


def next_rotation_at(facts: Facts) -> datetime | None:
    """Return when the next rotation opens by itself; None while one is open, and where nothing is planned.

    It tells as much of departures as *facts* do.
    """
    if facts.rotation is not None or facts.service.is_watched:
        return None
    policy, expiry = facts.service.policy, expiry_of(facts)
    planned = []
    if expiry is not None:
        opens_at = expiry_opens_at(expiry, policy)
        planned.append(max(opens_at, facts.quiet_until) if facts.quiet_until else opens_at)
    if policy.on_departure is OnDeparture.ROTATE:
        planned += [departure_opens_at(departs_at, policy) for departs_at in _departures(facts)]
    return min(planned, default=None)


def needs_plan_b(rotation: Rotation, now: datetime) -> bool:
    """Return whether the new token is here, and installing it has failed for ten minutes (B4.5)."""
    if rotation.state is not State.CHECKED or rotation.blocked is None:
        return False
    return rotation.entered_at + PLAN_B_AFTER <= now


def backup_custodians(facts: Facts, now: datetime) -> int:
    """Return how many deputies are usable and confirmed lately that they can sign in and see the service."""
    return sum(
        is_usable(deputy, facts) and has_confirmed(facts.state_of(deputy), now) for deputy in facts.service.deputies
    )


def _is_against(rotation: Rotation | None) -> bool:
    return rotation is not None and (rotation.has_running_outage or Cause.REJECTED in rotation.causes)


def _departures(facts: Facts) -> list[datetime]:
    """Return the last days of whoever the token in use stands or falls with."""
    return [
        state.departs_at
        for state in facts.people.values()
        if state.departs_at is not None
        and (person := facts.roster.people.get(state.person)) is not None
        and is_downloader(person, facts)
    ]
