"""Whether the addresses of channels, which are secrets, and the contacts that use them fit together."""

from collections.abc import Iterator, Mapping
from typing import Final

from tokenward.app.settings import ContactSettings, Settings
from tokenward.app.settings_problems import Problem
from tokenward.model.secret import Secret
from tokenward.notify.apprise_channel import PLACE, has_place, is_mail, is_understood
from tokenward.schema.secret_ref import SecretRef

_SOMEBODY: Final = "somebody@corp.example"
_EXAMPLE: Final = "one line such as mailtos://USER:PASSWORD@smtp.corp.example?from=tokenward@corp.example&to={to}"


def channel_problems(settings: Settings, secrets: Mapping[SecretRef, Secret]) -> Iterator[Problem]:
    """Yield what can't work; an address itself is never repeated. Channels whose address is not known are left out."""
    urls = {channel.id: secrets[channel.url] for channel in settings.channels if channel.url in secrets}
    broken = {channel for channel, url in urls.items() if not _is_sound(url, _SOMEBODY)}
    for channel in sorted(broken):
        wrong = "what it refers to is no address that apprise knows and can use here"
        yield Problem(f"channel.{channel}.url", wrong, _EXAMPLE)
    for path, contacts in _contacts(settings):
        for index, contact in enumerate(contacts):
            url = urls.get(contact.channel)
            if url is not None and contact.channel not in broken:
                yield from _fits(contact, f"{path}[{index}].to", url)


def _contacts(settings: Settings) -> Iterator[tuple[str, tuple[ContactSettings, ...]]]:
    yield "notify.operators", settings.notify.operators
    yield "notify.on_call", settings.notify.on_call
    for person in settings.people:
        yield f"person.{person.id}.contact", person.contact


def _fits(contact: ContactSettings, path: str, url: Secret) -> Iterator[Problem]:
    place = f"the address of channel.{contact.channel}"
    if has_place(url) and not contact.to:
        yield Problem(path, f"it is missing, and {place} has a place for it ({PLACE})", "the reader's own part")
    elif contact.to and not has_place(url):
        right = f"{PLACE} in the channel's address, where this belongs; or no `to` here"
        yield Problem(path, f"{place} has no place for it", right)
    elif contact.to and not _is_sound(url, contact.to):
        right = "one mail address" if is_mail(url) else "an address as that kind of channel knows them"
        yield Problem(path, f"it does not fit into {place}", right)


def _is_sound(url: Secret, to: str) -> bool:
    try:
        address = url.reveal_text()
    except UnicodeDecodeError:
        return False
    return address.isprintable() and " " not in address and is_understood(url, to)
