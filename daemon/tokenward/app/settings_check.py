"""What no table can know for itself: whether the tables agree. A problem names both places."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

from tokenward.app.settings import ALWAYS_THERE, ContactSettings, ListenSettings, PersonSettings
from tokenward.app.settings_check_services import SERVICE_CHECKS
from tokenward.app.settings_problems import Problem
from tokenward.app.settings_view import View
from tokenward.model.person import LOG, NO_CHANNEL
from tokenward.schema.address import Address
from tokenward.schema.fault import quote
from tokenward.schema.near import suggest

Check = Callable[[View], Iterable[Problem]]


def check(view: View) -> list[Problem]:
    """Return every disagreement between the tables."""
    return list(chain.from_iterable(one(view) for one in _CHECKS))


def _ids_are_unique(view: View) -> Iterator[Problem]:
    first_places = {
        **dict.fromkeys(ALWAYS_THERE, "a source that is always there"),
        LOG: "the channel that is always there",
        NO_CHANNEL: "the channel that metrics name where nothing was sent",
    }
    for array in ("channel", "organisation", "person", "service", "source"):
        for index, own in enumerate(view.ids.get(array, ())):
            if own is None:
                continue
            path = f"{array}[{index}].id"
            if own in first_places:
                wrong = f"{quote(own)} is already the id of {first_places[own]}"
                yield Problem(path, wrong, "an id of its own: ids are unique in the daemon, whatever they name")
            else:
                first_places[own] = view.place_of(f"{array}[{index}]")


def _private_listeners(view: View) -> Iterator[Problem]:
    for key, address in _private(view.tables.listen):
        if not address.is_loopback:
            wrong = f"{address} can be reached from other machines, without TLS and without a password"
            yield Problem(key, wrong, "a loopback address, with a proxy in front that brings both")


def _public_listener(view: View) -> Iterator[Problem]:
    listen = view.tables.listen
    shared = " and ".join(key for key, address in _private(listen) if address == listen.public)
    if shared and listen.public.port:  # 0 is another one each time
        yield Problem("listen.public", f"it is that of {shared} too, which is for operators alone", "a port of its own")
    if not listen.public.is_loopback and listen.public_url is None:
        wrong = f"it is missing, and {listen.public} (listen.public) does not say how people reach it"
        yield Problem("listen.public_url", wrong, '"https://…" as people reach it, through the proxy that brings TLS')


def _private(listen: ListenSettings) -> tuple[tuple[str, Address], ...]:
    return ("listen.metrics", listen.metrics), ("listen.operations", listen.operations)


def _organisations(view: View) -> Iterator[Problem]:
    for organisation in view.tables.organisations:
        for index, wanted in enumerate(organisation.terms):
            path = f"organisation.{organisation.id}.terms[{index}]"
            yield from view.unknown("person", wanted, path)
            yield from view.without_account(wanted, organisation.id, path)


def _people(view: View) -> Iterator[Problem]:
    sources = (*ALWAYS_THERE, *(one for one in view.ids.get("source", ()) if one))
    for person in view.tables.people:
        for organisation in person.accounts:
            yield from view.unknown("organisation", organisation, f"person.{person.id}.accounts.{organisation}")
        source = person.password_source
        if source is not None and (source not in sources or source == "clock"):
            wrong = f"no source has the id {quote(source)}"
            known = (one for one in sources if one != "clock")
            yield Problem(f"person.{person.id}.password_source", wrong, suggest(source, known))


def _names_mean_one_person(view: View) -> Iterator[Problem]:
    """Report names of two people: an event that bore one would be believed of neither."""
    first_places: dict[tuple[str, str], tuple[str, str]] = {}
    for person in view.tables.people:
        for name, path in _names_of(person):
            owner, first = first_places.setdefault(name, (person.id, path))
            if owner != person.id:
                yield Problem(path, f"{view.place_of(first)} is the same", "a name that only one person has")


def _names_of(person: PersonSettings) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each name with the space that it is unique in, and its path."""
    for organisation, account in person.accounts.items():
        yield (f"account in {organisation}", account.casefold()), f"person.{person.id}.accounts.{organisation}"
    for space, names in person.also_known_as.items():
        for name in names:
            yield (space, name.casefold()), f"person.{person.id}.also_known_as.{space}"


def _channels_exist(view: View) -> Iterator[Problem]:
    tables = view.tables
    lists: list[tuple[str, tuple[ContactSettings, ...]]] = [
        ("notify.operators", tables.notify.operators),
        ("notify.on_call", tables.notify.on_call),
        *((f"person.{person.id}.contact", person.contact) for person in tables.people),
    ]
    for path, contacts in lists:
        for index, contact in enumerate(contacts):
            if contact.channel != LOG:
                yield from view.unknown("channel", contact.channel, f"{path}[{index}].channel")


_CHECKS: Final[tuple[Check, ...]] = (
    _ids_are_unique,
    _private_listeners,
    _public_listener,
    _organisations,
    _people,
    _names_mean_one_person,
    _channels_exist,
    *SERVICE_CHECKS,
)
