"""Channels that apprise knows: mail, chat, pagers, web hooks, by one address each.

The address is a secret. ``{to}`` in it stands for the reader's own part. apprise is loaded with the first letter and in
a thread, for that takes a third of a second, and a daemon that sends nothing does without.

Source: apprise 2.2, "URL basics"; its results are objects that compare equal to neither True nor False.
"""

import asyncio
import logging
from typing import Final
from urllib.parse import quote

from tokenward.model.secret import Secret
from tokenward.notify.letter import Letter
from tokenward.notify.ports import ChannelFailed

SEND_SECONDS: Final = 30.0
"""How long one letter may take; apprise's own limits for one connection are below that."""
PLACE: Final = "{to}"

# Its own words hold the addresses of channels, which are secrets; what went wrong is said by whoever sends.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


class AppriseChannel:
    """One configured channel."""

    def __init__(self, channel: str, url: Secret) -> None:
        """Send by *url*; *channel* is its name, and all that is ever said of it."""
        self._channel = channel
        self._url = url

    @property
    def takes_to(self) -> bool:
        """Whether the address has a place for the reader's own part."""
        return PLACE.encode() in self._url.reveal()

    async def send(self, letter: Letter, to: str) -> None:
        """Hand *letter* over for *to*.

        Raises:
            ChannelFailed: It was not taken, or not within the time.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await asyncio.to_thread(self._notify, letter, to)
        except TimeoutError as error:
            raise ChannelFailed(f"{self._channel} did not answer within {SEND_SECONDS:.0f} s") from error

    def _notify(self, letter: Letter, to: str) -> None:
        from apprise import Apprise, NotifyFormat  # noqa: PLC0415  heavy, and not always needed

        sender = Apprise()
        if not sender.add(self._address(letter, to)):
            raise ChannelFailed(f"{self._channel} has an address that apprise does not understand")
        sent = sender.notify(body=letter.body, title=letter.subject, body_format=NotifyFormat.TEXT)
        if not bool(sent):
            raise ChannelFailed(f"{self._channel} did not take it")

    def _address(self, letter: Letter, to: str) -> str:
        address = self._url.reveal_text().replace(PLACE, quote(to, safe=""))
        if not address.startswith(("mailto:", "mailtos:")):
            return address
        # A plain mail, with a header by which a letter that was sent twice can be told.
        joined = "&" if "?" in address else "?"
        return f"{address}{joined}format=text&+X-Tokenward-Reference={quote(letter.reference)}"
