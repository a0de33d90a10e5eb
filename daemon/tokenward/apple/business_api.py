"""Apple's Business and School Manager APIs: what they say of a service, and putting its certificate there.

No call of theirs gives out a token, and a certificate that was put there can't be read back.

Source: Apple, "Apple Business API" and "Apple School Manager API": MdmServer, User, ErrorResponse.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tokenward.apple.business_login import BusinessLogin
from tokenward.model.certificate import Certificate
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.instant import BadInstant, parse_instant
from tokenward.model.registration import ApiAccount, Member, Registration
from tokenward.model.secret import Secret
from tokenward.wire.answer import Answer
from tokenward.wire.client import Connection, HttpPeer, Lost

MOST_PAGES: Final = 100
PAGES: Final = Connection(largest_answer=512 * 1024)
"""A page holds up to 100 records, each with all its roles."""
_SERVER_FIELDS: Final = (
    "serverName,serverType,status,deviceCount,enableMdmDisownFlag,defaultProductFamilies,"
    "lastConnectedDateTime,lastConnectedIp,createdDateTime,updatedDateTime"
)
"""By name, for without asking Apple leaves out when a service last connected."""
_JSON: Final = {"Content-Type": "application/json"}

M = TypeVar("M", bound=BaseModel)


class MayNot(NeedsOperator):
    """The API account's role, or the product, does not allow it: a person does it instead."""


class BusinessApi:
    """One organisation's API, as its API account may use it."""

    def __init__(self, account: ApiAccount, login: BusinessLogin, connection: Connection | None = None) -> None:
        """Ask at *account*'s address with the tokens of *login*."""
        self._login = login
        self._peer = HttpPeer(
            "Apple's API", account.api, unreachable=Code.APPLE_UNREACHABLE, connection=connection or PAGES
        )

    async def find(self, name: str, server_uuid: str | None) -> Registration | None:
        """Return the service with *server_uuid* or, where that is not known yet, with *name*; None if there is none.

        Raises:
            Retryable: Apple was not reached, or is too busy.
            MayNot: The API account may not read services.
            NeedsOperator: Apple does not take the API account, or answered what nobody foresaw.
        """
        if server_uuid is not None:
            path = f"/v1/mdmServers/{_dashless(server_uuid)}"
            answer = await self._ask("GET", path, {"fields[mdmServers]": _SERVER_FIELDS}, missing_is_an_answer=True)
            return None if answer.status == HTTPStatus.NOT_FOUND else _registration(_read(_OneServer, answer).data)
        wanted = name.strip().casefold()
        async for answer in self._pages("/v1/mdmServers", {"fields[mdmServers]": _SERVER_FIELDS}):
            for one in _read(_Servers, answer).data:
                if one.attributes.name.strip().casefold() == wanted:
                    return _registration(one)
        return None

    async def replace_certificate(self, server_uuid: str, certificate: Certificate) -> Registration:
        """Put *certificate* to Apple for the service, and return its record after that. The token in use stays alive.

        Raises:
            Retryable, MayNot, NeedsOperator: As ``find`` does.
            OutcomeUnknown: It may have been done; doing it again does no harm.
        """
        file = {
            "name": f"{certificate.fingerprint[:16]}.der",
            "data": base64.b64encode(certificate.der).decode(),
        }
        server_id = _dashless(server_uuid)
        data = {"type": "mdmServers", "id": server_id, "attributes": {"serverCertificate": file}}
        body = json.dumps({"data": data}).encode()
        answer = await self._ask("PATCH", f"/v1/mdmServers/{server_id}", {}, body)
        return _registration(_read(_OneServer, answer).data)

    async def members(self) -> tuple[Member, ...]:
        """Return everybody in Apple's records of the organisation.

        Raises:
            Retryable, MayNot, NeedsOperator: As ``find`` does.
        """
        found = [one async for answer in self._pages("/v1/users", {}) for one in _read(_Users, answer).data]
        return tuple(
            Member(
                account=one.attributes.managed_apple_account,
                status=one.attributes.status,
                roles=tuple(role.name for role in one.attributes.roles),
            )
            for one in found
            if one.attributes.managed_apple_account
        )

    async def _pages(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Answer]:
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            answer = await self._ask("GET", path, {**query, "limit": "100", **({"cursor": cursor} if cursor else {})})
            yield answer
            cursor = _read(_Page, answer).meta.paging.next_cursor
            if not cursor:
                return

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes = b"",
        *,
        missing_is_an_answer: bool = False,
    ) -> Answer:
        answer = await self._send(method, path, query, body)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._login.forget()
            answer = await self._send(method, path, query, body)
        if answer.is_ok or (missing_is_an_answer and answer.status == HTTPStatus.NOT_FOUND):
            return answer
        if answer.is_outage:
            raise Retryable(_busy(answer.status), answer.retry_after_seconds)
        if answer.status == HTTPStatus.FORBIDDEN:
            raise MayNot(_may_not(method))
        raise NeedsOperator(_refused(answer))

    async def _send(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        bearer = await self._login.bearer()
        headers: dict[str, str | Secret] = {"Authorization": Secret(b"Bearer " + bearer.reveal())}
        if body:
            headers |= _JSON
        # Putting the same certificate twice is the same as once.
        return await self._peer.send(method, path, query=query, headers=headers, body=body, lost=Lost.HARMLESS)


class _Shape(BaseModel):
    """Apple's JSON:API shapes. Every attribute may be missing or null, and new ones come without notice."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class _ServerAttributes(_Shape):
    name: str = Field(default="", alias="serverName")
    status: str = ""
    device_count: int | None = Field(default=None, alias="deviceCount")
    releases_devices: bool | None = Field(default=None, alias="enableMdmDisownFlag")
    last_connected: str | None = Field(default=None, alias="lastConnectedDateTime")
    last_connected_ip: str | None = Field(default=None, alias="lastConnectedIp")
    updated: str | None = Field(default=None, alias="updatedDateTime")


class _Server(_Shape):
    id: str
    attributes: _ServerAttributes = _ServerAttributes()


class _OneServer(_Shape):
    data: _Server


class _Servers(_Shape):
    data: tuple[_Server, ...] = ()


class _Role(_Shape):
    name: str = Field(default="", alias="roleName")


class _UserAttributes(_Shape):
    managed_apple_account: str = Field(default="", alias="managedAppleAccount")
    status: str = ""
    roles: tuple[_Role, ...] = Field(default=(), alias="roleOuList")


class _User(_Shape):
    attributes: _UserAttributes = _UserAttributes()


class _Users(_Shape):
    data: tuple[_User, ...] = ()


class _Paging(_Shape):
    next_cursor: str | None = Field(default=None, alias="nextCursor")


class _Meta(_Shape):
    paging: _Paging = _Paging()


class _Page(_Shape):
    meta: _Meta = _Meta()


class _Error(_Shape):
    code: str = ""


class _Errors(_Shape):
    errors: tuple[_Error, ...] = ()


def _read(shape: type[M], answer: Answer) -> M:
    try:
        return shape.model_validate_json(answer.body)
    except ValidationError as error:
        raise NeedsOperator(_not_understood(answer.status)) from error


def _registration(server: _Server) -> Registration:
    attributes = server.attributes
    return Registration(
        server_uuid=server.id,
        name=attributes.name,
        status=attributes.status,
        releases_devices=attributes.releases_devices,
        device_count=attributes.device_count,
        last_connected_at=_instant(attributes.last_connected),
        last_connected_ip=attributes.last_connected_ip,
        updated_at=_instant(attributes.updated),
    )


def _instant(text: str | None) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except BadInstant:
        return None


def _dashless(server_uuid: str) -> str:
    return server_uuid.replace("-", "").upper()


def _busy(status: int) -> Finding:
    return Finding(
        Code.APPLE_UNREACHABLE,
        f"Apple's API answered {status}: out of order or too busy.",
        "Nothing was changed there.",
        "Nothing: it is tried again by itself.",
    )


def _may_not(method: str) -> Finding:
    what = "read this" if method == "GET" else "change this"
    return Finding(
        Code.APPLE_REFUSED,
        f"Apple's API does not let the organisation's API account {what}.",
        "A person does in the portal what the API does not allow.",
        "Give the API account a role that may manage device management services; School Manager's API never writes.",
    )


def _refused(answer: Answer) -> Finding:
    try:
        codes = ", ".join(one.code[:60] for one in _Errors.model_validate_json(answer.body).errors[:3])
    except ValidationError:
        codes = ""
    said = f" ({codes})" if codes else ""
    return Finding(
        Code.APPLE_REFUSED,
        f"Apple's API answered {answer.status}{said}.",
        "Nothing was changed there.",
        "Do it in Apple's portal, and compare the service's name and certificate there with the configuration.",
    )


def _not_understood(status: int) -> Finding:
    return Finding(
        Code.APPLE_REFUSED,
        f"Apple's API answered {status} in a form that is not known here.",
        "Nothing follows from it.",
        "If it lasts, look for a newer version of Tokenward; a person can do it in the portal meanwhile.",
    )
