"""Intune as Microsoft Graph (beta) shows it, as far as it is documented, and in every way where it is not.

Sources: Microsoft Graph, beta, "depOnboardingSetting resource type" and its actions ``getEncryptionPublicKey``,
``uploadDepToken`` and ``syncWithAppleDeviceEnrollmentProgram``; "Paging Microsoft Graph data"; "Microsoft Graph error
responses". Which form the key and the token have is written nowhere: both are fields here.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import BEGIN, Account, AppleSide, a_keypair, opened
from fakes.login import CLIENT_SECRET, Login

TENANT = "corp.example"
CLIENT_ID = "0d2f6f1e-client"
SETTINGS = "/beta/deviceManagement/depOnboardingSettings"
NEVER = "0001-01-01T00:00:00Z"
Json = dict[str, object]


def entra() -> Login:
    """Return Entra's login for the app that may use Intune."""
    return Login(
        path=f"/{TENANT}/oauth2/v2.0/token",
        wanted={
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": "https://graph.microsoft.com/.default",
        },
    )


@dataclass(slots=True)
class Setting:
    """One place for a token."""

    id: str
    consumer_key: str = ""
    apple_id: str | None = None
    expires_at: datetime | None = None
    modified_at: datetime | None = None
    triggered_at: datetime | None = None
    synced_at: datetime | None = None
    sync_error: int | None = 0


@dataclass(slots=True)
class Intune:
    """One tenant."""

    apple: AppleSide
    entra: Login = field(default_factory=entra)
    key_form: str = "pem"
    """Or ``base64``, of the DER."""
    key: str | None = "intune"
    takes: str = "text"
    """How it wants the token: the file's own ``text``, or ``base64`` of that."""
    refuses_with: int = 400
    """What it answers to a token that it can't read."""
    may_write: bool = True
    syncs: str = "at once"
    """``at once``, ``later`` (when ``asks_apple`` is called), or ``refused``."""
    page_size: int = 10
    settings: dict[str, Setting] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    """The form of every token that was handed over, readable or not."""
    now: datetime = BEGIN + timedelta(hours=1)

    @property
    def certificate(self) -> str:
        """The certificate over its key, PEM."""
        return a_keypair(self.key or "intune").certificate

    def holds(self, file: bytes, setting_id: str = "one", apple_id: str | None = "before@corp.example") -> Setting:
        """Put the token in *file* in a place, as somebody did in the admin center, and sync."""
        values = opened(file, a_keypair(self.key or "intune"))
        assert values is not None
        setting = self.settings.setdefault(setting_id, Setting(setting_id))
        self._put(setting, values["consumer_key"], apple_id)
        self.asks_apple()
        return setting

    def asks_apple(self) -> None:
        """Do what a sync does, for every place that has a token."""
        self.now += timedelta(seconds=1)
        for setting in self.settings.values():
            setting.triggered_at = self.now
            answer = self.apple.account(setting.consumer_key)
            if isinstance(answer, Account):
                setting.synced_at, setting.sync_error = self.now, 0
            else:
                setting.sync_error = answer[0]

    def app(self) -> Starlette:
        """Return its API."""
        one = SETTINGS + "/{id}"
        routes = [
            Route(SETTINGS, self._list),
            Route(one + "/getEncryptionPublicKey()", self._key),
            Route(one + "/generateEncryptionPublicKey", self._never, methods=["POST"]),
            Route(one + "/uploadDepToken", self._upload, methods=["POST"]),
            Route(one + "/syncWithAppleDeviceEnrollmentProgram", self._sync, methods=["POST"]),
            Route(one, self._never, methods=["PATCH", "DELETE"]),
            Route(SETTINGS, self._never, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    def _barred(self, request: Request) -> Response | None:
        if not self.entra.is_good(request):
            return _error(401, "InvalidAuthenticationToken")
        return None if self.may_write or request.method == "GET" else _error(403, "Forbidden")

    async def _never(self, request: Request) -> Response:
        raise AssertionError("this makes another key, or another place, or takes one away")

    async def _list(self, request: Request) -> Response:
        start = int(request.query_params.get("$skiptoken", "0"))
        settings = list(self.settings.values())
        page: Json = {"value": [self._shown(one) for one in settings[start : start + self.page_size]]}
        if start + self.page_size < len(settings):
            page["@odata.nextLink"] = f"https://graph.microsoft.com{SETTINGS}?$skiptoken={start + self.page_size}"
        return self._barred(request) or JSONResponse(page)

    async def _key(self, request: Request) -> Response:
        value = self.certificate if self.key else ""
        if self.key and self.key_form == "base64":
            value = "".join(value.splitlines()[1:-1])
        return self._barred(request) or JSONResponse({"value": value})

    async def _upload(self, request: Request) -> Response:
        barred = self._barred(request)
        if barred:
            return barred
        sent = json.loads(await request.body())
        assert set(sent) == {"appleId", "depToken"}, sent.keys()
        if "@" not in sent["appleId"]:
            return _error(400, "BadRequest")
        file = self._read(sent["depToken"])
        values = opened(file, a_keypair(self.key or "intune")) if file else None
        if values is None:
            return _error(self.refuses_with, "BadRequest")
        self._put(self.settings[request.path_params["id"]], values["consumer_key"], sent["appleId"])
        return Response(status_code=204)

    def _read(self, token: str) -> bytes | None:
        is_text = token.startswith("Content-Type: application/pkcs7-mime")
        self.uploads.append("text" if is_text else "base64")
        if self.uploads[-1] != self.takes:
            return None
        try:
            return token.encode() if is_text else base64.b64decode(token, validate=True)
        except binascii.Error:
            return None

    def _put(self, setting: Setting, consumer_key: str, apple_id: str | None) -> None:
        account = self.apple.accounts[consumer_key]
        self.now += timedelta(seconds=1)
        setting.consumer_key, setting.apple_id = consumer_key, apple_id
        setting.expires_at, setting.modified_at = account.expires_at, self.now

    async def _sync(self, request: Request) -> Response:
        barred = self._barred(request)
        if barred:
            return barred
        if self.syncs == "refused":
            return _error(400, "BadRequest")
        self.now += timedelta(seconds=1)
        self.settings[request.path_params["id"]].triggered_at = self.now
        if self.syncs == "at once":
            self.asks_apple()
        return Response(status_code=204)

    def _shown(self, setting: Setting) -> Json:
        return {
            "@odata.type": "#microsoft.graph.depOnboardingSetting",
            "id": setting.id,
            "tokenName": f"Token {setting.id}",
            "tokenType": "dep" if setting.consumer_key else "none",
            "appleIdentifier": setting.apple_id,
            "tokenExpirationDateTime": _instant(setting.expires_at),
            "lastModifiedDateTime": _instant(setting.modified_at),
            "lastSyncTriggeredDateTime": _instant(setting.triggered_at),
            "lastSuccessfulSyncDateTime": _instant(setting.synced_at),
            "lastSyncErrorCode": setting.sync_error,
            "syncedDeviceCount": 7,
            "roleScopeTagIds": [],
        }


def _instant(moment: datetime | None) -> str:
    return NEVER if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.0000000Z"


def _error(status: int, code: str) -> Response:
    inner = {"request-id": "6f1c", "date": "2026-11-24T09:00:00"}
    return JSONResponse({"error": {"code": code, "message": "oops", "innerError": inner}}, status)
