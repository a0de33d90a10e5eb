"""Keys of people's links: what makes the address of a personal page impossible to guess.

A key follows from the person, the link's number and the seal key, so it is stored nowhere and can be sent again.

Source: RFC 2104 (HMAC), RFC 4648 section 6 (base32, whose letters survive every mail program).
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final, final

from tokenward.model.link import Link
from tokenward.model.secret import Secret

_LABEL: Final = b"tokenward personal link\0"
_BYTES: Final = 20
"""160 bits, 32 letters."""


@final
class LinkKeys:
    """Derives the keys of links under one seal key."""

    __slots__ = ("_key",)

    def __init__(self, seal_key: Secret) -> None:
        """Derive from *seal_key*; what it derives tells nothing about it."""
        self._key = hmac.digest(seal_key.reveal(), _LABEL, hashlib.sha256)

    def key_of(self, link: Link) -> Secret:
        """Return the key of *link*, in lower-case letters and digits."""
        about = f"{link.person}\0{link.number}".encode()
        derived = hmac.digest(self._key, about, hashlib.sha256)[:_BYTES]
        return Secret(base64.b32encode(derived).lower())

    def find(self, key: str, links: Iterable[Link]) -> Link | None:
        """Return the one of *links* that *key* opens. It takes as long whether or not there is one."""
        wanted, found = key.encode(errors="replace"), None
        for link in links:
            if hmac.compare_digest(self.key_of(link).reveal(), wanted):
                found = link
        return found
