"""Whom an event speaks of, and which services that concerns.

Ids that never change come before addresses, which are given to somebody else one day; names that people bear
are never compared. Where two people answer to one identifier, nothing is guessed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tokenward.model.event import Event, Way
from tokenward.model.person import Authentication, Person, Subject
from tokenward.model.roster import Roster
from tokenward.model.service import Service
from tokenward.model.token import InstalledToken
from tokenward.policy.decision import Facts

PERSON_ID: Final = "person"
"""The format of a subject that is a person's id in the configuration, as whoever knows that writes it."""
ADDRESS_FORMATS: Final = frozenset({"email", "account"})

WAYS_OF_PEOPLE: Final = frozenset({Way.DROP, Way.OWNED_DROP, Way.CONTROL, Way.PAGE})
"""Ways in which a person, or a program of the operator's own, states what happened."""


@dataclass(frozen=True, slots=True)
class Known:
    """Exactly one person of the configuration."""

    person: Person


@dataclass(frozen=True, slots=True)
class Nobody:
    """No person of the configuration."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several people answer to it: nothing may be done, and somebody must look."""

    people: tuple[str, ...]


Resolution = Known | Nobody | Ambiguous


def resolve(subject: Subject, source: str, roster: Roster) -> Resolution:
    """Return whom *subject* means, in the words of *source*.

    Ids match in the space that the subject names or in one that bears the source's own name. An identifier
    that is one person's id and another's address is ambiguous.
    """
    wanted = subject.value.strip().casefold()
    if not wanted:
        return Nobody()
    if subject.format == PERSON_ID:
        return Known(roster.people[wanted]) if wanted in roster.people else Nobody()
    spaces = {subject.format, source} - ADDRESS_FORMATS
    by_id = _answering(roster, wanted, lambda person: _ids(person, spaces))
    by_address = _answering(roster, wanted, addresses)
    found = tuple(dict.fromkeys((*by_id, *by_address)))
    if len(found) > 1:
        return Ambiguous(found)
    return Known(roster.people[found[0]]) if found else Nobody()


def addresses(person: Person) -> Iterable[str]:
    """Return every address that means *person*: Managed Apple Accounts of all organisations, and e-mail."""
    return (*person.accounts.values(), *person.also_known_as.get("email", ()))


def services_of(person: Person, roster: Roster, tokens: Mapping[str, InstalledToken]) -> tuple[Service, ...]:
    """Return the services that an event about *person* concerns.

    Those whose token they downloaded, whose custodian or deputy they are, and those of organisations whose
    terms they accept. *tokens* are the installed ones by service id.
    """
    return tuple(
        service
        for service in roster.services.values()
        if stands_by(person, service, roster) or _downloaded(person, service, tokens.get(service.id))
    )


def stands_by(person: Person, service: Service, roster: Roster) -> bool:
    """Return whether *person* is custodian, deputy or acceptor of the terms for *service*."""
    terms = roster.organisation_of(service).terms
    return person.id in {service.custodian, *service.deputies, *terms}


def is_downloader(person: Person, facts: Facts) -> bool:
    """Return whether the installed token stands or falls with *person*.

    The recorded downloader decides. Where none is on record (no token is known yet, or nobody can say who
    downloaded it) the custodian counts, for that is what the configuration says of them: overlooking the end
    of a token would be worse than replacing one too many.
    """
    if facts.token is None or facts.token.downloader is None:
        return person.id == facts.service.custodian
    return _downloaded(person, facts.service, facts.token)


def is_next_downloader(person: Person, facts: Facts) -> bool:
    """Return whether *person* downloaded, or may have downloaded, the token that the open rotation holds."""
    rotation = facts.rotation
    if rotation is None or not rotation.is_after_click:
        return False
    downloader = rotation.downloader or rotation.supplied_by
    if downloader is not None:
        return downloader.casefold() == _account(person, facts.service)
    return person.id == (rotation.actor or facts.service.custodian)


def speaks_of_password(event: Event, person: Person, facts: Facts) -> bool:
    """Return whether the event's source can know that the password of *person*'s Apple account changed.

    A person's own word always can. A source that the configuration names for them can, unless Apple keeps the
    password: then no identity provider ever sees it change.

    Source: Apple Business Manager guide, "Intro to federated authentication": administrators sign in with a
    password that Apple keeps, whatever the identity provider says.
    """
    if event.way in WAYS_OF_PEOPLE or event.source in facts.password_speakers:
        return True
    return person.authentication is not Authentication.APPLE and event.source == person.password_source


def _answering(roster: Roster, wanted: str, names: Callable[[Person], Iterable[str]]) -> tuple[str, ...]:
    return tuple(
        person.id
        for person in roster.people.values()
        if any(name.strip().casefold() == wanted for name in names(person))
    )


def _ids(person: Person, spaces: Iterable[str]) -> Iterable[str]:
    return (name for space in spaces for name in person.also_known_as.get(space, ()))


def _downloaded(person: Person, service: Service, token: InstalledToken | None) -> bool:
    if token is None or token.downloader is None:
        return False
    return token.downloader.casefold() == _account(person, service)


def _account(person: Person, service: Service) -> str | None:
    account = person.accounts.get(service.organisation)
    return account.casefold() if account else None
