"""One secret of Vault's key/value engine, version 2, as its API documentation and hvac 2.4 say that it answers.

Sources: KV version 2 API (``data``, ``options.cas``, ``data.metadata.version``); hvac ``kv_v2.py`` (404 with metadata
for a deleted version), ``exceptions.py`` (statuses), ``adapters.py`` (headers).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

TOKEN = "hvs.vault-s3cret"
Fields = dict[str, str]


@dataclass(slots=True)
class Vault:
    """One server with one engine at ``kv`` and one secret in it."""

    namespace: str | None = None
    is_read_only: bool = False
    has_engine: bool = True
    versions: list[Fields | None] = field(default_factory=list)
    """None where one was deleted."""
    writes: int = 0
    meanwhile: Callable[[], None] | None = None

    def app(self) -> Starlette:
        """Return its API."""
        path = "/v1/kv/data/tokenward/main"
        return Starlette(
            routes=[
                Route(path, self._read, methods=["GET"]),
                Route(path, self._write, methods=["POST", "PUT"]),
            ]
        )

    async def _read(self, request: Request) -> JSONResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        if not self.versions:
            return _errors(404)
        version = {"data": self.versions[-1], "metadata": self._metadata()}
        return JSONResponse({"data": version}, 404 if self.versions[-1] is None else 200)

    async def _write(self, request: Request) -> JSONResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        if self.is_read_only:
            return _errors(403, "1 error occurred: permission denied")
        sent = await request.json()
        assert "cas" in sent["options"], "a write without cas overwrites blindly"
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        if sent["options"]["cas"] != len(self.versions):
            return _errors(400, "check-and-set parameter did not match the current version")
        self.versions.append(sent["data"])
        self.writes += 1
        return JSONResponse({"data": self._metadata()})

    def _metadata(self) -> dict[str, object]:
        deleted_at = "" if self.versions[-1] is not None else "2026-11-24T09:00:00Z"
        return {"version": len(self.versions), "deletion_time": deleted_at, "destroyed": False}

    def _refused(self, request: Request) -> JSONResponse | None:
        if request.headers.get("x-vault-token") != TOKEN:
            return _errors(403, "permission denied")
        if not self.has_engine or request.headers.get("x-vault-namespace") != self.namespace:
            return _errors(404, "no handler for route")
        return None


def _errors(status: int, *words: str) -> JSONResponse:
    return JSONResponse({"errors": list(words)}, status)
