"""Channels that apprise knows: mail, chat, pagers, web hooks, by one address each.

The address is a secret. ``{to}`` in it stands for the reader's own part. apprise is loaded when an address is looked at
for the first time, for that takes a third of a second and 30 MB, and a daemon without channels does without.

Source: apprise 2.2, "URL basics"; its results are objects that compare equal to neither True nor False.
"""

import asyncio
import logging
import re
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from tokenward.model.secret import Secret
from tokenward.notify.aside import aside
from tokenward.notify.letter import Letter
from tokenward.notify.ports import ChannelFailed

if TYPE_CHECKING:
    from apprise import NotifyBase

SEND_SECONDS: Final = 30.0
"""How long one letter may take; apprise's own limits for one connection are below that."""
AT_ONCE: Final = 16
"""How many letters one channel may have in hand, of both paces, those included that it has hung on to."""
PLACE: Final = "{to}"
REFERENCE: Final = "X-Tokenward-Reference"
"""The header by which a letter that was sent twice can be told."""

_MAIL: Final = re.compile(r"mailtos?:", re.IGNORECASE)
_MAILBOX: Final = re.compile(r"([\w.!#$%&'*+/=?^`{|}~-]+)@([^\s@<>()\[\],;:\"\\/?#%]+)")
_READER: Final = "reader@tokenward.invalid"
"""Stands for the reader while apprise reads the address of a mail channel, for of ``o'neil@…`` it makes ``neil@…``."""
_TAKES_HEADERS: Final = re.compile(r"(?:mailto|json|form|xml)s?:", re.IGNORECASE)

# Its own words hold the addresses of channels, which are secrets; what went wrong is said by whoever sends.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


class AppriseChannel:
    """One configured channel."""

    def __init__(self, channel: str, url: Secret, send_seconds: float = SEND_SECONDS) -> None:
        """Send by *url*; *channel* is its name, and all that is ever said of it."""
        self._channel = channel
        self._url = url
        self._send_seconds = send_seconds
        self._free = BoundedSemaphore(AT_ONCE)

    async def send(self, letter: Letter, to: str) -> None:
        """Hand *letter* over for *to*.

        Raises:
            ChannelFailed: It was not taken, or not within the time.
        """
        if not self._free.acquire(blocking=False):
            raise ChannelFailed(f"{self._channel} still hangs on {AT_ONCE} letters")
        try:
            async with asyncio.timeout(self._send_seconds):
                await aside(lambda: self._notify(letter, to), f"letter by {self._channel}")
        except TimeoutError as error:
            raise ChannelFailed(f"{self._channel} did not answer within {self._send_seconds:.0f} s") from error

    def _notify(self, letter: Letter, to: str) -> None:
        """Send, for as long as that takes; only its end makes room for another letter."""
        try:
            server = _server(self._url, to, letter.reference)
            if server is None:
                raise ChannelFailed(f"{self._channel} has an address that apprise does not understand for this reader")
            if not _is_sent(server, letter):
                raise ChannelFailed(f"{self._channel} did not take it")
        finally:
            self._free.release()


def has_place(url: Secret) -> bool:
    """Return whether *url* has a place for the reader's own part."""
    return PLACE.encode() in url.reveal()


def is_mail(url: Secret) -> bool:
    """Return whether *url* leads to a mail server."""
    return _MAIL.match(url.reveal_text()) is not None


def is_understood(url: Secret, to: str) -> bool:
    """Return whether apprise knows what to do with *url*, for the reader *to* and nobody else. Nothing is sent."""
    return _server(url, to, "") is not None


def mailbox_of(to: str) -> str | None:
    """Return *to* as mail servers know it; None where it is not one address alone.

    Source: RFC 5322 section 3.4.1 (its plain form), RFC 5890 for domains beyond ASCII.
    """
    match = _MAILBOX.fullmatch(to)
    if match is None or not match[1].isascii():
        return None
    try:
        return f"{match[1]}@{match[2].encode('idna').decode('ascii')}"
    except UnicodeError:
        return None


def _server(url: Secret, to: str, reference: str) -> "NotifyBase | None":
    if not is_mail(url) or not has_place(url):
        server = _instance(_address(url, to, reference))
        return None if server is not None and _is_read_as_another(server, to) else server
    mailbox = mailbox_of(to)
    return _addressed(_instance(_address(url, _READER, reference)), mailbox) if mailbox else None


def _is_read_as_another(server: "NotifyBase", to: str) -> bool:
    return "'" in to and to not in unquote(server.url())  # type: ignore[no-untyped-call]  # apprise has no types here


def _addressed(server: "NotifyBase | None", mailbox: str) -> "NotifyBase | None":
    """Return *server* with *mailbox* in the reader's place; None where no recipient stands there."""
    from apprise.plugins.email import NotifyEmail  # noqa: PLC0415

    if not isinstance(server, NotifyEmail) or all(one != _READER for _, one in server.targets):
        return None
    server.targets = [(name, mailbox if one == _READER else one) for name, one in server.targets]
    return server


def _instance(address: str) -> "NotifyBase | None":
    from apprise import Apprise, AppriseAsset, OverflowMode  # noqa: PLC0415  heavy, and not always needed

    # With a limit of its own apprise would send from a few threads that all channels share, and one that hangs takes
    # them from the others; without, it sends from ours. Its pictures lie on somebody else's server.
    asset = AppriseAsset(
        service_timeout=0, app_id="Tokenward", app_desc="Tokenward", image_url_mask="", image_url_logo=""
    )
    server = Apprise.instantiate(address, asset=asset)
    if server is not None and "overflow=" not in address:
        server.overflow_mode = OverflowMode.SPLIT  # what is too long for a chat comes in parts
    return server


def _is_sent(server: "NotifyBase", letter: Letter) -> bool:
    from apprise import Apprise, NotifyFormat  # noqa: PLC0415

    sender = Apprise()
    sender.add(server)
    return bool(sender.notify(body=letter.body, title=letter.subject, body_format=NotifyFormat.TEXT))


def _address(url: Secret, to: str, reference: str) -> str:
    address = url.reveal_text().replace(PLACE, quote(to, safe=""))
    more = ["format=text"] if _MAIL.match(address) else []
    if reference and _TAKES_HEADERS.match(address):
        more.append(f"+{REFERENCE}={quote(reference)}")
    joined = "&" if "?" in address else "?"
    return f"{address}{joined}{'&'.join(more)}" if more else address
