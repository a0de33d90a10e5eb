"""Iru, formerly Kandji: one certificate for the tenant, tokens renewed by id, Apple's last word with its time.

Source of every fact: Iru's published API description (paths with their slashes, fields, errors), its page on renewing,
updating and deleting several tokens, and a third party's client for the form of a renewal, which the description lacks.
Not documented, and so not relied on: how instants are written, which words ``status`` has beside SUCCESS, what a
renewal answers, and what is said of a file for another key.
"""

from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import Field

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.instant import BadInstant, parse_instant
from tokenward.model.secret import Secret
from tokenward.model.target import Abilities, Delivery, Found, Holding, KeyPolicy, Preflight, Proof, Reading, Receipt
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
from tokenward.wire.reading import Shown, certificate_in, file_in_form, find_in, mark_of, read_as
from tokenward.wire.settings import PeerSection

TITLE: Final = "Iru"
ABILITIES: Final = Abilities(
    kind="iru",
    title=TITLE,
    summary="Iru, formerly Kandji: keeps one key for the tenant, renews by id, shows when Apple last answered.",
    key_policy=KeyPolicy.FIXED,
    installs=True,
    reads_back=True,
    strongest_rung=3,
    verdicts=frozenset({TokenState.VALID}),
    finds=True,
    reads_secrets=False,
    least_privilege="An API token with nothing ticked but the permissions for Automated Device Enrollment.",
    tested_against="a fake built from Iru's API description; never run against a real Iru",
    by_hand=(
        "In Iru's console, open the tokens for Automated Device Enrollment.",
        "Renew the token of this organisation there. Add no new one.",
        "Choose the file, and see that the expiry is a year ahead.",
    ),
)
_ADE: Final = "/api/v1/integrations/apple/ade"
"""Paths below it end with a slash or without one, each in its own way."""
_MOST_PAGES: Final = 20
FRESH: Final = timedelta(hours=1)
"""For how long a good answer of Apple's says how things stand. How often Iru asks Apple is not published."""


class Settings(TargetSection, PeerSection):
    """One token of one Iru tenant.

    Its ``url`` is the tenant's API: ``https://NAME.api.kandji.io``, in the EU ``https://NAME.api.eu.kandji.io``, for
    newer ones ``https://NAME.api.iru.com``.
    """

    kind: Literal["iru"]
    api_token: SecretRef
    """API token with the permissions for Automated Device Enrollment."""
    token_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = None
    """Iru's id of this token; not needed where it has only one."""


class _Token(Shown):
    """One token as Iru shows it. Its secrets are never shown."""

    id: str = Field(min_length=1)
    access_token_expiry: str | None = None
    server_name: str | None = None
    server_uuid: str | None = None
    admin_id: str | None = None
    org_name: str | None = None
    status: str | None = None
    status_received_at: str | None = None

    @property
    def mark(self) -> str | None:
        """The expiry alone is the token's own; the rest is what Apple said of it, at one time or another."""
        return mark_of(self.id, self.access_token_expiry) if self.access_token_expiry else None

    @property
    def holding(self) -> Holding:
        return Holding(
            present=True,
            mark=self.mark,
            expires_at=_end(self.access_token_expiry or ""),
            downloader=self.admin_id or None,
            server_uuid=self.server_uuid or None,
        )

    @property
    def good_at(self) -> datetime | None:
        """When Apple last answered, if that was a good answer and the time is certain."""
        if (self.status or "").casefold() != "success":
            return None
        try:
            return parse_instant(self.status_received_at or "")
        except BadInstant:
            return None


class _Page(Shown):
    results: tuple[_Token, ...]
    next: str | None = None


class Iru:
    """One token of Iru's, in all roles."""

    def __init__(self, settings: Settings, api_token: Secret) -> None:
        """Speak with the tenant of *settings* by its *api_token*."""
        self._token_id = settings.token_id
        self._peer = HttpPeer(
            TITLE,
            settings.url,
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
            headers={"Authorization": bearer_auth(api_token)},
        )

    async def preflight(self) -> Preflight:
        """Ask for the token; of Apple's terms Iru shows nothing that is documented (B4.1)."""
        try:
            await self._find()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        return Preflight(cannot_tell=(_WHETHER_TERMS,))

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Return the tenant's one certificate, which lives long."""
        del common_name
        answer = await self._get(f"{_ADE}/public_key/")
        return certificate_in(answer, TITLE)

    async def note(self) -> str:
        """Return a digest of when Apple last answered, by Iru's clock."""
        return mark_of((await self._find()).status_received_at)

    async def install(self, delivery: Delivery) -> Receipt:
        """Renew the token in its place, never beside it: a second one would be another integration."""
        token = await self._find()
        content_type, body = file_in_form("file", f"{delivery.service}.p7m", delivery.envelope.original)
        answer = await self._peer.send(
            "POST", f"{_path(token.id)}/renew", headers={"Content-Type": content_type}, body=body
        )
        if not answer.is_ok:
            return Receipt(refusal=_refusal(answer))
        renewed = find_in(_Token, answer)  # unconfirmed: that it answers with the token; it is not needed
        return Receipt(mark=renewed.mark if renewed and renewed.id == token.id else None)

    async def read_back(self) -> Holding:
        """Return what Iru shows of the token. Whose it is can be from before, until Apple has answered again."""
        return (await self._find()).holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 3 once Apple has answered well *since*, and not by the very answer that was *noted* before.

        The latter keeps a clock of Iru's that is ahead from making an old answer a new one. Until then the account that
        is shown can be that of the old token, and is not told. Whose service it is, is told at once (B2.4).
        """
        token = await self._find()
        good_at = token.good_at
        if good_at is None or good_at <= since or mark_of(token.status_received_at) == noted:
            why = f"Iru shows it, and no good answer of Apple's since. {_last_word(good_at)}"
            return Proof(2, why, server_uuid=token.holding.server_uuid)
        why = f"Apple answered Iru well at {good_at:%H:%M:%S} UTC, after the handing over."
        return Proof(3, why, token.holding.downloader, token.holding.server_uuid)

    async def health(self) -> Reading:
        """Return until when it is good, and what Apple said when Iru last asked, if that is fresh (B10.1)."""
        try:
            token, answer = await self._look()
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        held, good_at = token.holding, token.good_at
        is_fresh = good_at is not None and answer.answered_at is not None and answer.answered_at - good_at <= FRESH
        verdict = TokenState.VALID if is_fresh else None
        return Reading(verdict, _last_word(good_at), held, held.downloader, held.server_uuid)

    async def find_all(self) -> tuple[Found, ...]:
        """Return every token that Iru has."""
        return tuple(
            Found(one.server_name or TITLE, {"token_id": one.id}, one.holding, one.org_name)
            for one in (await self._list())[0]
        )

    async def _find(self) -> _Token:
        return (await self._look())[0]

    async def _look(self) -> tuple[_Token, Answer]:
        """Return the token that is meant, and the answer that it stood in."""
        if self._token_id is None:
            tokens, answer = await self._list()
            if len(tokens) != 1:
                raise NeedsOperator(_which(tokens))
            return tokens[0], answer
        answer = await self._get(_path(self._token_id))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NeedsOperator(_NO_SUCH)
        return read_as(_Token, answer, TITLE, _NOT_SAID), answer

    async def _list(self) -> tuple[tuple[_Token, ...], Answer]:
        """Return all tokens, page by page; of where the next one is only the query is taken."""
        answer = await self._get(_ADE)
        page = read_as(_Page, answer, TITLE, _NOT_SAID)
        tokens = page.results
        for _ in range(_MOST_PAGES):
            if not page.next:
                return tokens, answer
            answer = await self._get(_ADE, _query(page.next))
            page = read_as(_Page, answer, TITLE, _NOT_SAID)
            tokens += page.results
        raise Retryable(unexpected(TITLE, answer, _NOT_SAID))

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Answer:
        answer = await self._peer.send("GET", path, query=query or None)
        return let_in(TITLE, answer, _LET_US_IN)


def _path(token_id: str) -> str:
    return f"{_ADE}/{quote(token_id, safe='')}"


def _query(address: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(address).query))
    except ValueError:
        return {}


def _end(text: str) -> datetime | None:
    """Return the instant that *text* names; where its offset or its time is missing, the start of that day (B1.2)."""
    try:
        return parse_instant(text)
    except BadInstant:
        pass
    try:
        return datetime.combine(date.fromisoformat(text[:10]), time(), UTC)
    except ValueError:
        return None


def _last_word(good_at: datetime | None) -> str:
    if good_at is None:
        return "What Apple last told Iru was not good, or Iru does not say when it was; its console shows more."
    return f"Apple last answered Iru well at {good_at:%Y-%m-%d %H:%M} UTC."


def _refusal(answer: Answer) -> Finding:
    """Return why Iru did not take an envelope; raises as ``refusal_by_status`` does."""
    if answer.status == HTTPStatus.BAD_REQUEST:
        return _NOT_TAKEN
    return _NO_SUCH if answer.status == HTTPStatus.NOT_FOUND else refusal_by_status(TITLE, answer, _LET_US_IN)


_NOT_SAID: Final = "did not say which tokens it has"
_LET_US_IN: Final = (
    "Set the target's api_token to an API token of Iru's whose permissions for Automated Device Enrollment are ticked."
)
_WHETHER_TERMS: Final = "Whether Apple's terms are accepted: Iru shows no word on them that is documented."
_NO_SUCH: Final = Finding(
    Code.TARGET_REFUSED,
    "Iru has no token with the id that the target names.",
    "Nothing was changed there. No new one is added: that would be another integration.",
    "Correct the target's token_id, or leave it out where Iru has only one token.",
)
_NOT_TAKEN: Final = Finding(
    Code.TARGET_ANSWER,
    "Iru did not take this file.",
    "Nothing was installed. It gives no reason; most likely the file was made for another certificate than Iru's.",
    "Upload the certificate that Tokenward shows now in Apple's portal, and download the token once more; or renew "
    "the token in Iru's console with this file, to see what that says.",
)


def _which(tokens: tuple[_Token, ...]) -> Finding:
    there = [f"{one.id:.64} of {one.org_name or 'nobody named':.60}" for one in tokens]
    return not_exactly_one(TITLE, "token", there, "token_id")


def build(settings: Settings, *, api_token: Secret) -> Target:
    """Return the target, in all roles."""
    return target_of(settings, ABILITIES, Iru(settings, api_token))
