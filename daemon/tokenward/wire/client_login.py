"""Asking by OAuth client credentials: an access token that is fetched when it is needed, and kept in memory only.

Source: RFC 6749 sections 4.4 (the grant) and 5.2 (how it is refused).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import Field

from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.secret import Secret
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, Lost, bearer_auth
from tokenward.wire.findings import KEPT_OUT, kept_out, let_in
from tokenward.wire.reading import Shown, read_as

_REFUSED: Final = KEPT_OUT | {HTTPStatus.BAD_REQUEST}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class _Given(Shown):
    access_token: Annotated[str, Field(min_length=1, pattern="^[!-~]+$")]


class ClientLogin:
    """One client's way into one server. How long a token lives is not kept count of: a 401 says when it has ended."""

    def __init__(self, peer: HttpPeer, path: str, form: Mapping[str, str | Secret], let_us_in: str) -> None:
        """Prepare to log in; nothing is asked yet.

        Args:
            peer: The server that gives tokens out.
            path: Where, on that server.
            form: What is sent there beside the kind of grant: ``client_id``, ``client_secret``, perhaps a ``scope``.
            let_us_in: What to do when it does not take them, as for ``kept_out``.
        """
        self._peer = peer
        self._path = path
        self._form = {"grant_type": "client_credentials", **form}
        self._let_us_in = let_us_in
        self._token: Secret | None = None

    async def send(
        self,
        peer: HttpPeer,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        body: bytes = b"",
        lost: Lost | None = None,
    ) -> Answer:
        """Return what *peer* answers, as ``HttpPeer.send``; a token that it no longer takes is renewed, once.

        What a client may do can be part of its token, so that a 403 makes the next question log in anew.

        Raises:
            Retryable: No token could be fetched now, or as ``HttpPeer.send``.
            NeedsOperator: The client is not taken.
            OutcomeUnknown: As ``HttpPeer.send``.
        """
        token = self._token or await self._fetched()
        answer = await peer.send(method, path, query=query, headers=_with(token, headers), body=body, lost=lost)
        if answer.status in KEPT_OUT and self._token is token:  # somebody else can have renewed it meanwhile
            self._token = None
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        token = self._token or await self._fetched()
        return await peer.send(method, path, query=query, headers=_with(token, headers), body=body, lost=lost)

    async def _fetched(self) -> Secret:
        form = {name: one.reveal_text() if isinstance(one, Secret) else one for name, one in self._form.items()}
        body = urlencode(form).encode()
        answer = await self._peer.send("POST", self._path, headers=_FORM, body=body, lost=Lost.HARMLESS)
        if answer.status in _REFUSED:
            raise NeedsOperator(kept_out(self._peer.title, answer, self._let_us_in))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NeedsOperator(_no_login(self._peer))
        given = read_as(_Given, answer, self._peer.title, "gave no access token")
        self._token = Secret(given.access_token)
        return self._token


class LoggedInPeer:
    """One server, asked by a client that has logged in."""

    def __init__(self, peer: HttpPeer, login: ClientLogin, let_us_in: str) -> None:
        """Ask *peer* with what *login* fetches; *let_us_in* says what to mend where the client may not ask."""
        self._peer = peer
        self._login = login
        self._let_us_in = let_us_in

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        body: bytes = b"",
        lost: Lost | None = None,
    ) -> Answer:
        """Return the answer to one request, as ``HttpPeer.send``.

        Raises:
            Retryable: As ``ClientLogin.send``.
            NeedsOperator: The client is not taken, or may not ask.
            OutcomeUnknown: As ``ClientLogin.send``.
        """
        answer = await self._login.send(self._peer, method, path, headers=headers, body=body, lost=lost)
        return let_in(self._peer.title, answer, self._let_us_in)


def _with(token: Secret, headers: Mapping[str, str | Secret] | None) -> dict[str, str | Secret]:
    return {**(headers or {}), "Authorization": bearer_auth(token)}


def _no_login(peer: HttpPeer) -> Finding:
    return Finding(
        Code.TARGET_REFUSED,
        f"There is nothing at {peer.base_url} that {peer.title} gives access tokens out by: it answered 404.",
        "Nothing was changed there.",
        f"Check that the target's url is that of {peer.title} itself, and that its version knows API clients.",
    )
