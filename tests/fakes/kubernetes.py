"""One Secret of a Kubernetes cluster, as the API of core/v1 says that it answers.

Source: the Kubernetes API as kubernetes-asyncio 36.1 describes it: ``data`` in base64, ``metadata.resourceVersion``
that must be the current one in a replacement, 409 where it is not, and where something is made that exists.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

TOKEN = "service-account-s3cret"
LABELS = {"app.kubernetes.io/part-of": "mdm"}
Json = dict[str, object]


@dataclass(slots=True)
class Kubernetes:
    """One cluster with the namespace ``mdm``."""

    token: str = TOKEN
    is_read_only: bool = False
    has_namespace: bool = True
    secret: Json | None = None
    version: int = 41
    writes: int = 0
    meanwhile: Callable[[], None] | None = None
    """Happens once, before something is written."""
    after_a_look: Callable[[], None] | None = None
    """Happens once, after it was read."""
    asked_by: list[str] = field(default_factory=list)

    def hold(self, data: dict[str, str] | None) -> None:
        """Put a Secret with *data* there, or take it away."""
        self.version += 1
        metadata = {
            "name": "tokenward-main",
            "namespace": "mdm",
            "labels": LABELS,
            "resourceVersion": str(self.version),
        }
        self.secret = None if data is None else {"kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files that a pod which mounts the Secret finds."""
        return tuple(self._data)

    def entry(self, name: str) -> bytes:
        """Return what a pod reads from the file *name*."""
        return base64.b64decode(self._data[name])

    @property
    def _data(self) -> dict[str, str]:
        assert self.secret is not None
        data = self.secret["data"]
        assert isinstance(data, dict)
        return data

    def app(self) -> Starlette:
        """Return its API."""
        secrets = "/api/v1/namespaces/mdm/secrets"
        return Starlette(
            routes=[
                Route(secrets, self._create, methods=["POST"]),
                Route(f"{secrets}/tokenward-main", self._read, methods=["GET"]),
                Route(f"{secrets}/tokenward-main", self._replace, methods=["PUT"]),
            ]
        )

    async def _read(self, request: Request) -> JSONResponse:
        answer = self._refused(request) or (JSONResponse(self.secret) if self.secret else _status(404, "NotFound"))
        after, self.after_a_look = self.after_a_look, None
        if after is not None:
            after()
        return answer

    async def _create(self, request: Request) -> JSONResponse:
        refused = self._refused(request) or self._refused_to_write()
        if refused is not None:
            return refused
        return _status(409, "AlreadyExists") if self.secret else self._keep(await request.json(), 201)

    async def _replace(self, request: Request) -> JSONResponse:
        refused = self._refused(request) or self._refused_to_write()
        if refused is not None:
            return refused
        sent = await request.json()
        assert sent["metadata"]["resourceVersion"], "a replacement without it overwrites blindly"
        if self.secret is None:
            return _status(404, "NotFound")
        is_current = sent["metadata"]["resourceVersion"] == str(self.version)
        return self._keep(sent, 200) if is_current else _status(409, "Conflict")

    def _keep(self, sent: Json, status: int) -> JSONResponse:
        self.version += 1
        self.writes += 1
        self.secret = json.loads(json.dumps(sent))
        assert self.secret is not None
        metadata = self.secret["metadata"]
        assert isinstance(metadata, dict)
        metadata["resourceVersion"] = str(self.version)
        return JSONResponse(self.secret, status)

    def _refused(self, request: Request) -> JSONResponse | None:
        authorization = request.headers.get("authorization", "")
        self.asked_by.append(authorization)
        if authorization != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        return None if self.has_namespace else _status(404, "NotFound")

    def _refused_to_write(self) -> JSONResponse | None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return _status(403, "Forbidden") if self.is_read_only else None


def _status(code: int, reason: str) -> JSONResponse:
    return JSONResponse({"kind": "Status", "status": "Failure", "reason": reason, "code": code}, code)
