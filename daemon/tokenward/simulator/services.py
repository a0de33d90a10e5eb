"""The rules of the portal's page of device management services."""

import base64
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tokenward.simulator.certificates import CertificateRefused, fingerprint, parse_upload
from tokenward.simulator.state import Certificate, Service, Status, Token, User, World
from tokenward.simulator.tokens import PORTAL_ROLES, make_token, with_token

RESERVED_NAMES: Final = frozenset({"unassigned", "reassigned"})
MOST_CERTIFICATES: Final = 250
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class PortalRefused(Exception):
    """The portal says no: with which status, and in which sentence."""

    status: int
    sentence: str


def known_person(world: World, account: str | None) -> User:
    """Return who signs in at the portal, whatever the role.

    Raises:
        PortalRefused: Nobody Apple knows (401), or somebody who cannot sign in (403).
    """
    user = world.users.get((account or "").strip().casefold())
    if user is None or user.status is Status.DELETED:
        raise PortalRefused(401, "Sign in with an account of this organisation.")
    if user.status is Status.DEACTIVATED:
        raise PortalRefused(403, "This account has been deactivated.")
    if user.status is Status.LOCKED:
        raise PortalRefused(403, "This account is locked for the moment.")
    return user


def signed_in(world: World, account: str | None) -> User:
    """Return who signs in at the portal and may see device management services there.

    Raises:
        PortalRefused: Nobody who can sign in (401, 403), or a role that does not fit (403).
    """
    user = known_person(world, account)
    if user.role not in PORTAL_ROLES:
        raise PortalRefused(403, f"The role {user.role!r} does not allow managing device management services.")
    return user


def find_service(world: World, uuid: str) -> Service:
    """Return the service, with its uuid written in any form.

    Raises:
        PortalRefused: There is none (404).
    """
    service = world.services.get(uuid.replace("-", "").upper())
    if service is None:
        raise PortalRefused(404, "There is no such device management service.")
    return service


def add_service(
    world: World, name: str, certificate: Certificate | None, now: datetime, *, release_devices: bool = False
) -> tuple[World, Service]:
    """Return the world with a new service, and the service.

    Raises:
        PortalRefused: The name is taken, reserved or unusable, or there are too many certificates.
    """
    name = _free_name(world, name)
    if certificate is not None:
        _check_room(world)
    uuid = secrets.token_hex(16).upper()
    service = Service(uuid, name, release_devices, certificate, created_at=now, updated_at=now)
    return world.with_service(service), service


def rename_service(world: World, uuid: str, name: str) -> tuple[World, Service]:
    """Return the world where the service has another name.

    Raises:
        PortalRefused: No such service, or the name is taken, reserved or unusable.
    """
    service = find_service(world, uuid)
    service = replace(service, name=_free_name(world, name, service.uuid))
    return world.with_service(service), service


def _free_name(world: World, name: str, own: str | None = None) -> str:
    """Return *name* without surrounding blanks, if the service whose uuid is *own*, or a new one, may have it."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise PortalRefused(400, f"Give the service a name of 1 to {LONGEST_NAME} printable characters.")
    if name.casefold() in RESERVED_NAMES:
        raise PortalRefused(400, f"The name {name!r} is reserved.")
    if any(name.casefold() == other.name.casefold() for other in world.services.values() if other.uuid != own):
        raise PortalRefused(409, f"There is already a device management service named {name!r}.")
    return name


def _check_room(world: World) -> None:
    if sum(service.certificate is not None for service in world.services.values()) >= MOST_CERTIFICATES:
        raise PortalRefused(409, f"An organisation can hold at most {MOST_CERTIFICATES} certificate files.")


def read_certificate(text: str, sender: str, now: datetime) -> Certificate:
    """Return what *sender*, an account or an API client, uploaded.

    Raises:
        PortalRefused: It is not one RSA certificate (400).
    """
    try:
        der = parse_upload(text)
    except CertificateRefused as error:
        raise PortalRefused(400, str(error)) from error
    return Certificate(base64.b64encode(der).decode(), fingerprint(der), sender, now)


def replace_certificate(world: World, uuid: str, certificate: Certificate) -> tuple[World, Service]:
    """Return the world where the service has this certificate. Its token lives on.

    Raises:
        PortalRefused: No such service, or too many certificates.
    """
    service = find_service(world, uuid)
    if service.certificate is None:
        _check_room(world)
    updated_at = certificate.uploaded_at if world.switches.certificate_moves_updated else service.updated_at
    service = replace(service, certificate=certificate, updated_at=updated_at)
    return world.with_service(service), service


@dataclass(frozen=True, slots=True)
class Download:
    """What a click on "download token" gives: a new token, and the certificate saved at that moment."""

    service: Service
    token: Token
    certificate: Certificate


def download_token(world: World, uuid: str, user: User, now: datetime) -> tuple[World, Download]:
    """Return the world after the click, and what it gives. The token before it is dead at once.

    Raises:
        PortalRefused: No such service (404), or it has no certificate yet (409).
    """
    service = find_service(world, uuid)
    if service.certificate is None:
        raise PortalRefused(409, "Upload a certificate for this service before downloading its token.")
    token = make_token(world, service.uuid, user.account, now)
    return with_token(world, token), Download(service, token, service.certificate)
