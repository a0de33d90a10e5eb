"""SimpleMDM, as its API reference says that it answers: DEP servers by number, each with the date of its token.

Sources: SimpleMDM's API reference, "Authentication", "Errors", "Pagination" and "DEP Servers". What happens in its
console, which has no API, is a method here.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import BEGIN, EXAMPLE_ORG, Account, AppleSide, a_keypair, opened

API_KEY = "simplemdm-api-key-s3cret"
LARGEST_PAGE = 100
Json = dict[str, object]


@dataclass(slots=True)
class DepServer:
    """One DEP server, as it is shown."""

    id: int
    server_name: str
    organization_name: str
    token_expires_at: datetime | None
    last_synced_at: datetime | None = BEGIN


@dataclass(slots=True)
class SimpleMdm:
    """One account."""

    apple: AppleSide
    offset: timedelta = timedelta(hours=-8)
    """In which offset from UTC it shows instants: its own, which follows summer time."""
    servers: dict[int, DepServer] = field(default_factory=dict)
    pages: int = 0
    """How many were asked for."""
    syncs: int = 0
    """How many were asked for; when they are made is its own business."""

    @property
    def certificate(self) -> str:
        """What its console gives out, PEM."""
        return a_keypair("simplemdm").certificate

    def uploaded(self, file: bytes, number: int = 1) -> DepServer:
        """Keep the token in *file*, as somebody did in the console; its sync comes later."""
        values = opened(file, a_keypair("simplemdm"))
        assert values is not None
        account = self.apple.account(values["consumer_key"])
        assert isinstance(account, Account)
        self.servers[number] = DepServer(number, account.server_name, account.org_name, account.expires_at)
        return self.servers[number]

    def has_many(self, count: int) -> None:
        """Make it an account with *count* servers."""
        for number in range(1, count + 1):
            self.servers[number] = DepServer(number, f"Server {number}", EXAMPLE_ORG, BEGIN + timedelta(days=number))

    def app(self) -> Starlette:
        """Return its API."""
        return Starlette(
            routes=[
                Route("/api/v1/dep_servers", self._list),
                Route("/api/v1/dep_servers/{id:int}/sync", self._sync, methods=["POST"]),
            ],
        )

    async def _list(self, request: Request) -> Response:
        if not _is_let_in(request):
            return _kept_out()
        self.pages += 1
        limit = min(int(request.query_params.get("limit", "10")), LARGEST_PAGE)
        after = int(request.query_params.get("starting_after", "0"))
        left = [one for number, one in sorted(self.servers.items()) if number > after]
        return JSONResponse({"data": [self._shown(one) for one in left[:limit]], "has_more": len(left) > limit})

    async def _sync(self, request: Request) -> Response:
        if not _is_let_in(request):
            return _kept_out()
        self.syncs += 1
        return Response(status_code=202)

    def _shown(self, server: DepServer) -> Json:
        attributes: Json = {
            "server_name": server.server_name,
            "organization_name": server.organization_name,
            "token_expires_at": self._instant(server.token_expires_at),
            "last_synced_at": self._instant(server.last_synced_at),
        }
        return {"type": "dep_server", "id": server.id, "attributes": attributes}

    def _instant(self, moment: datetime | None) -> str | None:
        return moment.astimezone(timezone(self.offset)).isoformat(timespec="milliseconds") if moment else None


def _is_let_in(request: Request) -> bool:
    pair = base64.b64encode(f"{API_KEY}:".encode()).decode()
    return request.headers.get("authorization") == f"Basic {pair}"


def _kept_out() -> Response:
    return JSONResponse({"errors": [{"title": "not let in"}]}, 401)
