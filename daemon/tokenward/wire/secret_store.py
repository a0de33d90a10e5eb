"""What every store of secrets is as a target: one place in it keeps the file as it came, and the values where known.

A store proves only that it keeps them. Each adapter brings its own ``Place``: how it is looked at, and how it is
written after what was seen there.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from pydantic import JsonValue, TypeAdapter, ValidationError

from tokenward.crypto import parse_envelope
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable, TokenwardError
from tokenward.model.target import (
    BlockReason,
    Delivery,
    Holding,
    Obstacle,
    Preflight,
    Proof,
    Reading,
    Receipt,
)
from tokenward.wire.findings import in_the_way, no_verdict

ENVELOPE: Final = "envelope"
"""The field with the file as it came, in base64."""
VALUES: Final = ("consumer_key", "consumer_secret", "access_token", "access_secret", "access_token_expiry")
"""The fields with the values, under the names that Apple gives them."""
_JSON: Final = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies in a place: digests only, so that the secrets in the answer are gone once it was read."""

    version: str = ""
    """By which the store knows what was seen."""
    digest: str | None = None
    """Of all its fields. None: nothing lies there."""
    envelope: str | None = None
    """Digest of the envelope among them."""
    is_ours: bool = True
    """Whether nothing lies there that Tokenward would not write itself."""


class Place(Protocol):
    """One place in a store."""

    @property
    def words(self) -> str:
        """Which place of which store, as a sentence can say it."""
        ...

    @property
    def cannot_tell(self) -> tuple[str, ...]:
        """What a look does not tell of whether it can be written."""
        ...

    async def look(self) -> Kept:
        """Return what lies there; raises as ``ReadBack.read_back`` does."""
        ...

    async def put(self, fields: Mapping[str, str], seen: Kept) -> Finding | None:
        """Write *fields* in place of what was *seen*, or return why the store does not let us.

        Raises:
            Retryable: It was not reached, or somebody else has written there meanwhile; nothing was written.
            OutcomeUnknown: It was sent and no answer came.
        """
        ...


class KeptToken:
    """The token of one service in one place of a store, in all roles but that of giving a certificate."""

    def __init__(self, place: Place) -> None:
        """Keep the token in *place*."""
        self._place = place

    async def preflight(self) -> Preflight:
        """Look at the place (B4.1)."""
        try:
            seen = await self._place.look()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        if not seen.is_ours:
            return Preflight((Obstacle(BlockReason.TARGET_REFUSED, self._foreign().do),))
        return Preflight(cannot_tell=(*self._place.cannot_tell, "Who reads it, and with which key."))

    async def note(self) -> str:
        """Return nothing: there is nothing to remember from before."""
        return ""

    async def install(self, delivery: Delivery) -> Receipt:
        """Write what is not there yet. What lies there and is no token of ours is never overwritten."""
        fields = fields_of(delivery)
        seen = await self._place.look()
        if not seen.is_ours:
            return Receipt(refusal=self._foreign())
        if seen.digest == _digest(fields):
            return Receipt()
        return Receipt(refusal=await self._place.put(fields, seen))

    async def read_back(self) -> Holding:
        """Return the digest of the envelope that lies there."""
        return _holding(await self._place.look())

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 2 where an envelope lies there: more can't be known of a store."""
        del noted, since
        if (await self._place.look()).envelope is None:
            return Proof(0, f"No token file can be read in {self._place.words}.")
        return Proof(2, f"The file is in {self._place.words}; whether anybody works with it can't be asked.")

    async def health(self) -> Reading:
        """Return whether a file lies there; how the token is can't be told (B10.1)."""
        try:
            seen = await self._place.look()
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        if seen.envelope is None:
            return Reading(None, f"There is no token file in {self._place.words}.", _holding(seen))
        why = f"A token file lies in {self._place.words}; whether it works can't be told from here."
        return Reading(None, why, _holding(seen))

    def _foreign(self) -> Finding:
        return Finding(
            Code.TARGET_REFUSED,
            f"In {self._place.words} lies something that Tokenward did not write.",
            "It was left as it is, and the token was not written.",
            "Name a place of its own for the token in the target's table, or empty this one if nobody needs it.",
        )


def fields_of(delivery: Delivery) -> dict[str, str]:
    """Return what a store keeps of *delivery*, secrets in clear."""
    values = delivery.token.reveal_values() if delivery.token else {}
    return {ENVELOPE: base64.b64encode(delivery.envelope.original).decode(), **values}


def as_document(fields: Mapping[str, str]) -> str:
    """Return *fields* as one JSON object, for stores that keep one text in one place."""
    return json.dumps(fields, indent=1)


def kept(fields: Mapping[str, JsonValue], version: str = "") -> Kept:
    """Return what is remembered of *fields*, as a store shows them."""
    envelope = fields.get(ENVELOPE)
    return Kept(
        version,
        _digest(fields),
        _envelope_digest(envelope) if isinstance(envelope, str) else None,
        is_ours=isinstance(envelope, str) and fields.keys() <= {ENVELOPE, *VALUES},
    )


def kept_document(document: bytes | str, version: str = "") -> Kept:
    """Return what is remembered of a text in a store."""
    try:
        return kept(_JSON.validate_json(document), version)
    except ValidationError:
        raw = document.encode() if isinstance(document, str) else document
        return Kept(version, hashlib.sha256(raw).hexdigest(), is_ours=False)


def changed_meanwhile(words: str) -> Retryable:
    """Return the error for a place that somebody else has written to between our look and our writing."""
    return Retryable(
        Finding(
            Code.TARGET_ANSWER,
            f"Somebody else has written to {words} at the same moment.",
            "Nothing was overwritten. It is looked at again by itself, and then written.",
            "If it lasts, find out who else writes there: a place needs one writer.",
        )
    )


def _digest(fields: Mapping[str, JsonValue]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _envelope_digest(text: str) -> str | None:
    with suppress(binascii.Error, ValueError, TokenwardError):
        return parse_envelope(base64.b64decode(text, validate=True)).digest
    return None


def _holding(seen: Kept) -> Holding:
    return Holding(present=seen.digest is not None, envelope=seen.envelope)
