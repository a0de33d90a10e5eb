"""What is open for one person: everything that they are asked for now, the most urgent first.

Messages, the personal page and the life of its link all follow from this, so that they never tell different things.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from tokenward.model.instant import DAY
from tokenward.model.person import PersonState
from tokenward.model.roster import Roster
from tokenward.model.rotation import Rotation, State
from tokenward.model.service import Service
from tokenward.policy.decision import Facts
from tokenward.policy.succession import is_usable, line

CONFIRMATION_LASTS: Final = 183 * DAY
"""How long a deputy's word that they can sign in counts: six months."""
CONFIRM_AHEAD: Final = 14 * DAY
"""How long before its end that word is asked for again."""


class Part(StrEnum):
    """What a person is to do for a service, or to know of it."""

    DOWNLOAD = "download"
    """Download a new token."""
    FIND = "find"
    """Somebody seems to have downloaded one: hand its file over, whoever has it."""
    WAIT = "wait"
    """They were asked and are asked again soon: the way is being prepared anew."""
    WATCH = "watch"
    """The file is here; it is being installed and proven."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One service for which something is open for a person."""

    service: Service
    rotation: Rotation
    part: Part


@dataclass(frozen=True, slots=True)
class Situation:
    """How things stand with every service, as of one moment, asked from a person's side."""

    roster: Roster
    people: Mapping[str, PersonState]
    """States of everybody of whom events have told."""
    services: tuple[Facts, ...]
    now: datetime

    def asks_of(self, person: str) -> tuple[Ask, ...]:
        """Return what is open for *person*: what is under way first, then by due date."""
        asks = [
            Ask(facts.service, facts.rotation, part)
            for facts in self.services
            if facts.rotation is not None and (part := _part(person, facts, facts.rotation, self.now)) is not None
        ]
        return tuple(sorted(asks, key=_urgency))

    def is_open_for(self, person: str) -> bool:
        """Return whether there is anything for *person* to do or to watch."""
        return self.may_be_told(person) and (bool(self.asks_of(person)) or self.owes_confirmation(person))

    def is_moved_on_from(self, person: str) -> bool:
        """Return whether a question that *person* could have been asked is somebody else's."""
        return any(
            _asks_people(facts)
            and facts.rotation is not None
            and facts.rotation.state is State.AWAITING_TOKEN
            and facts.rotation.actor != person
            and person in line(facts)
            for facts in self.services
        )

    def may_be_told(self, person: str) -> bool:
        """Return whether anything may be sent to *person*: nothing is to whoever leaves, or is named no more."""
        return person in self.roster.people and not self.state_of(person).is_leaving()

    def owes_confirmation(self, person: str) -> bool:
        """Return whether *person*, a usable deputy, is to say again that they can sign in and see the services."""
        confirmed_at = self.state_of(person).confirmed_at
        if confirmed_at is not None and self.now < confirmed_at + CONFIRMATION_LASTS - CONFIRM_AHEAD:
            return False
        return bool(self.services_to_confirm(person))

    def services_to_confirm(self, person: str) -> tuple[Service, ...]:
        """Return the linked services of which *person* is a deputy who can be asked."""
        return tuple(
            facts.service
            for facts in self.services
            if person in facts.service.deputies
            and facts.token is not None
            and _asks_people(facts)
            and is_usable(person, facts)
        )

    def state_of(self, person: str) -> PersonState:
        """Return what is known about *person*, which may be nothing."""
        return self.people.get(person, PersonState(person))


def has_confirmed(state: PersonState, now: datetime) -> bool:
    """Return whether a person said within six months that they can sign in and see the services."""
    return state.confirmed_at is not None and now - state.confirmed_at <= CONFIRMATION_LASTS


def _urgency(ask: Ask) -> tuple[bool, datetime, str]:
    return not ask.rotation.is_after_click, ask.rotation.due_at, ask.service.id


def _asks_people(facts: Facts) -> bool:
    return facts.needs_person and not facts.service.is_watched


def _part(person: str, facts: Facts, rotation: Rotation, now: datetime) -> Part | None:
    if not _asks_people(facts) or not rotation.is_open or not is_usable(person, facts):
        return None
    if rotation.is_after_click:
        return Part.WATCH if _took_part(person, facts, rotation) else None
    if rotation.recover_until is not None and now < rotation.recover_until:
        return Part.FIND
    if rotation.actor != person:
        return None
    if rotation.state is State.AWAITING_TOKEN:
        return Part.DOWNLOAD
    return Part.WAIT if rotation.visit > 0 or rotation.certificate_changed else None


def _took_part(person: str, facts: Facts, rotation: Rotation) -> bool:
    account, by = facts.roster.account_of(person, facts.service), rotation.supplied_by
    return rotation.actor == person or (by is not None and account is not None and by.casefold() == account.casefold())
