"""Whether the five values of a server token that somebody brings are taken as those of the token in use."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tokenward.crypto.armour import MAX_FILE_BYTES
from tokenward.crypto.kind import FileKind, kind_of
from tokenward.crypto.message import parse_message
from tokenward.crypto.refusals import CannotBeOpened, ValueMissing
from tokenward.model.event import Attachment, Event, EventKind
from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.instant import format_instant
from tokenward.model.token import LIFETIME, Basis, Expiry, InstalledToken, ServerToken, TokenState
from tokenward.rotation.keys import token_as_json, token_place
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import ServiceWorld, Tools, World

APPLE_SECONDS: Final = 8.0
"""How long whoever brings the values waits for Apple's word on them."""
_SAME_ISSUE: Final = timedelta(minutes=1)
"""Two issue times of one token, one of them from a file's name, lie no further apart."""
_NOTHING_CHANGED: Final = "Nothing was kept, and nothing was changed."


@dataclass(frozen=True, slots=True)
class AcceptedToken:
    """A token for one service that passed every check but those against what is on record (B1.3)."""

    token: ServerToken
    service: str
    sealed: bytes
    """The values, sealed for the place of this service's token."""

    @property
    def id(self) -> str:
        """The token's digest."""
        return self.token.digest

    def keep(self, change: Change, now: datetime) -> tuple[str, ...]:
        """Put the token on record as the one in use, its values sealed.

        Raises:
            NeedsOperator: A newer token is in use or on its way, or this one is known already.
        """
        rotation, known = change.rotations.open_of(self.service), change.tokens.installed(self.service)
        if rotation is not None and rotation.is_after_click:
            raise NeedsOperator(_on_its_way(self.service))
        if known is not None and known.token_digest == self.id and change.tokens.sealed_secrets(self.service):
            raise NeedsOperator(_again(self.service))
        if known is not None and _is_older(self.token, known):
            raise NeedsOperator(_older(self.service))
        change.tokens.record(self._in_use(known, now))
        change.tokens.keep_secrets(self.service, self.id, self.sealed)
        change.audit.record(
            now,
            "token.imported",
            self.service,
            {"expires_at": format_instant(self.token.expires_at), "digest": self.id},
        )
        return self.token.warnings

    def _in_use(self, known: InstalledToken | None, now: datetime) -> InstalledToken:
        """Return what is known of the token in use now; what was known of the same one before stays."""
        if known is None or not _is_same(self.token, known):
            uuid = known.server_uuid if known else None
            known = InstalledToken(self.service, TokenState.UNKNOWN, since=now, server_uuid=uuid)
        return replace(
            known,
            expiry=Expiry(self.token.expires_at, Basis.DECRYPTED),
            token_digest=self.id,
            issued_at=self.token.issued_at or known.issued_at,
        )


async def accept_token(event: Event, attachment: Attachment, world: World, tools: Tools) -> AcceptedToken:
    """Return the token in *attachment*, which is JSON with the five values that Apple puts into an envelope.

    Apple is asked whose it is (B5.4); where it does not say, the probe that follows tells later.

    Raises:
        NeedsOperator: It is none, has expired, or belongs to another service.
    """
    if event.kind is not EventKind.IMPORT_TOKEN or event.service is None:
        raise NeedsOperator(_NO_SERVICE)
    token = _parsed(attachment.body)
    if token.expires_at <= tools.clock.now():
        raise NeedsOperator(_expired(token.expires_at))
    await _check_server(token, event.service, world, tools)
    sealed = tools.seals.seal(token_as_json(token), token_place(event.service, token.digest))
    return AcceptedToken(token, event.service, sealed)


def _parsed(body: bytes) -> ServerToken:
    if len(body) > MAX_FILE_BYTES:
        raise NeedsOperator(_no_values(f"a file of {len(body)} bytes", FileKind.UNKNOWN))
    try:
        return parse_message(body)
    except CannotBeOpened:
        kind = kind_of(body)
        raise NeedsOperator(_no_values(kind.phrase, kind)) from None  # its text speaks of an envelope
    except ValueMissing as error:
        raise NeedsOperator(_incomplete(error.names)) from None


async def _check_server(token: ServerToken, service: str, world: World, tools: Tools) -> None:
    """Do nothing, unless the token is known to belong to another service.

    Raises:
        NeedsOperator: It is, or Apple says so.
    """
    in_use = await tools.ledger.read(lambda change: {one: change.tokens.installed(one) for one in world.services})
    own = in_use.pop(service)
    others = [one for one in in_use.values() if one is not None]
    if any(one.token_digest == token.digest for one in others):
        raise NeedsOperator(_wrong_server(service))
    uuid = await _server_uuid(token, world.services[service])
    if uuid is None:
        return
    is_another = own is not None and own.server_uuid not in {None, uuid}
    if is_another or any(one.server_uuid == uuid for one in others):
        raise NeedsOperator(_wrong_server(service))


async def _server_uuid(token: ServerToken, served: ServiceWorld) -> str | None:
    """Return whose token it is in Apple's words; None where Apple does not say so soon."""
    try:
        async with asyncio.timeout(APPLE_SECONDS):
            return (await served.witness.account(served.organisation, token)).server_uuid
    except TimeoutError:
        return None


def _is_older(token: ServerToken, known: InstalledToken) -> bool:
    if known.token_digest == token.digest:
        return False
    issued_at = _issued_at(known)
    return issued_at is not None and (token.issued_at or token.expires_at - LIFETIME) < issued_at


def _issued_at(known: InstalledToken) -> datetime | None:
    """Return when the token in use was issued: as is known, or a year before the end that it really has."""
    if known.issued_at is not None or known.expiry is None:
        return known.issued_at
    return known.expiry.at - LIFETIME if known.expiry.basis in {Basis.DECRYPTED, Basis.READ_BACK} else None


def _is_same(token: ServerToken, known: InstalledToken) -> bool:
    """Return whether nothing speaks against *token* being the *known* one, whose values need not be known."""
    if known.token_digest is not None:
        return known.token_digest == token.digest
    if known.issued_at is None or token.issued_at is None:
        return True
    return abs(token.issued_at - known.issued_at) < _SAME_ISSUE


_NO_SERVICE = Finding(
    Code.NOT_AN_EVENT,
    "The values of a token came without the service that they belong to.",
    _NOTHING_CHANGED,
    "Use `tokenward import-token SERVICE FILE`.",
)


def _no_values(what: str, kind: FileKind) -> Finding:
    is_envelope = kind is FileKind.ENVELOPE
    hand_over = "Hand it over as it is: tokenward drop FILE"
    give = "Give a file with the five values as JSON, from consumer_key to access_token_expiry."
    happened = f"This is {what}, not the values of a server token."
    return Finding(Code.NOT_AN_ENVELOPE, happened, _NOTHING_CHANGED, hand_over if is_envelope else give)


def _incomplete(names: tuple[str, ...]) -> Finding:
    return Finding(
        Code.VALUE_MISSING,
        f"The file lacks a usable {', '.join(names)}.",
        _NOTHING_CHANGED,
        "Give all five values as they stand in the token; access_token_expiry is an instant, 2027-03-01T09:00:00Z.",
    )


def _expired(expires_at: datetime) -> Finding:
    return Finding(
        Code.EXPIRED,
        f"This token expired on {format_instant(expires_at)}.",
        _NOTHING_CHANGED,
        "Give the values of the token that the service works with now.",
    )


def _older(service: str) -> Finding:
    return Finding(
        Code.OLDER,
        f"This token is older than the one that {service} works with.",
        f"The newer download has made it invalid. {_NOTHING_CHANGED}",
        "Give the values of the token that was downloaded last.",
    )


def _on_its_way(service: str) -> Finding:
    return Finding(
        Code.TOO_LATE,
        f"A new token of {service} is here already and is being installed.",
        f"Whatever was in use before is dead. {_NOTHING_CHANGED}",
        f"Nothing; `tokenward show {service}` tells how far it is.",
    )


def _again(service: str) -> Finding:
    return Finding(
        Code.DUPLICATE,
        f"The values of this token of {service} are kept here already.",
        "Nothing was changed.",
        f"Nothing. To have Apple asked about it: tokenward probe {service}",
    )


def _wrong_server(service: str) -> Finding:
    return Finding(
        Code.WRONG_SERVER,
        f"This token belongs to another service than {service}.",
        _NOTHING_CHANGED,
        f"Give the values of the token of {service}, or name the service that this one belongs to.",
    )
