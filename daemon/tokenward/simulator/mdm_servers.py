"""``mdmServers``: the portal's device management services as Apple's Business and School Manager APIs know them.

A service's certificate can be given and never be read; there is no token here, nor who downloaded one.

Source: Apple, "MdmServer" with "Create an MdmServer", "Update an MdmServer" in the Apple Business API; answers as seen
by clients.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tokenward.simulator.answers import Jsonable
from tokenward.simulator.jsonapi import ApiRefused, Kind, Resource, instant, unknown
from tokenward.simulator.services import (
    PortalRefused,
    add_service,
    read_certificate,
    rename_service,
    replace_certificate,
)
from tokenward.simulator.state import ApiClient, Certificate, Service, World

FAMILIES: Final = frozenset({"APPLE_TV", "IPAD", "IPHONE", "IPOD", "MAC", "VISION", "WATCH"})
KIND: Final = Kind(
    "mdmServers",
    (
        "serverName",
        "serverType",
        "status",
        "deviceCount",
        "enableMdmDisownFlag",
        "defaultProductFamilies",
        "lastConnectedDateTime",
        "lastConnectedIp",
        "createdDateTime",
        "updatedDateTime",
    ),
    ("serverName", "serverType", "createdDateTime", "updatedDateTime"),
)
_STRICT: Final = ConfigDict(extra="forbid", strict=True)
_ATTRIBUTES: Final = "/data/attributes"


class _File(BaseModel):
    model_config = _STRICT
    name: str
    data: str = Field(pattern=r"^[A-Za-z0-9+/=\s]+$")  # base64 of DER


class _Attributes(BaseModel):
    model_config = _STRICT
    serverName: str | None = None  # noqa: N815 - Apple's spelling
    serverCertificate: _File | None = None  # noqa: N815
    defaultProductFamilies: tuple[str, ...] | None = Field(default=None, strict=False)  # noqa: N815
    enableMdmDisownFlag: bool | None = None  # noqa: N815


class _Data(BaseModel):
    model_config = _STRICT
    type: str
    id: str | None = None
    attributes: _Attributes = Field(default_factory=_Attributes)


class _Document(BaseModel):
    model_config = _STRICT
    data: _Data


_DOCUMENT: Final = TypeAdapter(_Document)


def resource_of(world: World, service: Service) -> Resource:
    """Return all that the API could say about *service*."""
    milliseconds = world.switches.api_milliseconds
    attributes: Mapping[str, Jsonable] = {
        "serverName": service.name,
        "serverType": "MDM",
        "status": "ACTIVE",
        "deviceCount": len(service.devices),
        "enableMdmDisownFlag": service.release_devices,
        "defaultProductFamilies": list(service.families),
        "lastConnectedDateTime": instant(service.last_connected_at, milliseconds=milliseconds),
        "lastConnectedIp": service.last_connected_ip,
        "createdDateTime": instant(service.created_at, milliseconds=milliseconds),
        "updatedDateTime": instant(service.updated_at, milliseconds=milliseconds),
    }
    return Resource(KIND.type, service.uuid, attributes, ("devices",))


def find_server(world: World, key: str) -> Service:
    """Return the service with exactly this id.

    Raises:
        ApiRefused: There is none (404).
    """
    service = world.services.get(key)
    if service is None:
        raise unknown(KIND.type, key)
    return service


def create_server(world: World, body: bytes, client: ApiClient, now: datetime) -> tuple[World, Service]:
    """Return the world with a new service; it needs a name and a certificate.

    Raises:
        ApiRefused: Something is missing, the name cannot be had, or the certificate is not taken.
    """
    asked = _parsed(body).attributes
    for name in ("serverName", "serverCertificate"):
        if getattr(asked, name) is None:
            detail = f"The attribute '{name}' is required."
            raise ApiRefused(409, "ENTITY_ERROR.ATTRIBUTE.REQUIRED", detail, {"pointer": f"{_ATTRIBUTES}/{name}"})
    certificate = _certificate(asked.serverCertificate, client, now)
    world, service = _as_entity("serverName", lambda: add_service(world, asked.serverName or "", certificate, now))
    return _with_settings(world, service, asked)


def update_server(world: World, key: str, body: bytes, client: ApiClient, now: datetime) -> tuple[World, Service]:
    """Return the world where the fields that were sent have changed. A token is not touched by any of them.

    Raises:
        ApiRefused: No such service, another id in the body, or a value that is not taken.
    """
    service = find_server(world, key)
    data = _parsed(body)
    if data.id != key:
        raise ApiRefused(409, "ENTITY_ERROR.ID.INVALID", "The id is not that of the address.", {"pointer": "/data/id"})
    asked = data.attributes
    if asked.serverName is not None:
        name = asked.serverName
        world, service = _as_entity("serverName", lambda: rename_service(world, key, name))
    if asked.serverCertificate is not None:
        certificate = _certificate(asked.serverCertificate, client, now)
        world, service = _as_entity("serverCertificate", lambda: replace_certificate(world, key, certificate))
    if asked.model_fields_set - {"serverCertificate"}:
        service = replace(service, updated_at=now)
    return _with_settings(world, service, asked)


def delete_server(world: World, key: str) -> World:
    """Return the world without this service.

    Raises:
        ApiRefused: No such service (404), or it is in use (409).
    """
    service = find_server(world, key)
    if service.devices:
        raise ApiRefused(409, "ENTITY_ERROR.DEVICES_ASSIGNED", "Devices are assigned to this server.")
    if service.families:
        detail = "This server is the default for a product family."
        raise ApiRefused(409, "ENTITY_ERROR.DEFAULT_PRODUCT_FAMILIES", detail)
    return world.without_service(key)


def _with_settings(world: World, service: Service, asked: _Attributes) -> tuple[World, Service]:
    """Return *service* with the families and the release box that were sent; a family has one service."""
    families = asked.defaultProductFamilies
    if families is not None:
        if not FAMILIES.issuperset(families):
            raise _bad("defaultProductFamilies", "This is not a product family.")
        for other in world.services.values():
            left = tuple(family for family in other.families if family not in families)
            world = world.with_service(replace(other, families=left))
        service = replace(service, families=tuple(sorted(set(families))))
    if asked.enableMdmDisownFlag is not None:
        service = replace(service, release_devices=asked.enableMdmDisownFlag)
    return world.with_service(service), service


def _parsed(body: bytes) -> _Data:
    try:
        data = _DOCUMENT.validate_json(body).data
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        pointer = "/" + "/".join(str(part) for part in place)
        raise ApiRefused(400, "PARAMETER_ERROR.INVALID", "This is not what goes here.", {"pointer": pointer}) from error
    if data.type != KIND.type:
        raise ApiRefused(409, "ENTITY_ERROR.TYPE.INVALID", f"The type is '{KIND.type}'.", {"pointer": "/data/type"})
    return data


def _certificate(file: _File | None, client: ApiClient, now: datetime) -> Certificate:
    """Return what was sent: base64 of DER, no PEM in any wrapping."""
    try:
        return read_certificate(file.data if file else "", client.id, now)
    except PortalRefused as refused:
        pointer = {"pointer": f"{_ATTRIBUTES}/serverCertificate"}
        raise ApiRefused(400, "PARAMETER_ERROR.INVALID", refused.sentence, pointer) from refused


def _as_entity(attribute: str, step: Callable[[], tuple[World, Service]]) -> tuple[World, Service]:
    # unconfirmed: how the API refuses a name that is taken or reserved
    try:
        return step()
    except PortalRefused as refused:
        raise _bad(attribute, refused.sentence) from refused


def _bad(attribute: str, detail: str) -> ApiRefused:
    return ApiRefused(409, "ENTITY_ERROR.ATTRIBUTE.INVALID", detail, {"pointer": f"{_ATTRIBUTES}/{attribute}"})
