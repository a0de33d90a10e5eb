"""Checks of services: their names, the people who act for them, the targets, and who holds the key."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final

from tokenward.app.registry import TARGETS
from tokenward.app.settings import OrganisationSettings, ServiceSettings
from tokenward.app.settings_problems import Problem
from tokenward.app.settings_view import View
from tokenward.model.organisation import FITTING_ROLES
from tokenward.model.service import RESERVED_NAMES
from tokenward.model.token import LIFETIME
from tokenward.schema.fault import quote

LONGEST_RENEW_BEFORE: Final = LIFETIME - timedelta(days=30)
"""Above this a new token would nearly be due again when it arrives."""


def _names_are_unique(view: View) -> Iterator[Problem]:
    """Unique in its organisation, ignoring case (blanks around are gone already); two words are forbidden.

    Source: Apple Business Manager guide, "Link to an external device management service".
    """
    first_places: dict[tuple[str, str], str] = {}
    for service in view.tables.services:
        path = f"service.{service.id}.name"
        folded = service.name.casefold()
        if folded in RESERVED_NAMES:
            yield Problem(path, f"Apple does not allow the name {quote(service.name)}", "any other name")
        first = first_places.setdefault((service.organisation, folded), path)
        if first != path:
            wrong = f"{quote(service.name)} is taken by {view.place_of(first)}"
            right = "a name that is unique in the organisation; case and blanks around it do not count"
            yield Problem(path, wrong, right)


def _organisation_exists(view: View) -> Iterator[Problem]:
    for service in view.tables.services:
        yield from view.unknown("organisation", service.organisation, f"service.{service.id}.organisation")


def _people_can_act(view: View) -> Iterator[Problem]:
    for service in view.tables.services:
        start = f"service.{service.id}"
        if service.custodian is None and service.issuer is not None:
            wrong = f"it is missing, and {start}.issuer says that somebody acts for this service"
            right = "the id of a [[person]]; without issuer the service is only watched"
            yield Problem(f"{start}.custodian", wrong, right)
        organisation = view.organisation(service.organisation)
        for path, wanted in _actors(service):
            yield from view.unknown("person", wanted, path)
            if organisation:
                yield from _fits(view, organisation, wanted, path)


def _actors(service: ServiceSettings) -> list[tuple[str, str]]:
    """Return who may act for *service*, each with the path that says so."""
    start = f"service.{service.id}"
    custodian = [(f"{start}.custodian", service.custodian)] if service.custodian is not None else []
    return custodian + [(f"{start}.deputies[{index}]", who) for index, who in enumerate(service.deputies)]


def _fits(view: View, organisation: OrganisationSettings, wanted: str, path: str) -> Iterator[Problem]:
    """Whether *wanted* has an account in the organisation and a role that its portal lets link a service.

    Source: ``FITTING_ROLES``.
    """
    yield from view.without_account(wanted, organisation.id, path)
    person = view.person(wanted)
    fitting = FITTING_ROLES[organisation.portal]
    if person and person.role not in fitting:
        role = f"the {person.role} that person.{wanted}.role names"
        wrong = f"organisation.{organisation.id} is in {organisation.portal}, where {role} can't link a service"
        yield Problem(path, wrong, "somebody with the role " + " or ".join(sorted(fitting)))


def _nobody_stands_in_for_themselves(view: View) -> Iterator[Problem]:
    for service in view.tables.services:
        seen: dict[str, str] = {}
        for path, who in _actors(service):
            first = seen.setdefault(who, path)
            if first != path:
                yield Problem(path, f"{who} is already {first}", "somebody else, or nobody")


def _keyholder_fits(view: View) -> Iterator[Problem]:
    for service in view.tables.services:
        if service.issuer is None:
            continue  # only watched: nobody will need the key
        first = service.targets[0]
        fitting = TARGETS[first.kind].keyholders
        if service.keyholder not in fitting:
            wrong = f'a key held by "{service.keyholder}" is of no use to {_target(service, 0)} ({first.kind})'
            right = " or ".join(f'"{one}"' for one in sorted(fitting))
            yield Problem(f"service.{service.id}.keyholder", wrong, right)


def _target_ids_are_unique(view: View) -> Iterator[Problem]:
    for service in view.tables.services:
        first_places: dict[str, str] = {}
        for index, target in enumerate(service.targets):
            path = _target(service, index)
            first = first_places.setdefault(target.target_id, path)
            if first != path:
                wrong = f'"{target.target_id}", the kind where none is given, is also the id of {first}'
                yield Problem(f"{path}.id", wrong, "an id of its own within the service")


def _targets_are_not_shared(view: View) -> Iterator[Problem]:
    """One token per place: a second service's would overwrite the first's."""
    first_places: dict[tuple[str, ...], str] = {}
    for service in view.tables.services:
        for index, target in enumerate(service.targets):
            path = _target(service, index)
            identity = (target.kind, *TARGETS[target.kind].identity(target, service.id))
            first = first_places.setdefault(identity, path)
            if first != path:
                wrong = f"it is the same place as {view.place_of(first)}: each token would overwrite the other"
                yield Problem(path, wrong, "a place of its own for each service")


def _target(service: ServiceSettings, index: int) -> str:
    return f"service.{service.id}.target[{index}]"


def _proof_can_be_reached(view: View) -> Iterator[Problem]:
    for service in view.tables.services:
        strongest = TARGETS[service.targets[0].kind].abilities.strongest_rung
        if service.proof is not None and service.proof > strongest:
            wrong = f"{_target(service, 0)} can never prove more than rung {strongest}"
            yield Problem(f"service.{service.id}.proof", wrong, f"{strongest} or less, or no such key")


def _tokens_live_longer_than_their_notice(view: View) -> Iterator[Problem]:
    places = [("policy.renew_before", view.tables.policy.renew_before)]
    places += [(f"service.{service.id}.renew_before", service.renew_before) for service in view.tables.services]
    for path, renew_before in places:
        if renew_before is not None and renew_before > LONGEST_RENEW_BEFORE:
            wrong = f"a token lives {LIFETIME.days} days, so it would be renewed without end"
            yield Problem(path, wrong, f'"{LONGEST_RENEW_BEFORE.days}d" at most')


SERVICE_CHECKS: Final[tuple[Callable[[View], Iterable[Problem]], ...]] = (
    _organisation_exists,
    _names_are_unique,
    _people_can_act,
    _nobody_stands_in_for_themselves,
    _target_ids_are_unique,
    _targets_are_not_shared,
    _keyholder_fits,
    _proof_can_be_reached,
    _tokens_live_longer_than_their_notice,
)
