"""Fleet (Premium): one key for all its tokens, renewed by number; asks Apple about a token before it takes it.

Source of every fact: fleetdm/fleet, ``ee/server/service/mdm.go``, ``server/mdm/apple/apple_bm.go`` and
``server/platform/endpointer/transport_error.go``, and the release notes of 4.87, in which the paths got new names.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import (
    Abilities,
    BlockReason,
    Delivery,
    Found,
    Holding,
    KeyPolicy,
    Obstacle,
    Preflight,
    Proof,
    Reading,
    Receipt,
)
from tokenward.model.token import TokenState
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import TargetSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, bearer_auth
from tokenward.wire.findings import (
    in_the_way,
    let_in,
    no_verdict,
    not_exactly_one,
    refusal_by_status,
    unexpected,
)
from tokenward.wire.reading import Shown, file_in_form, find_in, mark_of, read_as, unpacked
from tokenward.wire.settings import PeerSection

TITLE: Final = "Fleet"
ABILITIES: Final = Abilities(
    kind="fleet",
    title=TITLE,
    summary="Fleet Premium: keeps one key for good, and asks Apple about a token before it takes it.",
    key_policy=KeyPolicy.FIXED,
    installs=True,
    reads_back=True,
    strongest_rung=3,
    verdicts=frozenset({TokenState.VALID, TokenState.REJECTED, TokenState.TERMS_UNSIGNED}),
    reads_secrets=False,
    least_privilege="An API-only user with the role of a global admin: no lesser role may read or renew tokens.",
    tested_against="a fake built from Fleet's source; never run against a real Fleet",
    by_hand=(
        "In Fleet, open Settings > Integrations > MDM, and there Apple Business Manager.",
        "At the token of this organisation choose Actions > Renew. Add no new one.",
        "Choose the file, and see that the renew date is a year ahead.",
    ),
    finds=True,
)
_API: Final = "/api/v1/fleet"
_NAMES: Final = ("ab", "abm")
"""How paths spell Apple Business: since 4.87, and before."""


class Settings(TargetSection, PeerSection):
    """One token of one Fleet server."""

    kind: Literal["fleet"]
    api_token: SecretRef
    """API token of an API-only user who is a global admin."""
    token_id: Annotated[int, Field(ge=1)] | None = None
    """Fleet's number of this token; not needed where it has only one."""


class _Token(Shown):
    """One token as Fleet shows it. Its secrets are never shown."""

    id: int
    org_name: str
    apple_id: str = ""
    renew_date: AwareDatetime
    terms_expired: bool = False
    token_invalid: bool | None = None
    """Fleet's word since 4.91, as of when it last asked Apple."""

    @property
    def mark(self) -> str:
        return mark_of(self.id, self.org_name, self.apple_id, self.renew_date)

    @property
    def holding(self) -> Holding:
        return Holding(present=True, mark=self.mark, expires_at=self.renew_date, downloader=self.apple_id or None)


class _Tokens(Shown):
    ab_tokens: tuple[_Token, ...] | None = None
    abm_tokens: tuple[_Token, ...] | None = None


class _Renewed(Shown):
    ab_token: _Token | None = None
    abm_token: _Token | None = None


class _Key(Shown):
    public_key: str


class _Reason(Shown):
    reason: str = ""


class _Error(Shown):
    """Source: ``transport_error.go``; any part can be missing."""

    message: str = ""
    errors: tuple[_Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """The token that is meant, and how this Fleet spells the paths to it."""

    token: _Token
    name: str


class Fleet:
    """One token of Fleet's, in all roles."""

    def __init__(self, settings: Settings, api_token: Secret) -> None:
        """Speak with the server of *settings* by its *api_token*."""
        self._token_id = settings.token_id
        self._peer = HttpPeer(
            TITLE,
            settings.url,
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
            headers={"Authorization": bearer_auth(api_token)},
        )

    async def preflight(self) -> Preflight:
        """Ask for the token, which also tells about Apple's terms (B4.1)."""
        try:
            token = (await self._find()).token
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        if token.terms_expired:
            return Preflight((Obstacle(BlockReason.TERMS_UNSIGNED, _ACCEPT_TERMS),))
        return Preflight(cannot_tell=(_WHOSE,))

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Return Fleet's one certificate; it is made at the first request, and stays."""
        del common_name
        answer, _ = await self._by_either_name("/mdm/apple/{}_public_key")
        if not answer.is_ok and "private key" in _reason(answer):
            raise NeedsOperator(_NO_PRIVATE_KEY)
        shown = read_as(_Key, answer, TITLE, "gave no certificate")
        return unpacked(shown.public_key, answer, TITLE, "gave no certificate")

    async def note(self) -> str:
        """Return whose token it is: Fleet would take another organisation's without a word."""
        return mark_of((await self._find()).token.org_name)

    async def install(self, delivery: Delivery) -> Receipt:
        """Renew the token in its place; a new one beside it would leave Fleet's teams with the old.

        Fleet opens the file, asks Apple whose token it is, and only then keeps it.
        """
        place = await self._find()
        content_type, body = file_in_form("token", f"{delivery.service}.p7m", delivery.envelope.original)
        answer = await self._peer.send(
            "PATCH",
            f"{_API}/{place.name}_tokens/{place.token.id}/renew",
            headers={"Content-Type": content_type},
            body=body,
        )
        if not answer.is_ok:
            return Receipt(refusal=_refusal(answer))
        shown = find_in(_Renewed, answer)
        token = (shown.ab_token or shown.abm_token) if shown else None
        return Receipt(mark=token.mark if token else None)

    async def read_back(self) -> Holding:
        """Return what Fleet shows of the token."""
        return (await self._find()).token.holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 3: what Fleet keeps, it has asked Apple about. The organisation must be the *noted* one."""
        del since  # it asks as it takes the token
        token = (await self._find()).token
        if noted and mark_of(token.org_name) != noted:
            return Proof(3, "Fleet now shows another organisation.", token.apple_id or None, is_foreign=True)
        if token.token_invalid or token.terms_expired:
            return Proof(2, f"Fleet shows it, but: {_reading(token).why}", token.apple_id or None)
        return Proof(3, "Fleet asked Apple whose token it is, and then kept it.", token.apple_id or None)

    async def health(self) -> Reading:
        """Return until when it is good, and what Apple said when Fleet last asked, which can be hours ago (B10.1)."""
        try:
            return _reading((await self._find()).token)
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)

    async def find_all(self) -> tuple[Found, ...]:
        """Return every token that Fleet has."""
        tokens, _ = await self._list()
        return tuple(Found(one.org_name, {"token_id": one.id}, one.holding, one.org_name) for one in tokens)

    async def _find(self) -> _Place:
        tokens, name = await self._list()
        meant = tuple(one for one in tokens if self._token_id in {None, one.id})
        if len(meant) != 1:
            raise NeedsOperator(_which(tokens))
        return _Place(meant[0], name)

    async def _list(self) -> tuple[tuple[_Token, ...], str]:
        answer, name = await self._by_either_name("/{}_tokens")
        if answer.status == HTTPStatus.PAYMENT_REQUIRED:
            raise NeedsOperator(_NO_LICENCE)
        shown = read_as(_Tokens, answer, TITLE, "did not say which tokens it has")
        tokens = shown.ab_tokens if shown.ab_tokens is not None else shown.abm_tokens
        if tokens is None:
            raise Retryable(unexpected(TITLE, answer, "did not say which tokens it has"))
        return tokens, name

    async def _by_either_name(self, path: str) -> tuple[Answer, str]:
        new, old = _NAMES
        answer = await self._get(path.format(new))
        return (answer, new) if answer.status != HTTPStatus.NOT_FOUND else (await self._get(path.format(old)), old)

    async def _get(self, path: str) -> Answer:
        answer = await self._peer.send("GET", _API + path)
        return let_in(TITLE, answer, _LET_US_IN)


def _reading(token: _Token) -> Reading:
    return Reading(*_verdict(token), token.holding, token.holding.downloader)


def _verdict(token: _Token) -> tuple[TokenState | None, str]:
    if token.terms_expired:
        return TokenState.TERMS_UNSIGNED, "Apple's terms were not accepted when Fleet last asked."
    if token.token_invalid:
        return TokenState.REJECTED, "Apple did not take the token when Fleet last asked."
    if token.token_invalid is None:
        return None, "Fleet shows the token; before 4.91 it does not say whether Apple takes it."
    return TokenState.VALID, "Apple took the token when Fleet last asked."


def _reason(answer: Answer) -> str:
    """Return why Fleet refused, folded, for comparison only: its words can quote what was sent."""
    shown = find_in(_Error, answer)
    return " ".join((shown.message, *(one.reason for one in shown.errors))).casefold() if shown else ""


def _refusal(answer: Answer) -> Finding:
    """Return why Fleet did not take an envelope.

    Raises:
        Retryable: It is out of order, or has not reached Apple, and took nothing.
        OutcomeUnknown: The answer does not tell whether it was taken.
    """
    if answer.status == HTTPStatus.REQUEST_TIMEOUT:
        raise Retryable(_NO_APPLE, answer.retry_after_seconds)
    said = _bad_request(_reason(answer)) if answer.status == HTTPStatus.BAD_REQUEST else None
    return said or refusal_by_status(TITLE, answer, _LET_US_IN)


def _bad_request(reason: str) -> Finding | None:
    """Fleet has one status for everything about the file: the words of the reason tell, where they are known."""
    if "t_c_not_signed" in reason or "terms" in reason:
        return _TERMS
    if "certificate or server token is invalid" in reason:
        return _REJECTED
    if "keypair" in reason:
        return _NO_KEY
    return _WRONG_KEY if "invalid" in reason and "token" in reason else None


_LET_US_IN: Final = "Set the target's api_token to the token of an API-only user who is a global admin in Fleet."
_ACCEPT_TERMS: Final = "Have somebody who may accept Apple's new terms in the portal; Fleet can take hours to notice."
_WHOSE: Final = "Whether the new token is this organisation's: Fleet takes any, so it is compared right afterwards."
_NOTHING: Final = "Nothing was installed."
_NO_LICENCE: Final = Finding(
    Code.TARGET_REFUSED,
    "Fleet says that this needs a Premium licence.",
    "Nothing was changed there.",
    "Renew Fleet's licence; until then the token can be neither seen nor renewed there.",
)
_NO_PRIVATE_KEY: Final = Finding(
    Code.TARGET_REFUSED,
    "Fleet has no private key set up, by which it would keep its certificate's key.",
    "There is no certificate for Apple yet.",
    "Set FLEET_SERVER_PRIVATE_KEY on Fleet's server as its documentation says, and restart it.",
)
_NO_APPLE: Final = Finding(
    Code.APPLE_UNREACHABLE,
    "Fleet could not reach Apple, and keeps no token about which it has not asked.",
    _NOTHING,
    "Let Fleet's server reach mdmenrollment.apple.com; it is tried again by itself.",
)
_TERMS: Final = Finding(
    Code.TERMS_UNSIGNED,
    "Apple told Fleet that its terms are not accepted.",
    _NOTHING,
    _ACCEPT_TERMS,
)
_REJECTED: Final = Finding(
    Code.APPLE_REFUSED,
    "Apple did not take this token when Fleet asked: a newer one has been downloaded since.",
    _NOTHING,
    "Hand over the file that was downloaded last.",
)
_NO_KEY: Final = Finding(
    Code.NO_KEY,
    "Fleet has no key yet to open a token with.",
    f"{_NOTHING} Nobody can open this file.",
    "Upload the certificate that Tokenward shows now in Apple's portal, then download the token once more.",
)
_WRONG_KEY: Final = Finding(
    Code.WRONG_KEY,
    "Fleet can't open this token: it was made for another certificate than Fleet's.",
    f"{_NOTHING} The old token has most likely been dead since this one was downloaded.",
    "Upload the certificate that Tokenward shows now in Apple's portal, then download the token once more.",
)


def _which(tokens: tuple[_Token, ...]) -> Finding:
    return not_exactly_one(TITLE, "token", [f"{one.id} of {one.org_name:.60}" for one in tokens], "token_id")


def build(settings: Settings, *, api_token: Secret) -> Target:
    """Return the target, in all roles."""
    return target_of(settings, ABILITIES, Fleet(settings, api_token))
