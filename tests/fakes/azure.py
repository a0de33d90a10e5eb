"""One secret of Azure Key Vault, and the place where whoever asks signs in.

Sources: azure-keyvault-secrets 4.12, ``_shared/challenge_auth_policy.py`` (a request without a token is answered with a
challenge) and ``_generated`` (paths, ``value``, ``id``); azure-identity 1.27 (sign-in of a service principal, and of a
machine by its ``IDENTITY_ENDPOINT``).
"""

from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

CLIENT_SECRET = "azure-client-s3cret"
TENANT = "11111111-0000-4000-8000-000000000001"
CLIENT = "22222222-0000-4000-8000-000000000002"
_TOKEN = "azure-access-t0ken"
_SECRET = "/secrets/tokenward-main"


@dataclass(slots=True)
class Azure:
    """One vault with one secret."""

    is_read_only: bool = False
    is_deleted: bool = False
    """Whether a secret of this name is deleted and still kept."""
    believes: str = "scope"
    """What the challenge says: its own ``scope``, or the one of somebody ``else``."""
    versions: list[str] = field(default_factory=list)

    def vault(self) -> Starlette:
        """Return the vault's API."""
        return Starlette(
            routes=[
                Route(_SECRET, self._get, methods=["GET"]),
                Route(f"{_SECRET}/", self._get, methods=["GET"]),
                Route(_SECRET, self._set, methods=["PUT"]),
            ]
        )

    def sign_in(self) -> Starlette:
        """Return where tokens are given out."""
        return Starlette(
            routes=[
                Route(f"/{TENANT}/v2.0/.well-known/openid-configuration", self._discover),
                Route(f"/{TENANT}/oauth2/v2.0/token", self._sign_in, methods=["POST"]),
                Route("/identity", self._identify),
            ]
        )

    async def _get(self, request: Request) -> JSONResponse:
        return self._refused(request) or (self._shown(request) if self.versions else _error(404, "SecretNotFound"))

    async def _set(self, request: Request) -> JSONResponse:
        refused = self._refused(request)
        if refused is not None:
            return refused
        if self.is_read_only:
            return _error(403, "Forbidden")
        if self.is_deleted:
            return _error(409, "Conflict")
        self.versions.append((await request.json())["value"])
        return self._shown(request)

    def _shown(self, request: Request) -> JSONResponse:
        version = f"https://{request.url.netloc}{_SECRET}/{len(self.versions)}"
        return JSONResponse({"id": version, "value": self.versions[-1], "attributes": {"enabled": True}})

    def _refused(self, request: Request) -> JSONResponse | None:
        if request.headers.get("authorization") == f"Bearer {_TOKEN}":
            return None
        # A vault is at NAME.vault.azure.net and names vault.azure.net; the loopback's "domain" is what follows 127.
        domain = request.url.netloc.partition(".")[2] if self.believes == "scope" else "vault.other.example"
        answer = _error(401, "Unauthorized")
        answer.headers["WWW-Authenticate"] = (
            f'Bearer authorization="https://127.0.0.1/{TENANT}", resource="https://{domain}"'
        )
        return answer

    async def _discover(self, request: Request) -> JSONResponse:
        here = f"https://{request.url.netloc}/{TENANT}"
        return JSONResponse(
            {
                "issuer": f"{here}/v2.0",
                "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                "token_endpoint": f"{here}/oauth2/v2.0/token",
            }
        )

    async def _sign_in(self, request: Request) -> JSONResponse:
        form = await request.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client", "error_description": "whatever"}, 401)
        return JSONResponse({"access_token": _TOKEN, "expires_in": 3600, "token_type": "Bearer"})

    async def _identify(self, request: Request) -> JSONResponse:
        assert request.headers["x-identity-header"] == "machine"
        return JSONResponse({"access_token": _TOKEN, "expires_on": "4102444800", "token_type": "Bearer"})


def _error(status: int, code: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": "whatever"}}, status)
