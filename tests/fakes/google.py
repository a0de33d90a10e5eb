"""One secret of Google Secret Manager, as google-cloud-secret-manager 2.32 says that it answers.

Source: ``secretmanager_v1/services/secret_manager_service/transports/rest_base.py`` (paths), ``types/resources.py``
(payloads in base64). Whoever asks shows a token that the key of a service account has signed for itself.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fakes.apple_side import a_keypair

ACCOUNT = "tokenward@example.iam.gserviceaccount.com"
PATH = "projects/example/secrets/tokenward-main"


def key_file(account: str = ACCOUNT, keypair: str = "google") -> str:
    """Return the key of a service account, as Google gives it out."""
    return json.dumps(
        {
            "type": "service_account",
            "client_email": account,
            "private_key_id": "1",
            "private_key": a_keypair(keypair).private_key,
            "token_uri": "http://127.0.0.1:1/token",
        }
    )


@dataclass(slots=True)
class Google:
    """One project with one secret."""

    exists: bool = True
    is_read_only: bool = False
    is_disabled: bool = False
    versions: list[bytes] = field(default_factory=list)

    def app(self) -> Starlette:
        """Return its API."""
        return Starlette(
            routes=[
                Route(f"/v1/{PATH}", self._get, methods=["GET"]),
                Route(f"/v1/{PATH}/versions/latest:access", self._access, methods=["GET"]),
                Route(f"/v1/{PATH}:addVersion", self._add, methods=["POST"]),
            ]
        )

    async def _get(self, request: Request) -> JSONResponse:
        return self._refused(request) or JSONResponse({"name": PATH})

    async def _access(self, request: Request) -> JSONResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        if self.is_disabled:
            return _error(400, "FAILED_PRECONDITION")
        if not self.versions:
            return _error(404, "NOT_FOUND")
        payload = {"data": base64.b64encode(self.versions[-1]).decode()}
        return JSONResponse({"name": f"{PATH}/versions/{len(self.versions)}", "payload": payload})

    async def _add(self, request: Request) -> JSONResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        if self.is_read_only:
            return _error(403, "PERMISSION_DENIED")
        self.versions.append(base64.b64decode((await request.json())["payload"]["data"]))
        return JSONResponse({"name": f"{PATH}/versions/{len(self.versions)}", "state": "ENABLED"})

    def _refused(self, request: Request) -> JSONResponse | None:
        claims = _claims(request.headers.get("authorization", "").removeprefix("Bearer "))
        if claims.get("iss") != ACCOUNT:
            return _error(401, "UNAUTHENTICATED")
        return None if self.exists else _error(404, "NOT_FOUND")


def _claims(token: str) -> Mapping[str, object]:
    try:
        return jwt.decode(token, RSAKey.import_key(a_keypair("google").private_key), algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        return {}


def _error(code: int, status: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": "whatever", "status": status}}, code)
