"""MicroMDM, as its source says that it answers: one key for good, tokens that pile up, a client swapped later on.

Sources: micromdm/micromdm 1.13.1, ``platform/config/*deptoken*.go`` and ``platform/config/builtin/`` (keeping tokens),
``platform/dep/`` (asking Apple), the wiki's "Updating and Removing DEP Tokens", issues 174 and 510 (a restart was
needed) and 546 (no token is ever removed). What it says of a file that it can't open is on no record: the words here
are invented, and quote a secret, as other servers' do.
"""

import base64
import json
from dataclasses import dataclass, field
from functools import cache

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import BEGIN, Account, AppleSide, opened
from tokenward.crypto import parse_certificate
from tokenward.simulator.keypairs import make_keypair
from tokenward.simulator.state import Keypair

API_KEY = "micromdm-api-key-s3cret"
_AUTHORISED = "Basic " + base64.b64encode(f"micromdm:{API_KEY}".encode()).decode()
_NO_TOKEN = "DEP not configured yet. add a DEP token to enable DEP"
Values = dict[str, str]


@cache
def the_keypair() -> Keypair:
    """Return the key that it made at its first start, which was long ago, and has never renewed."""
    return make_keypair("micromdm-dep-token", 365, BEGIN.replace(year=BEGIN.year - 3))


@dataclass(slots=True)
class Client:
    """Whoever asks Apple by one token."""

    consumer_key: str
    account: Account | None = None
    """Whose the session is, once there is one."""


@dataclass(slots=True)
class MicroMdm:
    """One server."""

    apple: AppleSide
    tokens: dict[str, Values] = field(default_factory=dict)
    """By consumer key; the newest added one stands last, and is shown anywhere."""
    client: Client | None = None
    waiting: Client | None = None
    """The client that will be swapped in."""
    swaps_at_once: bool = True
    """Else when ``swap`` is called, which is what a restart does for older versions."""
    sessions_outlive_tokens: bool = False
    """Whether Apple goes on answering on a session whose token was replaced."""
    apple_is_down: bool = False
    shows_newest_first: bool = False

    @property
    def certificate(self) -> str:
        """The one certificate, PEM."""
        return the_keypair().certificate

    def holds(self, file: bytes) -> bool:
        """Keep the token in *file*, as ``mdmctl`` or a PUT does; returns whether it could be opened."""
        values = opened(file, the_keypair())
        if values is None:
            return False
        self.tokens.pop(values["consumer_key"], None)
        self.tokens[values["consumer_key"]] = values
        self.waiting = Client(values["consumer_key"])
        if self.swaps_at_once:
            self.swap()
        return True

    def swap(self) -> None:
        """Let the client of the newest token take over."""
        self.client, self.waiting = self.waiting or self.client, None

    def app(self) -> Starlette:
        """Return its API."""
        routes = [
            Route("/v1/dep-tokens", self._list, methods=["GET"]),
            Route("/v1/dep-tokens", self._put, methods=["PUT"]),
            Route("/v1/dep/account", self._account),
        ]
        return Starlette(routes=routes)

    async def _list(self, request: Request) -> Response:
        der = parse_certificate(self.certificate.encode(), BEGIN).der
        tokens = sorted(self.tokens.values(), key=lambda one: one["consumer_key"], reverse=self.shows_newest_first)
        shown = {"dep_tokens": tokens or None, "public_key": base64.b64encode(der).decode()}
        return _barred(request) or JSONResponse(shown)

    async def _put(self, request: Request) -> Response:
        barred = _barred(request)
        if barred:
            return barred
        file = base64.b64decode(json.loads(await request.body())["p7m_content"], validate=True)
        return JSONResponse({}) if self.holds(file) else _error("pkcs7: cannot decrypt CS_quoted")

    async def _account(self, request: Request) -> Response:
        return _barred(request) or self._asked_apple()

    def _asked_apple(self) -> Response:
        if self.client is None:
            return _error(_NO_TOKEN)
        if self.apple_is_down:
            return _error("establishing DEP session: dial tcp: lookup mdmenrollment.apple.com: no such host")
        if self.client.account is not None and self.sessions_outlive_tokens:
            return _detail(self.client.account)
        answer = self.apple.account(self.client.consumer_key)
        if isinstance(answer, Account):
            self.client.account = answer
            return _detail(answer)
        status, words = answer
        if self.client.account is None:
            return _error(f"establishing DEP session: {status} Forbidden")
        return _error(f"unexpected dep response. status={status}. DEP API Error: {words}")


def _barred(request: Request) -> Response | None:
    return None if request.headers.get("authorization") == _AUTHORISED else Response(status_code=401)


def _error(text: str) -> Response:
    return JSONResponse({"error": text}, 500)


def _detail(account: Account) -> Response:
    return JSONResponse(
        {
            "server_name": account.server_name,
            "server_uuid": account.server_uuid,
            "admin_id": account.admin_id,
            "facilitator_id": account.admin_id,
            "org_name": account.org_name,
            "org_email": "it@corp.example",
            "org_phone": "+1 555 0100",
            "org_address": "1 Example Way",
        }
    )
