"""What the passing of time raises for a service, and when it is worth looking again.

Keys of these events follow from what they are about, so the inbox takes each once. Where nothing came of one
(somebody cancelled the rotation), the next mark of urgency makes a new one, and so does the end of a quiet
that somebody asked for.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.event import Event, EventKind, Way
from tokenward.model.person import Person, Subject
from tokenward.model.rotation import Cause
from tokenward.model.service import OnDeparture
from tokenward.model.token import Expiry
from tokenward.policy.asking import CONFIRMATION_LASTS, Situation
from tokenward.policy.decision import Facts
from tokenward.policy.due import URGENT_AT, departure_opens_at, expiry_of, expiry_opens_at
from tokenward.policy.identity import PERSON_ID, is_downloader

CLOCK: Final = "clock"
"""The source of these events."""


def due_events(facts: Facts, now: datetime) -> tuple[Event, ...]:
    """Return what time has brought about for the service by *now* and no open rotation deals with yet."""
    return (*_of_token(facts, now), *_of_departures(facts, now))


def due_confirmations(situation: Situation) -> tuple[Event, ...]:
    """Return that deputies are to say whether they can sign in: each once in six months, for all of their services."""
    return tuple(
        Event(
            source=CLOCK,
            key=f"{person}/{EventKind.CONFIRMATION_DUE}/{_since_word(situation, person)}",
            kind=EventKind.CONFIRMATION_DUE,
            way=Way.WATCH,
            received_at=situation.now,
            subject=Subject(PERSON_ID, person),
        )
        for person in situation.roster.people
        if situation.owes_confirmation(person)
    )


def next_look_at(facts: Facts, now: datetime) -> datetime | None:
    """Return the next moment at which ``due_events`` may say something new; None where time brings nothing."""
    return min((moment for moment in _moments(facts) if moment > now), default=None)


def event_key(service: str, kind: EventKind, about: str, quiet_until: datetime | None = None) -> str:
    """Return the key of a clock event: the same for all that is about the same thing, until a quiet ends."""
    parts = (service, kind, about, f"{quiet_until:%Y-%m-%dT%H%MZ}" if quiet_until else "")
    return "/".join(part for part in parts if part)


def _since_word(situation: Situation, person: str) -> str:
    """Return what tells one due confirmation from the next: their last word, else which half year it is."""
    confirmed_at = situation.state_of(person).confirmed_at
    if confirmed_at is not None:
        return f"{confirmed_at:%Y-%m-%d}"
    return f"never-{int(situation.now.timestamp() // CONFIRMATION_LASTS.total_seconds())}"


def _of_token(facts: Facts, now: datetime) -> Iterator[Event]:
    if _is_quiet(facts, now) or (facts.rotation is not None and facts.rotation.is_after_click):
        return
    expiry = expiry_of(facts)
    if expiry is None:
        if _is_new(facts) and not _deals_with(facts, Cause.UNLINKED):
            yield _event(facts, now, EventKind.SERVICE_UNLINKED, "new")
        return
    if _deals_with(facts, Cause.EXPIRY):
        return
    if expiry.at <= now:
        yield _event(facts, now, EventKind.TOKEN_EXPIRED, f"{expiry.at:%Y-%m-%d}")
    elif expiry_opens_at(expiry, facts.service.policy) <= now:
        yield _event(facts, now, EventKind.TOKEN_EXPIRING, f"{expiry.at:%Y-%m-%d}{_urgency(expiry, now)}")


def _of_departures(facts: Facts, now: datetime) -> Iterator[Event]:
    """Announced departures whose time has come: noted when they were announced, and nothing since."""
    asked_anew_at = None if _is_quiet(facts, now) else facts.quiet_until
    for person, departs_at in _awaited_departures(facts):
        if departure_opens_at(departs_at, facts.service.policy) > now:
            continue
        about = f"{person.id}/{departs_at:%Y-%m-%d}"
        yield Event(
            source=CLOCK,
            key=event_key(facts.service.id, EventKind.EMPLOYMENT_ENDING, about, asked_anew_at),
            kind=EventKind.EMPLOYMENT_ENDING,
            way=Way.WATCH,
            received_at=now,
            service=facts.service.id,
            subject=Subject("account", person.accounts[facts.service.organisation]),
            effective_at=departs_at,
        )


def _awaited_departures(facts: Facts) -> Iterator[tuple[Person, datetime]]:
    policy = facts.service.policy
    if facts.service.is_watched or policy.on_departure is OnDeparture.WARN or _deals_with(facts, Cause.CUSTODIAN):
        return
    for state in facts.people.values():
        person = facts.roster.people.get(state.person)
        if person is None or state.departs_at is None or facts.service.organisation not in person.accounts:
            continue
        if is_downloader(person, facts):
            yield person, state.departs_at


def _moments(facts: Facts) -> Iterator[datetime]:
    if facts.quiet_until is not None:
        yield facts.quiet_until
    for _, departs_at in _awaited_departures(facts):
        yield departure_opens_at(departs_at, facts.service.policy)
    expiry = expiry_of(facts)
    if expiry is not None:
        yield expiry_opens_at(expiry, facts.service.policy)
        yield from (expiry.at - before for before in URGENT_AT)
        yield expiry.at


def _event(facts: Facts, now: datetime, kind: EventKind, about: str) -> Event:
    key = event_key(facts.service.id, kind, about, facts.quiet_until)
    return Event(source=CLOCK, key=key, kind=kind, way=Way.WATCH, received_at=now, service=facts.service.id)


def _urgency(expiry: Expiry, now: datetime) -> str:
    """Return the mark of urgency that was passed last, as the key's last part; nothing before the first."""
    passed = [before for before in URGENT_AT if expiry.at - before <= now]
    return f"/{passed[-1] // timedelta(days=1)}" if passed else ""


def _is_quiet(facts: Facts, now: datetime) -> bool:
    return facts.quiet_until is not None and now < facts.quiet_until


def _is_new(facts: Facts) -> bool:
    """Return whether the operator's word that it was never linked counts: until a first token is known."""
    return facts.service.is_new and facts.token is None and not facts.service.is_watched


def _deals_with(facts: Facts, cause: Cause) -> bool:
    rotation = facts.rotation
    return rotation is not None and cause in {*rotation.causes, *rotation.follow_up}
