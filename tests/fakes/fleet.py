"""Fleet Premium, as its source says that it answers: one key, tokens by number, Apple asked before a token is kept.

Sources: fleetdm/fleet ``ee/server/service/mdm.go`` (renewing, its order and its reasons), ``server/mdm/apple/
apple_bm.go`` (asking Apple), ``server/authz/policy.rego`` (global admins only), ``server/platform/endpointer/
transport_error.go`` (the shape of errors), release notes of 4.87 (names) and 4.91 (``token_invalid``).
"""

import base64
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import EXAMPLE_ORG, Account, AppleSide, a_keypair, opened
from tokenward.model.instant import format_instant

_INVALID = "Invalid token. Please provide a valid token from Apple Business Manager."
API_TOKEN = "fleet-api-token-s3cret"
Json = dict[str, object]


@dataclass(slots=True)
class FleetToken:
    """One token, as it is kept."""

    id: int
    account: Account
    consumer_key: str
    terms_expired: bool = False
    token_invalid: bool = False


@dataclass(slots=True)
class Fleet:
    """One server."""

    apple: AppleSide
    names: str = "ab"
    """How this version spells its paths: ``ab`` since 4.87 (with the old names as aliases), else ``abm``."""
    tells_invalid: bool = True
    """Since 4.91."""
    has_private_key: bool = True
    is_premium: bool = True
    reaches_apple: bool = True
    key: str = "fleet"
    tokens: dict[int, FleetToken] = field(default_factory=dict)

    @property
    def certificate(self) -> str:
        """The one certificate, PEM."""
        return a_keypair(self.key).certificate

    def holds(self, file: bytes, number: int = 1) -> FleetToken:
        """Put the token in *file* in place *number*, as somebody did in the console."""
        values = opened(file, a_keypair(self.key))
        assert values is not None
        account = self.apple.account(values["consumer_key"])
        assert isinstance(account, Account)
        self.tokens[number] = FleetToken(number, account, values["consumer_key"])
        return self.tokens[number]

    def asks_apple(self) -> None:
        """Do what the hourly job does: ask Apple with every token, and keep what it says."""
        for token in self.tokens.values():
            answer = self.apple.account(token.consumer_key)
            words = "" if isinstance(answer, Account) else answer[1]
            token.terms_expired = words == "T_C_NOT_SIGNED"
            token.token_invalid = words in {"token_rejected", "signature_invalid"}

    def app(self) -> Starlette:
        """Return its API."""
        routes: list[Route] = []
        for name in ("ab", "abm") if self.names == "ab" else ("abm",):
            prefix = "/api/v1/fleet"
            routes += [
                Route(f"{prefix}/mdm/apple/{name}_public_key", self._public_key),
                Route(f"{prefix}/{name}_tokens", self._list),
                Route(f"{prefix}/{name}_tokens/{{id:int}}/renew", self._renew, methods=["PATCH"]),
                Route(f"{prefix}/{name}_tokens", self._add, methods=["POST"]),
            ]
        return Starlette(routes=routes, exception_handlers={404: _unknown_path})

    def _barred(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {API_TOKEN}":
            return _error(401, "Authentication required")
        return None if self.is_premium else _error(402, "missing or invalid license")

    async def _public_key(self, request: Request) -> Response:
        barred = self._barred(request)
        if barred:
            return barred
        if not self.has_private_key:
            return _error(422, "Validation Failed", "Couldn't continue. Missing required private key.")
        return JSONResponse({"public_key": base64.b64encode(self.certificate.encode()).decode()})

    async def _list(self, request: Request) -> Response:
        tokens = [self._shown(one) for one in self.tokens.values()]
        return self._barred(request) or JSONResponse({f"{self.names}_tokens": tokens})

    async def _add(self, request: Request) -> Response:
        raise AssertionError("a renewal is never a POST: the teams would stay with the old token")

    async def _renew(self, request: Request) -> Response:
        barred = self._barred(request)
        if barred:
            return barred
        async with request.form() as form:
            part = form.get("token")
            if part is None or isinstance(part, str):
                return _error(400, "Bad request", "missing token part")
            file = await part.read()
        values = opened(file, a_keypair(self.key))
        if values is None:
            return _error(400, "Bad request", _INVALID)
        if not self.reaches_apple:
            return _error(408, "dial tcp: i/o timeout")
        account = self.apple.account(values["consumer_key"])
        if not isinstance(account, Account):
            return _apple_refused(*account)
        token = self.tokens.get(request.path_params["id"])
        if token is None:
            return _error(404, "Resource Not Found")
        token.account, token.consumer_key = account, values["consumer_key"]  # whatever organisation it is of
        token.terms_expired = token.token_invalid = False
        return JSONResponse({"abm_token": self._shown(token)})

    def _shown(self, token: FleetToken) -> Json:
        shown: Json = {
            "id": token.id,
            "apple_id": token.account.admin_id,
            "org_name": token.account.org_name,
            "mdm_server_url": "https://fleet.corp.example/mdm/apple/mdm",
            "renew_date": format_instant(token.account.expires_at),
            "terms_expired": token.terms_expired,
            "macos_team": {"name": "Macs", "id": 1},
            "ios_fleet": {"name": "No team", "fleet_id": 0},
        }
        return shown | {"token_invalid": token.token_invalid} if self.tells_invalid else shown


def _apple_refused(status: int, words: str) -> Response:
    """Source: ``ee/server/service/mdm.go``: 401 and the terms have reasons of their own."""
    if status == 401:
        return _error(400, "Bad request", "The Apple Business Manager certificate or server token is invalid.")
    if words == "T_C_NOT_SIGNED":
        return _error(400, "Bad request", f"DEP auth error: 403 {words}")
    return _error(502, "Bad Gateway", words)


def _error(status: int, message: str, reason: str = "") -> Response:
    body: Json = {"message": message, "uuid": "6f1c"}
    return JSONResponse(body | {"errors": [{"name": "base", "reason": reason}]} if reason else body, status)


async def _unknown_path(_: Request, __: Exception) -> Response:
    return _error(404, "Resource Not Found")


__all__ = ["API_TOKEN", "EXAMPLE_ORG", "Fleet", "FleetToken"]
