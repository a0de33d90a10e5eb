"""How the small device management service asks Apple: signed, with one remembered session per name.

A session is kept although a new token has been stored; a new login happens only without a session, after a
401, or after a 403 whose body contains ``FORBIDDEN``. So an answer right after an installation can still
stand on the old token. Source: NanoDEP's transport.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx2
from starlette.requests import Request

from tokenward.simulator.answers import TEXT, Answer
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.durable import Store
from tokenward.simulator.oauth import Keys, Login, authorization
from tokenward.simulator.sessions import SESSION_HEADER
from tokenward.simulator.state import Secrets

PROTOCOL_HEADER: Final = "x-server-protocol-version"
PROTOCOL_VERSION: Final = "7"
LOGIN_AGENT: Final = "Go-http-client/1.1"
TIMEOUT_SECONDS: Final = 30
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "trailer",
        "upgrade",
        "content-length",
        "content-encoding",
    }
)
_OURS: Final = frozenset({"authorization", "host", "accept-encoding", SESSION_HEADER.lower()})


class LoginRefused(Exception):
    """Apple did not give a session; the body is passed on as it came."""

    def __init__(self, body: bytes) -> None:
        super().__init__("Apple refused the login")
        self.body = body


class Proxy:
    """Asks Apple for a DEP name. Sessions and base addresses are remembered until the process ends."""

    def __init__(self, store: Store, apple_url: str) -> None:
        self._store = store
        self._apple_url = apple_url
        self._sessions: dict[str, str] = {}
        self._bases: dict[str, str] = {}
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, headers={"user-agent": ""})

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def ask(self, name: str, request: Request, body: bytes) -> Answer:
        """Return Apple's answer, or 502: with Apple's words where the login was refused, else empty."""
        try:
            answer = await self._ask(name, request, body)
        except LoginRefused as refused:
            return Answer(502, refused.body, TEXT)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return Answer(502)
        kept = {key: value for key, value in answer.headers.items() if key.lower() not in _HOP_BY_HOP | {"date"}}
        return Answer(answer.status_code, answer.content, kept.pop("content-type", TEXT), kept)

    async def _ask(self, name: str, request: Request, body: bytes) -> httpx2.Response:
        url = f"{self._base(name)}/{request.path_params['path']}"
        headers = {key: value for key, value in request.headers.items() if key.lower() not in _HOP_BY_HOP | _OURS}
        headers.setdefault(PROTOCOL_HEADER, PROTOCOL_VERSION)
        session = self._sessions.get(name)
        answer = await self._send(request, url, headers, session, body) if session else None
        if answer is None or _wants_login(answer):
            session = await self._login(name, headers[PROTOCOL_HEADER])
            answer = await self._send(request, url, headers, session, body)
        if renewed := answer.headers.get(SESSION_HEADER):
            self._sessions[name] = renewed
        return answer

    async def _send(
        self, request: Request, url: str, headers: Mapping[str, str], session: str, body: bytes
    ) -> httpx2.Response:
        query = request.url.query.encode()
        return await self._client.request(
            request.method,
            httpx2.URL(url, query=query) if query else url,
            headers={**headers, SESSION_HEADER: session},
            content=body,
        )

    async def _login(self, name: str, protocol_version: str) -> str:
        held = self._store.world.nanodep.name(name).secrets
        if held is None:
            raise LoginRefused(b"")
        url = f"{self._base(name)}/session"
        headers = {
            "authorization": self._authorization(url, held),
            "user-agent": LOGIN_AGENT,
            "content-type": "application/json;charset=UTF8",
            PROTOCOL_HEADER: protocol_version,
        }
        answer = await self._client.get(url, headers=headers)
        if answer.status_code != httpx2.codes.OK:
            raise LoginRefused(answer.content)
        session = _session_token(answer.content)
        self._sessions[name] = session
        return session

    def _authorization(self, url: str, held: Secrets) -> str:
        now = simulated_now(self._store.world.clock_offset)
        login = Login(held.consumer_key, held.access_token, int(now.timestamp()), secrets.token_hex(16))
        return authorization("GET", url, login, Keys(held.consumer_secret, held.access_secret))

    def _base(self, name: str) -> str:
        """Return scheme and host for *name*, as configured when it was first asked for."""
        if name not in self._bases:
            parts = urlsplit(self._store.world.nanodep.name(name).base_url or self._apple_url)
            self._bases[name] = f"{parts.scheme}://{parts.netloc}"
        return self._bases[name]


def _wants_login(answer: httpx2.Response) -> bool:
    return answer.status_code == httpx2.codes.UNAUTHORIZED or (
        answer.status_code == httpx2.codes.FORBIDDEN and b"FORBIDDEN" in answer.content
    )


def _session_token(body: bytes) -> str:
    """Return the session value in Apple's answer; an answer without one is a login refused without words."""
    try:
        value = json.loads(body)["auth_session_token"]
    except (ValueError, KeyError, TypeError) as error:
        raise LoginRefused(b"") from error
    if not isinstance(value, str):
        raise LoginRefused(b"")
    return value
