"""The portal over HTTP: what a person would click, with ``X-Portal-User`` naming who is signed in."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tokenward.simulator.answers import Answer, Jsonable
from tokenward.simulator.certificates import recipient_of
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.durable import Store
from tokenward.simulator.envelope import file_name, write_envelope
from tokenward.simulator.faults import Faults, Place
from tokenward.simulator.services import (
    PortalRefused,
    add_service,
    download_token,
    find_service,
    read_certificate,
    replace_certificate,
    signed_in,
)
from tokenward.simulator.state import Service, User, World

USER_HEADER: Final = "X-Portal-User"
OWN_NAMES: Final = ("127.0.0.1", "localhost")
Body = TypeVar("Body")
Step = Callable[[World, User, datetime], tuple[World, Answer]]


@dataclass(frozen=True)
class NewService:
    """The body of ``POST /portal/services``."""

    name: str
    certificate: str | None = None  # PEM, or base64 of DER
    release_devices: bool = False


@dataclass(frozen=True)
class NewCertificate:
    """The body of ``PUT /portal/services/{uuid}/certificate``."""

    certificate: str  # PEM, or base64 of DER


_NEW_SERVICE: Final = TypeAdapter(NewService)
_NEW_CERTIFICATE: Final = TypeAdapter(NewCertificate)


def portal_routes(store: Store, faults: Faults) -> list[Route]:
    """Return the portal's routes."""
    portal = _Portal(store, faults)
    one = "/portal/services/{uuid}"
    return [
        Route("/portal/services", portal.list, methods=["GET"]),
        Route("/portal/services", portal.create, methods=["POST"]),
        Route(f"{one}/certificate", portal.put_certificate, methods=["PUT"]),
        Route(f"{one}/token", portal.post_token, methods=["POST"]),
    ]


def portal_app(routes: Sequence[BaseRoute]) -> Starlette:
    """Return the application of the portal's listener; its errors are JSON too.

    It answers to names of this machine alone, so that no web site can reach it by giving itself this address.
    """
    own_names = Middleware(TrustedHostMiddleware, allowed_hosts=OWN_NAMES, www_redirect=False)
    return Starlette(routes=routes, middleware=[own_names], exception_handlers={HTTPException: _http_error})


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Answer.json(status, {"error": HTTPStatus(status).phrase}).response()


class _Portal:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    async def list(self, request: Request) -> Response:
        def step(world: World, _user: User, _now: datetime) -> tuple[World, Answer]:
            return world, Answer.json(200, [_shown(service) for service in world.services.values()])

        return (await self._as_user(request, step)).response()

    async def create(self, request: Request) -> Response:
        body = await request.body()

        def step(world: World, user: User, now: datetime) -> tuple[World, Answer]:
            asked = _parsed(_NEW_SERVICE, body)
            certificate = read_certificate(asked.certificate, user.account, now) if asked.certificate else None
            world, service = add_service(world, asked.name, certificate, now, release_devices=asked.release_devices)
            return world, Answer.json(201, _shown(service))

        return (await self._as_user(request, step)).response()

    async def put_certificate(self, request: Request) -> Response:
        body = await request.body()
        uuid = request.path_params["uuid"]

        def step(world: World, user: User, now: datetime) -> tuple[World, Answer]:
            find_service(world, uuid)
            certificate = read_certificate(_parsed(_NEW_CERTIFICATE, body).certificate, user.account, now)
            world, service = replace_certificate(world, uuid, certificate)
            return world, Answer.json(200, _shown(service))

        return await self._with_faults(request, Place.PORTAL_CERTIFICATE, step)

    async def post_token(self, request: Request) -> Response:
        def step(world: World, user: User, now: datetime) -> tuple[World, Answer]:
            return token_file(world, request.path_params["uuid"], user, now)

        return await self._with_faults(request, Place.PORTAL_TOKEN, step)

    async def _with_faults(self, request: Request, place: Place, step: Step) -> Response:
        service = self._store.world.services.get(request.path_params["uuid"].replace("-", "").upper())
        name = service.name if service else None
        return (await self._faults.around(place, name, lambda: self._as_user(request, step))).response()

    async def _as_user(self, request: Request, step: Step) -> Answer:
        """Return what *step* answers to whoever is signed in, or the portal's refusal."""

        def change(world: World) -> tuple[World, Answer]:
            user = signed_in(world, request.headers.get(USER_HEADER))
            return step(world, user, simulated_now(world.clock_offset))

        try:
            return await self._store.change(change)
        except PortalRefused as refused:
            return Answer.json(refused.status, {"error": refused.sentence})


def _parsed(shape: TypeAdapter[Body], body: bytes) -> Body:
    try:
        return shape.validate_json(body)
    except ValidationError as error:
        raise PortalRefused(400, "The request's body is not what is expected here.") from error


def token_file(world: World, uuid: str, user: User, now: datetime) -> tuple[World, Answer]:
    """Return the world after the click on "download token", and the file.

    Raises:
        PortalRefused: No such service (404), or it has no certificate yet (409).
    """
    world, download = download_token(world, uuid, user, now)
    recipient = recipient_of(base64.b64decode(download.certificate.der))
    file = write_envelope(download.token, recipient, world.switches.envelope)
    headers = {"content-disposition": _attachment(file_name(download.service, download.token))}
    return world, Answer(200, file, "application/pkcs7-mime", headers)


def _attachment(name: str) -> str:
    """Return a Content-Disposition that any name survives. RFC 6266 section 4.3."""
    plain = name.replace("\\", "\\\\").replace('"', '\\"')
    if plain.isascii():
        return f'attachment; filename="{plain}"'
    fallback = plain.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"


def _shown(service: Service) -> dict[str, Jsonable]:
    """Return what the portal's list says about a service."""
    seen_at = service.last_connected_at
    return {
        "uuid": service.uuid,
        "name": service.name,
        "has_certificate": service.certificate is not None,
        "release_devices": service.release_devices,
        "last_connected_at": seen_at.isoformat() if seen_at else None,
        "last_connected_ip": service.last_connected_ip,
        "devices": len(service.devices),
    }
