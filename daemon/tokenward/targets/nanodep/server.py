"""Questions to a NanoDEP server that make no key: which names it has, what it stores, and what Apple answers it."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import NOTHING_HELD, Found, Holding, Reading
from tokenward.policy.apple_words import AccountDetail, parse_account
from tokenward.targets.nanodep.answers import (
    CHECK_API_KEY,
    TITLE,
    apple_reading,
    is_nothing_held,
    parse_names,
    parse_token,
)
from tokenward.targets.nanodep.settings import Server, is_dep_name
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, basic_auth
from tokenward.wire.findings import let_in, unexpected
from tokenward.wire.token_values import NO_DATE

USER: Final = "depserver"
"""The only user there is."""
SESSION_HEADER: Final = "x-adm-auth-session"
_PAGE: Final = 100
"""As many names as NanoDEP gives at once where nobody says otherwise."""
_MOST_NAMES: Final = 10_000
_AT_ONCE: Final = 4
"""Names that are asked about at the same time."""


@dataclass(frozen=True, slots=True)
class View:
    """Apple, as seen through NanoDEP's proxy."""

    reading: Reading
    session: str = ""
    """SHA-256 of NanoDEP's session with Apple, where the answer shows it."""
    account: AccountDetail | None = None
    """Whose token it is, where Apple said it."""


class DepServer:
    """One server, under its API key."""

    def __init__(self, settings: Server, api_key: Secret) -> None:
        """Speak with the server of *settings* under its *api_key*."""
        self._dep_name = settings.dep_name
        connection = settings.connection()
        self.peer = HttpPeer(TITLE, settings.url, unreachable=Code.TARGET_UNREACHABLE, connection=connection)
        self.authorised: Mapping[str, str | Secret] = {"Authorization": basic_auth(USER, api_key)}

    async def get(self, path: str, query: dict[str, str] | None = None) -> Answer:
        """Return the answer to a question under the API key.

        Raises:
            NeedsOperator: The key is not taken.
            Retryable: NanoDEP could not be reached.
        """
        answer = await self.peer.send("GET", path, query=query, headers=self.authorised)
        return let_in(TITLE, answer, CHECK_API_KEY)

    async def holding(self, name: str) -> Holding:
        """Return what NanoDEP stores under *name*, asking nobody else; raises as ``get`` does.

        The secrets in the answer are hashed and dropped.
        """
        answer = await self.get(f"/v1/tokens/{_segment(name)}")
        token = parse_token(answer)
        if token is not None:
            expires_at = None if token.expires_at == NO_DATE else token.expires_at
            return Holding(present=True, token_digest=token.digest, expires_at=expires_at)
        if is_nothing_held(answer):
            return NOTHING_HELD
        raise Retryable(unexpected(TITLE, answer, "did not say which token it holds"), answer.retry_after_seconds)

    async def ask_apple(self, name: str) -> View:
        """Return what Apple answers when NanoDEP asks whose the token under *name* is; never raises."""
        try:
            answer = await self.peer.send("GET", f"/proxy/{_segment(name)}/account", headers=self.authorised)
        except Retryable as error:
            return View(Reading(None, error.finding.happened, answered=False))
        if not answer.is_ok:
            return View(apple_reading(answer))
        session = answer.headers.get(SESSION_HEADER, "")
        digest = hashlib.sha256(session.encode()).hexdigest() if session else ""
        return View(apple_reading(answer), digest, parse_account(answer.body))

    async def find_all(self) -> tuple[Found, ...]:
        """Return what is stored under every name, or under the one that was set; raises as ``get`` does."""
        return await self.find(await self.names() if self._dep_name is None else (self._dep_name,))

    async def find(self, names: tuple[str, ...]) -> tuple[Found, ...]:
        """Return what is stored under *names*; raises as ``get`` does."""
        some = asyncio.Semaphore(_AT_ONCE)

        async def look(name: str) -> Found:
            async with some:
                return await self._look(name)

        return tuple(await asyncio.gather(*(look(name) for name in names)))

    async def _look(self, name: str) -> Found:
        settings, holding = {"dep_name": name}, await self.holding(name)
        if not holding.present:
            return Found(name, settings, holding)
        view = await self.ask_apple(name)
        shown = owned(holding, view.reading)
        if view.account is None:
            return Found(name, settings, shown)
        return Found(name, settings, shown, view.account.organisation, view.account.server_name)

    async def names(self) -> tuple[str, ...]:
        """Return every name that has a staged key and can be configured, page by page.

        By offset, for the shipped storages refuse to page by cursor.

        Raises:
            NeedsOperator: The key is not taken, or this server lists no names.
            Retryable: NanoDEP could not be reached.

        Source: micromdm/nanodep, its API description, ``/v1/dep_names``.
        """
        names: dict[str, None] = {}
        while len(names) < _MOST_NAMES:
            answer = await self.get("/v1/dep_names", {"limit": str(_PAGE), "offset": str(len(names))})
            if answer.status in _WITHOUT_LIST:
                raise NeedsOperator(_NO_LIST)
            page = parse_names(answer)
            if page is None:
                raise Retryable(unexpected(TITLE, answer, "listed no names"), answer.retry_after_seconds)
            known = len(names)
            names |= dict.fromkeys(page)
            if len(page) < _PAGE or len(names) == known:
                break
        return tuple(filter(is_dep_name, names))


def owned(holding: Holding, reading: Reading) -> Holding:
    """Return *holding* with Apple's word on whose it is."""
    return replace(holding, downloader=reading.downloader, server_uuid=reading.server_uuid)


def _segment(name: str) -> str:
    return quote(name, safe="")


_WITHOUT_LIST: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.NOT_IMPLEMENTED})
"""404 until the end of 2025; how a storage without a list, such as the old ``file``, answers is not known."""
_NO_LIST: Final = Finding(
    Code.TARGET_REFUSED,
    "NanoDEP does not list its DEP names: it is older than 2026, or its storage can't list them.",
    "Its tokens can be looked up by their names only.",
    "Say which name is meant: add --set dep_name=NAME.",
)
