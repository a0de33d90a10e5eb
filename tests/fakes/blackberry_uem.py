"""BlackBerry UEM, as its API reference says that it answers: a header made of name and password, DEP accounts by GUID.

Sources: BlackBerry UEM REST API reference 12.21, "Utilities" (signing in), "Apple DEP" (the list and its pages) and
"Getting started" (errors). What happens in its console, which has no API, is a method here.
"""

import base64
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from fakes.apple_side import BEGIN, SERVER_UUID, Account, AppleSide, a_keypair, opened

TENANT = "SRP00000"
USERNAME = "tokenward"
PASSWORD = "uem-p\N{LATIN SMALL LETTER A WITH DIAERESIS}ssword-s3cret"
DEP_ACCOUNTS = "application/vnd.blackberry.depaccounts-v1+json"
Json = dict[str, object]


@dataclass(slots=True)
class DepAccount:
    """One DEP account, as it is shown."""

    guid: str
    name: str
    expires_at: datetime | None


@dataclass(slots=True)
class BlackBerryUem:
    """One tenant."""

    apple: AppleSide
    domain: str | None = None
    """Where the administrator is one of Active Directory."""
    may_view: bool = True
    """Whether the administrator's role allows it."""
    accounts: dict[str, DepAccount] = field(default_factory=dict)
    pages: int = 0
    """How many were asked for."""

    @property
    def certificate(self) -> str:
        """What its console gives out, PEM."""
        return a_keypair("blackberry-uem").certificate

    def uploaded(self, file: bytes, service: str = SERVER_UUID) -> DepAccount:
        """Keep the token in *file*, as somebody did in the console, in the place of the *service*'s last."""
        values = opened(file, a_keypair("blackberry-uem"))
        assert values is not None
        account = self.apple.account(values["consumer_key"])
        assert isinstance(account, Account)
        guid = str(uuid.UUID(service))
        self.accounts[guid] = DepAccount(guid, account.server_name, account.expires_at)
        return self.accounts[guid]

    def has_many(self, count: int) -> None:
        """Make it a tenant with *count* accounts."""
        self.accounts = {
            guid: DepAccount(guid, f"Account {guid}", BEGIN + timedelta(days=number))
            for number, guid in enumerate((str(uuid.UUID(int=one)) for one in range(count)), start=1)
        }

    def app(self) -> Starlette:
        """Return its API."""
        api = f"/{TENANT}/api/v1"
        return Starlette(
            routes=[
                Route(f"{api}/util/authorization", self._sign_in, methods=["POST"]),
                Route(f"{api}/depAccounts", self._list),
            ],
        )

    @property
    def _header(self) -> str:
        pairs = f'provider="{"AD" if self.domain else "LOCAL"}" username="{USERNAME}" credentials="{PASSWORD}"'
        return f"besng-basic {base64.b64encode(pairs.encode()).decode()}"

    async def _sign_in(self, request: Request) -> Response:
        if request.headers["content-type"] != "application/vnd.blackberry.authorizationrequest-v1+json":
            return _error(415, "UNSUPPORTED_MEDIA_TYPE")
        expected: Json = {
            "username": USERNAME,
            "password": base64.b64encode(PASSWORD.encode()).decode(),
            "provider": "AD" if self.domain else "LOCAL",
        }
        if await request.json() != expected | ({"domain": self.domain} if self.domain else {}):
            return _error(400, "INVALID_REQUEST")
        return PlainTextResponse(self._header + "\n")

    async def _list(self, request: Request) -> Response:
        if request.headers.get("authorization") != self._header:
            return _error(401, "NOT_AUTHENTICATED")
        if not self.may_view:
            return _error(403, "NOT_AUTHORIZED")
        if DEP_ACCOUNTS not in request.headers["accept"]:
            return _error(406, "NOT_ACCEPTABLE")
        self.pages += 1
        offset, most = (int(request.query_params.get(name, other)) for name, other in (("offset", 0), ("max", 100)))
        assert 1 <= most <= 1000
        shown = [_shown(one) for one in list(self.accounts.values())[offset : offset + most]]
        return JSONResponse({"depAccounts": shown}, media_type=DEP_ACCOUNTS)


def _shown(account: DepAccount) -> Json:
    """What has no value is not shown at all."""
    shown: Json = {"guid": account.guid, "name": account.name}
    if account.expires_at is None:
        return shown
    return shown | {"tokenExpiryDate": account.expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def _error(status: int, name: str) -> Response:
    return JSONResponse(
        {"id": name, "subStatusCode": status, "message": "Not authorized to complete the request."},
        status,
        media_type="application/vnd.blackberry.error-v1+json",
    )
