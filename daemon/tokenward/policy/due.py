"""When a rotation opens and by when it should be done, for each kind of cause.

A dead token is due at once; that is for the caller to say, for nothing here looks at the token. A due date
inside a freeze window moves to just before it, and the opening with it, so that whoever acts has as long as
ever. Once the window has begun that is no longer possible, and the date stays.
"""

from datetime import datetime, timedelta
from typing import Final

from tokenward.model.instant import DAY
from tokenward.model.person import Authentication, Person
from tokenward.model.service import ServicePolicy
from tokenward.model.token import Basis, Expiry
from tokenward.policy.decision import Facts
from tokenward.policy.working_days import before_freeze, working_days_before

CERTIFICATE: Final = 14 * DAY
UNLINKED: Final = 7 * DAY
MANUAL: Final = 2 * DAY

_PASSWORD: Final = {
    Authentication.APPLE: 2 * DAY,  # Apple's own rule speaks of this password
    Authentication.FEDERATED: 7 * DAY,  # unconfirmed: whether it touches the token at all; `on_password_change` decides
    Authentication.UNKNOWN: 7 * DAY,
}
_DEPARTURE_WORKING_DAYS: Final = 3
URGENT_AT: Final = (30 * DAY, 14 * DAY, 7 * DAY, 1 * DAY)
"""How long before the expiry the urgency grows."""
_SHORTEST_NOTICE: Final = 3 * DAY
_ESTIMATE_MARGIN: Final = 7 * DAY


def planned(now: datetime, period: timedelta, policy: ServicePolicy) -> datetime:
    """Return *now* plus *period*, or just before the freeze window that this lies in."""
    return _outside_freeze(now + period, now, policy)


def password_period(person: Person, policy: ServicePolicy) -> timedelta:
    """Return how long a new password of *person* may wait: as set, else by who keeps the password."""
    return policy.password_due if policy.password_due is not None else _PASSWORD[person.authentication]


def departure_opens_at(departs_at: datetime, policy: ServicePolicy) -> datetime:
    """Return when a rotation opens for somebody whose last day is known."""
    due_at = working_days_before(departs_at, _DEPARTURE_WORKING_DAYS)
    return departs_at - policy.departure_lead - (due_at - before_freeze(due_at, policy.freeze))


def departure_due_at(departs_at: datetime | None, now: datetime, policy: ServicePolicy) -> datetime:
    """Return three working days before *departs_at*; at once where that is past or no date is known."""
    if departs_at is None:
        return now
    return max(now, _outside_freeze(working_days_before(departs_at, _DEPARTURE_WORKING_DAYS), now, policy))


def expiry_of(facts: Facts) -> Expiry | None:
    """Return when the installed token ends: as is known of it, else as the configuration states."""
    if facts.token is not None and facts.token.expiry is not None:
        return facts.token.expiry
    stated = facts.service.stated_expires_at
    return Expiry(stated, Basis.STATED) if stated else None


def expiry_opens_at(expiry: Expiry, policy: ServicePolicy) -> datetime:
    """Return when a rotation opens for *expiry*: by ``renew_before``, a week earlier for an estimated date."""
    margin = _ESTIMATE_MARGIN if expiry.basis is Basis.ESTIMATED else timedelta()
    opens_at = expiry.at - policy.renew_before - margin
    due_at = _next_urgency(expiry.at, opens_at)
    return opens_at - (due_at - before_freeze(due_at, policy.freeze))


def expiry_due_at(expiry: Expiry, now: datetime, policy: ServicePolicy) -> datetime:
    """Return when the urgency next grows, at least three days ahead, or *now* where no mark lies that far ahead.

    Opened at 45 days it is due when 30 are left, at 20 days when 14 are left, at 6 days when 1 is left.
    """
    return _outside_freeze(_next_urgency(expiry.at, now), now, policy)


def _next_urgency(expires_at: datetime, now: datetime) -> datetime:
    marks = (expires_at - before for before in URGENT_AT)
    return next((mark for mark in marks if mark - now >= _SHORTEST_NOTICE), now)


def _outside_freeze(due_at: datetime, now: datetime, policy: ServicePolicy) -> datetime:
    moved = before_freeze(due_at, policy.freeze)
    return moved if moved >= now else due_at
