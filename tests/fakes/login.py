"""A token endpoint for programs that show an id and a secret. Source: RFC 6749 sections 4.4, 5.1 and 5.2."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_SECRET = "client-s3cret~with+signs/&="


@dataclass(slots=True)
class Login:
    """Gives an access token to whoever sends what is wanted."""

    path: str = "/token"
    wanted: Mapping[str, str] = field(default_factory=lambda: {"client_id": "me", "client_secret": CLIENT_SECRET})
    lifetime: int | None = 3600
    given: list[str] = field(default_factory=list)
    """Every access token so far, newest last."""
    revoked: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(routes=[Route(self.path, self._give, methods=["POST"])])

    def is_good(self, request: Request) -> bool:
        """Return whether *request* carries an access token that still counts."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and token in self.given and token not in self.revoked

    async def _give(self, request: Request) -> Response:
        async with request.form() as form:
            sent = {name: str(value) for name, value in form.items()}
        if sent.pop("grant_type", "") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if sent != dict(self.wanted):
            return JSONResponse({"error": "invalid_client", "error_description": "7000215: oops"}, 401)
        self.given.append(f"acc3ss-{len(self.given) + 1}")
        given: dict[str, object] = {"token_type": "Bearer", "access_token": self.given[-1]}
        return JSONResponse(given | ({} if self.lifetime is None else {"expires_in": self.lifetime}))
