"""JumpCloud, as its API's description says that it answers: one Apple MDM for each organisation.

Sources: JumpCloud API v2, ``AppleMDM`` and ``AppleMdmPatchInput`` (TheJumpCloud/jcapi-python), and the samples of the
PowerShell module JumpCloud.SDK.V2. Whether its key stays and what it makes of CR is written nowhere: fields here.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import AppleSide, a_keypair, opened

API_KEY = "jumpcloud-api-key-s3cret"
Json = dict[str, object]


@dataclass(slots=True)
class AppleMdm:
    """One organisation's place for a token."""

    id: str
    consumer_key: str = ""
    expires_at: datetime | None = None


@dataclass(slots=True)
class JumpCloud:
    """What one API key can see."""

    apple: AppleSide
    org_id: str | None = None
    """The header that an administrator of several organisations must send."""
    key: str = "jumpcloud"
    takes_cr: bool = True
    refreshes: int = 200
    """What it answers when it is to refresh."""
    date_form: str = "%Y-%m-%dT%H:%M:%SZ"
    mdms: dict[str, AppleMdm] = field(default_factory=dict)
    key_fetches: int = 0
    uploads: list[str] = field(default_factory=list)

    @property
    def certificate(self) -> str:
        """The certificate over its key, PEM."""
        return a_keypair(self.key).certificate

    def holds(self, file: bytes, mdm_id: str = "5f0c") -> AppleMdm:
        """Put the token in *file* in a place, as somebody did in the portal."""
        mdm = self.mdms.setdefault(mdm_id, AppleMdm(mdm_id))
        assert self._put(mdm, file)
        return mdm

    def app(self) -> Starlette:
        """Return its API."""
        one = "/api/v2/applemdms/{id}"
        return Starlette(
            routes=[
                Route("/api/v2/applemdms", self._list),
                Route(one + "/depkey", self._depkey),
                Route(one, self._update, methods=["PUT"]),
                Route(one + "/refreshdepdevices", self._refresh, methods=["POST"]),
            ]
        )

    def _barred(self, request: Request) -> Response | None:
        if request.headers.get("x-api-key") != API_KEY:
            return _error(401)
        return None if self.org_id in {None, request.headers.get("x-org-id")} else _error(403)

    async def _list(self, request: Request) -> Response:
        return self._barred(request) or JSONResponse([self._shown(one) for one in self.mdms.values()])

    async def _depkey(self, request: Request) -> Response:
        self.key_fetches += 1
        return self._barred(request) or Response(self.certificate, media_type="application/x-pem-file")

    async def _update(self, request: Request) -> Response:
        barred = self._barred(request)
        if barred:
            return barred
        sent = json.loads(await request.body())
        assert set(sent) == {"encryptedDepServerToken"}, "the same call changes other settings"
        self.uploads.append(sent["encryptedDepServerToken"])
        is_readable = self.takes_cr or "\r" not in self.uploads[-1]
        mdm = self.mdms.get(request.path_params["id"])
        if mdm is None:
            return _error(404)
        if not is_readable or not self._put(mdm, self.uploads[-1].encode()):
            return _error(400)
        return JSONResponse({"id": mdm.id})

    def _put(self, mdm: AppleMdm, file: bytes) -> bool:
        values = opened(file, a_keypair(self.key))
        if values is None:
            return False
        mdm.consumer_key = values["consumer_key"]
        mdm.expires_at = self.apple.accounts[mdm.consumer_key].expires_at
        return True

    async def _refresh(self, request: Request) -> Response:
        barred = self._barred(request)
        if barred:
            return barred
        assert json.loads(await request.body()) == {}
        return Response(status_code=self.refreshes) if self.refreshes < 300 else _error(self.refreshes)

    def _shown(self, mdm: AppleMdm) -> Json:
        shown: Json = {"id": mdm.id, "name": "Apple MDM", "apnsPushTopic": "com.apple.mgmt.External.6f1c"}
        if mdm.expires_at is None:
            return shown
        expires = mdm.expires_at.strftime(self.date_form)
        return shown | {"depAccessTokenExpiry": expires, "depServerTokenState": "oops"}


def _error(status: int) -> Response:
    return JSONResponse({"code": status, "message": "oops", "status": "oops", "details": []}, status)
