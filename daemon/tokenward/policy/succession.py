"""Who acts for a service: the custodian, then the deputies in order, then nobody, which means the operators."""

from datetime import datetime

from tokenward.model.person import Standing
from tokenward.policy.decision import Facts


def who_acts(facts: Facts, now: datetime, *, exclude: frozenset[str] = frozenset()) -> str | None:
    """Return the id of whoever is to act, or None where nobody is usable.

    Whoever holds the open rotation, or is asked already, stays; else the first usable of the custodian and
    the deputies. *exclude* takes people out of whom this very event says that they can't.
    """
    candidates = (*_in_charge(facts, now), *line(facts))
    return next((person for person in candidates if person not in exclude and is_usable(person, facts)), None)


def next_actor(facts: Facts) -> str | None:
    """Return who is asked once the rotation's date has passed: the next usable one behind whoever was asked."""
    people = line(facts)
    asked = facts.rotation.actor if facts.rotation else None
    behind = people[people.index(asked) + 1 :] if asked in people else people
    return next((person for person in behind if is_usable(person, facts)), None)


def line(facts: Facts) -> tuple[str, ...]:
    """Return the custodian and the deputies in the order in which they are asked, each once."""
    service = facts.service
    return tuple(dict.fromkeys(person for person in (service.custodian, *service.deputies) if person))


def is_usable(person: str, facts: Facts) -> bool:
    """Return whether *person* can link the service: an account, a fitting role, and no departure in sight.

    A token that somebody downloads dies with their account, so whoever is known to go is passed over from
    then on.
    """
    known = facts.roster.people.get(person)
    if known is None or facts.service.organisation not in known.accounts:
        return False
    state = facts.state_of(person)
    if state.is_leaving() or state.standing is Standing.ROLE_LOST:
        return False
    return facts.roster.has_fitting_role(known, facts.service)


def with_portal_rights(facts: Facts) -> tuple[str, ...]:
    """Return everybody who could have downloaded a token of the service, in its line or not."""
    return tuple(person for person in facts.roster.people if is_usable(person, facts))


def _in_charge(facts: Facts, now: datetime) -> tuple[str, ...]:
    rotation = facts.rotation
    if rotation is None:
        return ()
    claimed_by = rotation.claim.person if rotation.claim and rotation.claim.until > now else None
    return tuple(person for person in (claimed_by, rotation.actor) if person)
