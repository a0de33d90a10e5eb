"""Logging in with an id and a secret for an access token, which is kept in memory as long as it lives.

Source: RFC 6749 sections 4.4, 5.1 and 5.2 (client credentials).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import Field

from tokenward.model.finding import NeedsOperator
from tokenward.model.secret import Secret
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, Lost, bearer_auth
from tokenward.wire.findings import KEPT_OUT, kept_out
from tokenward.wire.reading import Shown, read_as

ASK_EARLY: Final = timedelta(minutes=1)
"""How long before its end an access token is replaced, so that none ends on the way."""
LONGEST_LIFE: Final = timedelta(days=1)
"""After which another one is asked for, whatever the login said."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_REFUSED: Final = KEPT_OUT | {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}

Steady = Callable[[], float]
"""Seconds that only ever go forward, such as ``time.monotonic``: for how long something is, never for when."""


class _Given(Shown):
    access_token: Annotated[str, Field(min_length=1, pattern="^[!-~]+$")]
    expires_in: Annotated[float, Field(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class _Access:
    header: Secret
    until: float


class ClientLogin:
    """Gives what a client's requests are authorised by."""

    def __init__(self, peer: HttpPeer, form: Mapping[str, str | Secret], steady: Steady, do: str) -> None:
        """Log in at *peer*, whose address is that of its token endpoint.

        Args:
            peer: Where access tokens are given out.
            form: What is sent beside the grant type; secrets stay wrapped until they leave.
            steady: For measuring how old an access token is.
            do: What the operator mends where the login refuses.
        """
        self._peer = peer
        self._form = dict(form)
        self._steady = steady
        self._do = do
        self._access: _Access | None = None

    async def authorization(self) -> Secret:
        """Return the value of an Authorization header that is good for a while.

        Raises:
            Retryable: The login was not reached, or is out of order.
            NeedsOperator: It does not take the id or the secret.
        """
        now = self._steady()
        if self._access is None or self._access.until <= now:
            self._access = await self._ask(now)
        return self._access.header

    def forget(self) -> None:
        """Have the next request log in anew: what was given is not taken any more."""
        self._access = None

    async def _ask(self, now: float) -> _Access:
        form = {"grant_type": "client_credentials"} | {
            name: value.reveal_text() if isinstance(value, Secret) else value for name, value in self._form.items()
        }
        body = urlencode(form).encode()
        answer = await self._peer.send("POST", "", headers=_FORM, body=body, lost=Lost.HARMLESS)
        if answer.status in _REFUSED:
            raise NeedsOperator(kept_out(self._peer.title, answer, self._do))
        given = read_as(_Given, answer, self._peer.title, "gave no access token")
        life = min(given.expires_in, LONGEST_LIFE.total_seconds()) - ASK_EARLY.total_seconds()
        return _Access(bearer_auth(Secret(given.access_token)), now + life)


class LoggedInPeer:
    """Another server, asked by whoever logged in."""

    def __init__(self, peer: HttpPeer, login: ClientLogin, do: str) -> None:
        """Ask *peer* with what *login* gives; *do* is what the operator mends where it may not ask."""
        self._peer = peer
        self._login = login
        self._do = do

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        lost: Lost | None = None,
    ) -> Answer:
        """Return the answer to one request, as ``HttpPeer.send`` does.

        An access token can end before its time: then it is asked for once more, and the request is made again,
        since one that was not let in did nothing. What a client may do is part of its access token, so that a
        refusal makes the next request log in anew.

        Raises:
            Retryable: As ``HttpPeer.send``, or the login was not reached.
            NeedsOperator: The login or the server does not let us in.
            OutcomeUnknown: As ``HttpPeer.send``.
        """
        answer = await self._once(method, path, headers, body, lost)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._login.forget()
            answer = await self._once(method, path, headers, body, lost)
        if answer.status in KEPT_OUT:
            self._login.forget()
            raise NeedsOperator(kept_out(self._peer.title, answer, self._do))
        return answer

    async def _once(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes, lost: Lost | None
    ) -> Answer:
        authorised: dict[str, str | Secret] = {"Authorization": await self._login.authorization()}
        authorised |= headers or {}
        return await self._peer.send(method, path, headers=authorised, body=body, lost=lost)
