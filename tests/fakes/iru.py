"""Iru, formerly Kandji, as its API description says that it answers: one key, tokens by id, slashes as listed.

Sources: Iru's published OpenAPI description of the endpoint API, and its page on renewing several tokens; that a
renewal sends ``file`` is from a third party's client. What is answered to a renewal, and to a file for another key, is
on no record: the fake answers the one with as much as it is told to, and the other as Iru answers bad requests. That
what Apple says of a token is renewed at the next contact, not with the file, is the worse of two possible ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import BEGIN, Account, AppleSide, a_keypair, opened
from tokenward.model.instant import format_instant, parse_instant

API_TOKEN = "iru-api-token-s3cret"
FIRST = "0b9f4c1e-0000-4000-8000-000000000001"
SECOND = "0b9f4c1e-0000-4000-8000-000000000002"
_ROOT = "/api/v1/integrations/apple/ade"
Json = dict[str, object]


@dataclass(slots=True)
class IruToken:
    """One token, as it is kept."""

    id: str
    consumer_key: str
    expires_at: datetime
    account: Account
    status: str = "SUCCESS"
    received_at: datetime | None = None


@dataclass(slots=True)
class Iru:
    """One tenant."""

    apple: AppleSide
    tokens: dict[str, IruToken] = field(default_factory=dict)
    contacts_at_once: bool = True
    """Whether it speaks with Apple as soon as it has a new token."""
    answers_token: bool = True
    """Whether its answer to a renewal shows the token."""
    page: int = 100
    times: str = "%Y-%m-%dT%H:%M:%SZ"
    """How it writes instants."""
    minutes: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def certificate(self) -> str:
        """The one certificate, PEM."""
        return a_keypair("iru").certificate

    def holds(self, file: bytes, number: str = FIRST) -> IruToken | None:
        """Put the token in *file* in place *number*; None where it can't be opened."""
        values = opened(file, a_keypair("iru"))
        if values is None:
            return None
        expires_at, known = parse_instant(values["access_token_expiry"]), self.tokens.get(number)
        account = known.account if known else self.apple.account(values["consumer_key"])
        assert isinstance(account, Account)
        received_at = known.received_at if known else BEGIN
        self.tokens[number] = IruToken(
            number, values["consumer_key"], expires_at, account, known.status if known else "SUCCESS", received_at
        )
        if self.contacts_at_once:
            self.contact(number)
        return self.tokens[number]

    def contact(self, number: str = FIRST) -> None:
        """Speak with Apple by one token, and keep what it says."""
        token = self.tokens[number]
        answer = self.apple.account(token.consumer_key)
        token.received_at = BEGIN + timedelta(minutes=next(self.minutes))
        token.status = "SUCCESS" if isinstance(answer, Account) else "FAILED"
        token.account = answer if isinstance(answer, Account) else token.account

    def app(self) -> Starlette:
        """Return its API. Another slash is another path, and there is none."""
        routes = [
            Route(f"{_ROOT}/public_key/", self._public_key),
            Route(_ROOT, self._list),
            Route(f"{_ROOT}/", self._add, methods=["POST"]),
            Route(f"{_ROOT}/{{id}}", self._show, methods=["GET"]),
            Route(f"{_ROOT}/{{id}}/renew", self._renew, methods=["POST"]),
        ]
        app = Starlette(routes=routes)
        app.router.redirect_slashes = False
        return app

    async def _public_key(self, request: Request) -> Response:
        return _barred(request) or Response(self.certificate, media_type="application/x-x509-ca-cert")

    async def _list(self, request: Request) -> Response:
        start = int(request.query_params.get("offset", 0))
        shown = [self._shown(one) for one in self.tokens.values()][start : start + self.page]
        end = start + self.page
        following = f"https://elsewhere.example{_ROOT}?offset={end}" if end < len(self.tokens) else None
        answer = {"count": len(self.tokens), "next": following, "previous": None, "results": shown}
        return _barred(request) or JSONResponse(answer)

    async def _add(self, request: Request) -> Response:
        raise AssertionError("a renewal never makes a new integration")

    async def _show(self, request: Request) -> Response:
        token = self.tokens.get(request.path_params["id"])
        return _barred(request) or (JSONResponse(self._shown(token)) if token else _error(404, "Not found."))

    async def _renew(self, request: Request) -> Response:
        barred = _barred(request)
        if barred:
            return barred
        async with request.form() as form:
            part = form.get("file")
            if part is None or isinstance(part, str):
                return _error(400, "Bad Request")
            file = await part.read()
        if request.path_params["id"] not in self.tokens:
            return _error(404, "Not found.")
        token = self.holds(file, request.path_params["id"])
        if token is None:
            return _error(400, "Bad Request")
        return JSONResponse(self._shown(token)) if self.answers_token else Response()

    def _shown(self, token: IruToken) -> Json:
        account = token.account
        return {
            "id": token.id,
            "blueprint": {"id": "9f1e", "name": "Macs"},
            "access_token_expiry": token.expires_at.strftime(self.times),
            "days_left": 365,
            "server_name": account.server_name,
            "server_uuid": account.server_uuid,
            "admin_id": account.admin_id,
            "org_name": account.org_name,
            "org_email": "it@corp.example",
            "org_type": "org",
            "stoken_file_name": "token.p7m",
            "last_device_sync": format_instant(BEGIN),
            "status": token.status,
            "status_reason": "CS_quoted",
            "status_received_at": token.received_at.strftime(self.times) if token.received_at else None,
            "device_counts": {"total": 12},
        }


def _barred(request: Request) -> Response | None:
    return None if request.headers.get("authorization") == f"Bearer {API_TOKEN}" else _error(401, "Unauthorized")


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)
