"""Sealing what must not be read from the disk, bound to the place where it is kept.

A sealed value is ``version | key id | nonce | ciphertext and tag``. The place is not in it: it is
authenticated with the key id, so that a value put into another row, or another column, does not open there.
AES-GCM-SIV stays safe should a nonce ever come twice.

Source: RFC 8452.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from tokenward.crypto.refusals import BadSealKey, SealBroken
from tokenward.model.secret import Secret

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_KEY_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEAD_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES
_SHORTEST: Final = _HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES
_LABEL: Final = b"tokenward seal key id\0"


@final
class Sealer:
    """Seals and opens under one key."""

    __slots__ = ("_cipher", "_head", "_nonce")

    def __init__(self, key: Secret, nonce: Callable[[int], bytes]) -> None:
        """Use *key*, 32 bytes, and *nonce*, which returns as many random bytes as it is asked for.

        Raises:
            BadSealKey: The key has another length.
        """
        self._head = _VERSION + _key_id(key)
        self._cipher = AESGCMSIV(_checked(key).reveal())
        self._nonce = nonce

    @property
    def key_id(self) -> str:
        """The key's public name, in hexadecimal; it tells nothing about the key."""
        return self._head[len(_VERSION) :].hex()

    def seal(self, value: Secret, place: str) -> bytes:
        """Return *value* sealed for *place*, such as ``envelope/<digest>``."""
        nonce = self._nonce(_NONCE_BYTES)
        return self._head + nonce + self._cipher.encrypt(nonce, value.reveal(), self._bound_to(place))

    def open(self, sealed: bytes, place: str) -> Secret:
        """Return what was sealed for *place*.

        Raises:
            SealBroken: Another key, another place, or altered bytes.
        """
        if len(sealed) < _SHORTEST or not sealed.startswith(_VERSION):
            raise _altered(place)
        if not sealed.startswith(self._head):
            raise self._other_key(sealed[len(_VERSION) : _HEAD_BYTES].hex())
        nonce, ciphertext = sealed[_HEAD_BYTES:][:_NONCE_BYTES], sealed[_HEAD_BYTES + _NONCE_BYTES :]
        try:
            return Secret(self._cipher.decrypt(nonce, ciphertext, self._bound_to(place)))
        except InvalidTag as error:
            raise _altered(place) from error

    def _bound_to(self, place: str) -> bytes:
        return self._head + place.encode()

    def _other_key(self, wanted: str) -> SealBroken:
        return SealBroken(
            f"This was sealed with the seal key {wanted}; the one in use is {self.key_id}.",
            f"Configure the seal key whose id is {wanted}, as it was kept when it was made.",
        )


def _altered(place: str) -> SealBroken:
    return SealBroken(
        f"The seal of {place} is broken: its bytes were altered, or moved here from another place.",
        "Restore the state from a backup, and find out who else can write to the database.",
    )


def _key_id(key: Secret) -> bytes:
    return hashlib.sha256(_LABEL + key.reveal()).digest()[:_KEY_ID_BYTES]


def _checked(key: Secret) -> Secret:
    size = len(key.reveal())
    if size != KEY_BYTES:
        raise BadSealKey(f"it has {size} bytes instead of {KEY_BYTES}")
    return key


def parse_seal_key(text: str | bytes) -> Secret:
    """Return the seal key that *text* is in base64; blanks and line ends do not matter.

    Raises:
        BadSealKey: No base64, or not of 32 bytes.
    """
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    try:
        key = base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error:
        raise BadSealKey("it is no base64") from None
    return _checked(Secret(key))


def format_seal_key(key: Secret) -> Secret:
    """Return *key* as the one line of base64 that ``parse_seal_key`` takes; still a secret."""
    return Secret(base64.b64encode(key.reveal()))
