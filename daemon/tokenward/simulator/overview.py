"""What the control plane shows of the world: enough to judge by, and no secret."""

from dataclasses import asdict
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tokenward.simulator.answers import Jsonable
from tokenward.simulator.state import Certificate, DepName, Keypair, Service, Token, User, World
from tokenward.simulator.tokens import refusal


def overview(world: World, now: datetime) -> dict[str, Jsonable]:
    """Return the world as JSON, without keys, tokens and passwords."""
    terms = world.organisation.terms
    return {
        "now": now.isoformat(),
        "clock_offset_seconds": world.clock_offset.total_seconds(),
        "organisation": {"name": world.organisation.name, "id": world.organisation.id},
        "terms": {"signed": terms.are_signed(now), "accepted": terms.accepted, "at": terms.gate.value},
        "users": [_user(user) for user in world.users.values()],
        "services": [_service(world, service, now) for service in world.services.values()],
        "api_clients": [
            {"client_id": client.id, "key_id": client.key_id, "product": client.product.value, "role": client.role}
            for client in world.api_clients.values()
        ],
        "sessions": sum(now < session.expires_at for session in world.sessions.values()),
        "switches": {
            **asdict(world.switches),
            "envelope": [name.value for name in sorted(world.switches.envelope)],
        },
        "nanodep": {
            "down": world.nanodep.down,
            "names": {name: _name(world, held) for name, held in world.nanodep.names.items()},
        },
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _user(user: User) -> dict[str, Jsonable]:
    return {
        "account": user.account,
        "role": user.role,
        "status": user.status.value,
        "password_changes": len(user.password_changes),
    }


def _service(world: World, service: Service, now: datetime) -> dict[str, Jsonable]:
    return {
        "uuid": service.uuid,
        "name": service.name,
        "release_devices": service.release_devices,
        "certificate": _certificate(service.certificate),
        "last_connected_at": _instant(service.last_connected_at),
        "last_connected_ip": service.last_connected_ip,
        "devices": len(service.devices),
        "tokens": [_token(world, token, now) for token in world.tokens if token.service == service.uuid],
    }


def _certificate(certificate: Certificate | None) -> dict[str, Jsonable] | None:
    if certificate is None:
        return None
    return {
        "sha256": certificate.sha256,
        "uploaded_by": certificate.uploaded_by,
        "uploaded_at": certificate.uploaded_at.isoformat(),
    }


def _token(world: World, token: Token, now: datetime) -> dict[str, Jsonable]:
    refused = refusal(world, token, now)
    return {
        "issued_at": token.issued_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "downloader": token.downloader,
        "superseded_at": _instant(token.superseded_at),
        "refused_with": refused[1] if refused else None,
    }


def _name(world: World, held: DepName) -> dict[str, Jsonable]:
    """Return what is held under one name, and which of Apple's services its token is for."""
    token = world.find_token(held.secrets.access_token) if held.secrets else None
    return {
        "staging": _keypair(held.staging),
        "current": _keypair(held.current),
        "has_token": held.secrets is not None,
        "service": token.service if token else None,
        "is_newest_token": token is not None and token.superseded_at is None,
        "base_url": held.base_url,
    }


def _keypair(keypair: Keypair | None) -> dict[str, Jsonable] | None:
    if keypair is None:
        return None
    certificate = x509.load_pem_x509_certificate(keypair.certificate.encode())
    return {
        "subject": certificate.subject.rfc4514_string(),
        "sha256": certificate.fingerprint(SHA256()).hex(),
        "expires_at": certificate.not_valid_after_utc.isoformat(),
    }
