"""Whether the addresses of channels, which are secrets, and the contacts that use them fit together."""

import re
from collections.abc import Iterator
from typing import Final

from tokenward.app.registry import Reveal
from tokenward.app.settings import ContactSettings, Settings
from tokenward.app.settings_problems import Problem
from tokenward.notify.apprise_channel import PLACE

_ADDRESS: Final = re.compile(rb"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


def channel_problems(settings: Settings, reveal: Reveal) -> Iterator[Problem]:
    """Yield what can't work; an address itself is never repeated."""
    takes_to = {}
    for channel in settings.channels:
        address = reveal(channel.url).reveal()
        takes_to[channel.id] = PLACE.encode() in address
        if not _ADDRESS.fullmatch(address):
            right = "one line such as mailtos://USER:PASSWORD@smtp.corp.example?from=tokenward@corp.example&to={to}"
            yield Problem(f"channel.{channel.id}.url", "what it refers to is no address that apprise knows", right)
    for path, contacts in _contacts(settings):
        for index, contact in enumerate(contacts):
            yield from _fits(contact, f"{path}[{index}].to", takes_to)


def _contacts(settings: Settings) -> Iterator[tuple[str, tuple[ContactSettings, ...]]]:
    yield "notify.operators", settings.notify.operators
    yield "notify.on_call", settings.notify.on_call
    for person in settings.people:
        yield f"person.{person.id}.contact", person.contact


def _fits(contact: ContactSettings, path: str, takes_to: dict[str, bool]) -> Iterator[Problem]:
    if takes_to[contact.channel] and not contact.to:
        wrong = f"it is missing, and the address of channel.{contact.channel} has a place for it ({PLACE})"
        yield Problem(path, wrong, "the reader's own part, such as an address")
    if contact.to and not takes_to[contact.channel]:
        wrong = f"the address of channel.{contact.channel} has no place for it"
        yield Problem(path, wrong, f"{PLACE} in the channel's address, where this belongs; or no `to` here")
