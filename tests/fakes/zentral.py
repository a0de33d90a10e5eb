"""Zentral, as its source says that it answers: virtual servers by number, syncs with Apple as tasks.

Sources: zentralopensource/zentral ``zentral/contrib/mdm/api_views/dep_enrollments.py`` (lists and pages),
``api_views/dep.py`` and ``tasks.py`` (syncs), ``dep_client.py`` (a new session with Apple for each), ``forms.py`` (what
its console does with a file), ``docs/apps/mdm.md`` and the tests of these. What happens in its console, which has no
API, is a method here.
"""

import uuid
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import SERVER_UUID, Account, AppleSide, a_keypair, opened

API_TOKEN = "ztlu_zentral-api-token-s3cret"
LARGEST_PAGE = 500
Json = dict[str, object]


@dataclass(slots=True)
class VirtualServer:
    """One virtual server, as it is kept."""

    id: int
    name: str
    uuid: uuid.UUID
    consumer_key: str = ""
    edits: int = 0


@dataclass(slots=True)
class Zentral:
    """One Zentral."""

    apple: AppleSide
    may_view: bool = True
    """Whether the service account has the permission."""
    tells_skipped: bool = True
    """Whether it says in the result whether it synced; older versions don't."""
    skips: bool = False
    """Whether another sync is under way."""
    is_slow: bool = False
    """Whether nobody works off its tasks."""
    loses_results: bool = False
    """Whether a result can't be read again."""
    servers: dict[int, VirtualServer] = field(default_factory=dict)
    tasks: dict[str, Json] = field(default_factory=dict)
    _renewals: int = 0

    @property
    def certificate(self) -> str:
        """What the console gave out at the renewal under way, PEM."""
        return a_keypair(f"zentral-{self._renewals % 2}").certificate

    def renewal_begins(self) -> None:
        """Make another key, as whoever begins a renewal has it do."""
        self._renewals += 1

    def uploaded(self, file: bytes) -> None:
        """Take *file* in the form of the renewal under way: ask Apple whose token it is, and only then keep it."""
        values = opened(file, a_keypair(f"zentral-{self._renewals % 2}"))
        assert values is not None, "Could not read or use encrypted token"
        account = self.apple.account(values["consumer_key"])
        assert isinstance(account, Account)
        self.serves(account.server_name, account.server_uuid, values["consumer_key"])

    def serves(self, name: str, server_uuid: str = SERVER_UUID, consumer_key: str = "") -> VirtualServer:
        """Keep a token for the service with *server_uuid* in its own virtual server."""
        found = [one for one in self.servers.values() if one.uuid == uuid.UUID(server_uuid)]
        server = found[0] if found else VirtualServer(len(self.servers) + 1, name, uuid.UUID(server_uuid))
        self.servers[server.id] = server
        server.consumer_key, server.edits = consumer_key, server.edits + 1
        return server

    def app(self) -> Starlette:
        """Return its API."""
        servers = "/api/mdm/dep/virtual_servers/"
        return Starlette(
            routes=[
                Route(servers, self._list),
                Route(servers + "{id:int}/sync_devices/", self._sync, methods=["POST"]),
                Route(servers + "{id:int}/beta_tokens/", self._beta_tokens),
                Route("/api/task_result/{id:uuid}/", self._task),
            ],
        )

    def _barred(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Token {API_TOKEN}":
            return JSONResponse({"detail": "Invalid token."}, 401)
        if not self.may_view and "task_result" not in request.url.path:
            return JSONResponse({"detail": "You do not have permission to perform this action."}, 403)
        return None

    async def _list(self, request: Request) -> Response:
        limit = min(int(request.query_params.get("limit", "50")), LARGEST_PAGE)
        offset = int(request.query_params.get("offset", "0"))
        every = list(self.servers.values())
        page = every[offset : offset + limit]
        further = f"{request.url.include_query_params(offset=offset + limit)}" if offset + limit < len(every) else None
        body: Json = {"count": len(every), "next": further, "previous": None, "results": [_shown(one) for one in page]}
        return self._barred(request) or JSONResponse(body)

    async def _sync(self, request: Request) -> Response:
        barred = self._barred(request)
        if barred:
            return barred
        task_id = str(uuid.uuid4())
        server = self.servers[request.path_params["id"]]
        self.tasks[task_id] = self._synced(task_id, server)
        return JSONResponse({"task_id": task_id, "task_result_url": f"/api/task_result/{task_id}/"}, 201)

    def _synced(self, task_id: str, server: VirtualServer) -> Json:
        task: Json = {"id": task_id, "name": "zentral.contrib.mdm.tasks.sync_dep_virtual_server_devices_task"}
        if self.is_slow:
            return task | {"status": "PENDING", "unready": True}
        if not isinstance(self.apple.account(server.consumer_key), Account):
            return task | {"status": "FAILURE", "unready": False, "result": {"exc_type": "DEPClientError"}}
        done = task | {"status": "SUCCESS", "unready": False}
        if self.loses_results:
            return done
        result: Json = {"dep_virtual_server": {"pk": server.id, "name": server.name}, "operations": {}}
        return done | {
            "result": result | {"status": "SKIPPED" if self.skips else "SUCCESS"} if self.tells_skipped else result
        }

    async def _task(self, request: Request) -> Response:
        task_id = str(request.path_params["id"])
        unknown: Json = {"id": task_id, "status": "UNKNOWN", "unready": True}
        return self._barred(request) or JSONResponse(self.tasks.get(task_id, unknown))

    async def _beta_tokens(self, request: Request) -> Response:
        raise AssertionError("it asks Apple without an end where Apple forbids that list")


def _shown(server: VirtualServer) -> Json:
    return {
        "id": server.id,
        "name": server.name,
        "uuid": str(server.uuid),
        "created_at": "2025-11-24T09:00:00.160287",
        "updated_at": f"2026-11-24T09:00:{server.edits:02}.703479",
    }
