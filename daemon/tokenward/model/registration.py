"""What Apple's own records say of a service, where an API account of the organisation may read them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tokenward.model.secret import Secret


class RegisteredBy(StrEnum):
    """How the certificate of a rotation came to Apple, or will."""

    API = "api"
    """Put there by Apple's API, which answered that it took it. It can't be read back."""
    KNOWN = "known"
    """It is there: the token in use was made for it."""
    PERSON = "person"
    """The person uploads it as one of their steps."""
    ISSUER = "issuer"
    """The issuer uploads it."""


@dataclass(frozen=True, slots=True)
class ApiAccount:
    """An API account of an organisation, as Apple's portal gave it out."""

    client_id: str
    key_id: str
    private_key: Secret
    """EC P-256, PEM."""
    api: str
    """Base address, without the version."""
    token_url: str


@dataclass(frozen=True, slots=True)
class Registration:
    """One service in Apple's records, at the moment of asking."""

    server_uuid: str
    name: str
    status: str
    """``ACTIVE``, ``INACTIVE``, ``DELETED``, or a word that came later."""
    releases_devices: bool | None
    """Whether it may release devices; None where Apple does not say."""
    device_count: int | None
    last_connected_at: datetime | None
    """When somebody last spoke to Apple with its token. Our own probe would move it, so it is read before."""
    last_connected_ip: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in Apple's records of an organisation."""

    account: str
    status: str
    """``ACTIVE``, ``DEACTIVATED``, ``LOCKED`` …"""
    roles: tuple[str, ...]
    """As Apple names them."""
