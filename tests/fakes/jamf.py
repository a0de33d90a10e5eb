"""Jamf Pro, as its API reference says that it answers: one key, instances by number, Apple asked some time later.

Sources: developer.jamf.com/jamf-pro/reference, the pages on device-enrollments and on API clients (paths, fields, the
shape of errors, privileges); jamf/terraform-provider-jamfplatform pull requests 156 and 160 (syncs);
deploymenttheory/terraform-provider-jamfpro issues 531 and 575 and pull request 718 (the cluster, strict base64).

Not published, and so the fake's own: what a latest sync is where there was none yet (404 here), the name of the
cluster's cookie, the text of errors, and the state of a sync that Apple refused.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.apple_side import BEGIN, Account, AppleSide, a_keypair, opened

CLIENT_ID = "7d0b5a3e-client"
CLIENT_SECRET = "jamf-client-s3cret"
READ_AND_UPDATE = frozenset({"Read", "Update"})
REFUSED_BY_APPLE = "A_STATE_THAT_NOBODY_KNOWS"
Json = dict[str, object]
Handler = Callable[[Request], Awaitable[Response]]


def notice(kind: str, name: str | None = None) -> Json:
    """Return a notification of *kind*, about the instance of that name."""
    return {"type": kind, "id": "-1", "params": {"name": name} if name else {}}


@dataclass(slots=True)
class Instance:
    """One enrolment instance, as it is kept."""

    id: str
    name: str
    consumer_key: str
    expires_at: datetime
    account: Account
    """What Apple said of it at the last good sync."""
    sync_state: str | None = None
    synced_at: datetime = BEGIN


@dataclass(slots=True)
class Jamf:
    """One tenant. ``instances`` is what the node shows that was written to last."""

    apple: AppleSide
    key: str = "jamf"
    has_key: bool = True
    privileges: frozenset[str] = READ_AND_UPDATE
    """What the API client's role may do with Device Enrollment Program Instances."""
    syncs_at_once: bool = True
    """Whether it has spoken with Apple by the time that it answers an upload, which it need not have."""
    syncs_when_asked: bool = False
    """Whether it speaks with Apple just before it says how that went."""
    notices: list[Json] | None = field(default_factory=list)
    """What it notifies administrators of; None: the API client may not read that."""
    reaches_apple: bool = True
    breaks_after_taking: bool = False
    """Whether it takes a token and answers 500, in its own shape, all the same."""
    now: datetime = BEGIN
    page_size: int = 100
    nodes: int = 1
    instances: dict[str, Instance] = field(default_factory=dict)
    access_tokens: set[str] = field(default_factory=set)
    """Those that count."""
    given: list[str] = field(default_factory=list)
    """Every access token that was ever given out."""
    file_names: list[str | None] = field(default_factory=list)
    _written_at: int = 0
    _stale: dict[str, Instance] = field(default_factory=dict)
    _asked: int = 0

    @property
    def certificate(self) -> str:
        """The one certificate, PEM."""
        return a_keypair(self.key).certificate

    def holds(self, file: bytes, number: str = "7", name: str = "Main") -> Instance:
        """Put the token in *file* in place *number*, as somebody did in the console, and speak with Apple."""
        values = opened(file, a_keypair(self.key))
        assert values is not None
        account = self.apple.account(values["consumer_key"])
        assert isinstance(account, Account)
        self.instances[number] = Instance(number, name, values["consumer_key"], account.expires_at, account)
        self.sync()
        self._stale = deepcopy(self.instances)
        return self.instances[number]

    def sync(self) -> None:
        """Speak with Apple about every instance, some time later."""
        self.now += timedelta(minutes=1)
        for one in self.instances.values():
            answer = self.apple.account(one.consumer_key)
            one.synced_at = self.now
            if not self.reaches_apple:
                one.sync_state = "CONNECTION_ERROR"
            elif isinstance(answer, Account):
                one.sync_state, one.account = "SUCCESSFUL", answer
            else:
                one.sync_state = REFUSED_BY_APPLE
                if answer[1] == "T_C_NOT_SIGNED" and self.notices is not None:
                    self.notices.append(notice("DEVICE_ENROLLMENT_PROGRAM_T_C_NOT_SIGNED", one.name))

    def app(self) -> Starlette:
        """Return its API."""
        at = "/api/v1/device-enrollments"
        read, update = self._guarded("Read"), self._guarded("Update")
        return Starlette(
            routes=[
                Route("/api/oauth/token", self._give_token, methods=["POST"]),
                Route(f"{at}/public-key", read(self._public_key)),
                Route(f"{at}/upload-token", self._create, methods=["POST"]),
                Route(f"{at}/{{id}}/upload-token", update(self._renew), methods=["PUT"]),
                Route(f"{at}/{{id}}/syncs/latest", read(self._latest_sync)),
                Route(at, read(self._list)),
                Route("/api/v1/notifications", read(self._notifications)),
            ],
            exception_handlers={404: _unknown_path},
        )

    def _guarded(self, privilege: str) -> Callable[[Handler], Handler]:
        def guard(handler: Handler) -> Handler:
            async def answer(request: Request) -> Response:
                kind, _, token = request.headers.get("authorization", "").partition(" ")
                if kind != "Bearer" or token not in self.access_tokens:
                    response = _error(401, "INVALID_TOKEN")
                elif privilege not in self.privileges:
                    response = _error(403, "INVALID_PRIVILEGE")
                else:
                    response = await handler(request)
                response.headers["Date"] = format_datetime(self.now, usegmt=True)
                return response

            return answer

        return guard

    async def _give_token(self, request: Request) -> Response:
        async with request.form() as form:
            asked = dict(form)
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if asked != wanted:
            return _error(401, "INVALID_CLIENT")
        token = f"at-{len(self.given)}-t0k3n"
        self.given.append(token)
        self.access_tokens.add(token)
        return JSONResponse({"access_token": token, "expires_in": 599, "token_type": "Bearer", "scope": "api-role:2"})

    async def _notifications(self, _: Request) -> Response:
        return _error(403, "INVALID_PRIVILEGE") if self.notices is None else JSONResponse(self.notices)

    async def _public_key(self, _: Request) -> Response:
        if not self.has_key:
            return _error(404, "NOT_FOUND")
        return Response(self.certificate, media_type="application/x-pem-file")

    async def _list(self, request: Request) -> Response:
        node, headers = self._node(request)
        shown = list((self.instances if node == self._written_at else self._stale).values())
        start = int(request.query_params["page"]) * self.page_size
        page = [_shown(one) for one in shown[start : start + self.page_size]]
        return JSONResponse({"totalCount": len(shown), "results": page}, headers=headers)

    async def _create(self, request: Request) -> Response:
        raise AssertionError("a renewal is never a POST: the PreStage enrolments would stay with the old instance")

    async def _renew(self, request: Request) -> Response:
        node, headers = self._node(request)
        sent = await request.json()
        try:
            file = base64.b64decode(sent["encodedToken"].encode(), validate=True)
        except binascii.Error:
            return _error(400, "INVALID_FIELD", "encodedToken")
        one = self.instances.get(request.path_params["id"])
        if one is None:
            return _error(404, "INVALID_ID", "id")
        values = opened(file, a_keypair(self.key))
        if values is None:
            return _error(500, "INTERNAL_ERROR")
        self.file_names.append(sent.get("tokenFileName"))
        self._written_at = node
        one.consumer_key = values["consumer_key"]
        one.expires_at = datetime.fromisoformat(values["access_token_expiry"])
        if self.syncs_at_once:
            self.sync()
        if self.breaks_after_taking:
            return _error(500, "INTERNAL_ERROR")
        return JSONResponse(_shown(one), headers=headers)

    async def _latest_sync(self, request: Request) -> Response:
        if self.syncs_when_asked:
            self.sync()
        one = self.instances.get(request.path_params["id"])
        if one is None or one.sync_state is None:
            return _error(404, "INVALID_ID", "id")
        timestamp = f"{one.synced_at:%Y-%m-%dT%H:%M:%S}.000+0000"
        return JSONResponse({"syncState": one.sync_state, "instanceId": one.id, "timestamp": timestamp})

    def _node(self, request: Request) -> tuple[int, dict[str, str]]:
        """Return which node of the cluster answers: that of the cookie, else the next one in turn."""
        known = request.cookies.get("node")
        if known is not None:
            return int(known), {}
        node, self._asked = self._asked % self.nodes, self._asked + 1
        return node, {"Set-Cookie": f"node={node}; Path=/; HttpOnly"}


def _shown(one: Instance) -> Json:
    return {
        "id": one.id,
        "name": one.name,
        "supervisionIdentityId": "-1",
        "siteId": "-1",
        "serverName": one.account.server_name,
        "serverUuid": one.account.server_uuid,
        "adminId": one.account.admin_id,
        "orgName": one.account.org_name,
        "orgEmail": "it@corp.example",
        "orgPhone": "+1 555 0100",
        "orgAddress": "1 Example Way",
        "tokenExpirationDate": f"{one.expires_at:%Y-%m-%d}",
    }


def _error(status: int, code: str, name: str | None = None) -> Response:
    """Source: the API reference. What ``description`` says of a bad token is not published."""
    fault: Json = {"code": code, "field": name, "description": "oops", "id": "0"}
    return JSONResponse({"httpStatus": status, "traceId": "7f3a", "errors": [fault]}, status)


async def _unknown_path(_: Request, __: Exception) -> Response:
    return _error(404, "NOT_FOUND")
