"""Programs that may ask Apple's Business or School Manager API: how they are made, and what their role allows.

Source: Apple, guide pages on API accounts, "Implementing OAuth for the Apple School Manager and Apple Business API".
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tokenward.simulator import audit
from tokenward.simulator.state import ApiClient, Product, World
from tokenward.simulator.tokens import PORTAL_ROLES

MOST_CLIENTS: Final = 50
PREFIXES: Final = {Product.BUSINESS: "BUSINESSAPI.", Product.SCHOOL: "SCHOOLAPI."}
SCOPES: Final = {Product.BUSINESS: "business.api", Product.SCHOOL: "school.api"}
SERVICE_ROLES: Final = PORTAL_ROLES
# unconfirmed: who may read the audit log. Users and groups any role may read.
AUDIT_ROLES: Final = frozenset({"administrator", "organization-administrator", "it-administrator", "custom"})


class TooManyClients(Exception):
    """An organisation can have only so many API accounts."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What the portal shows once: the client, and the private key that nobody can show again."""

    client: ApiClient
    private_key: str  # PEM, PKCS#8


def add_client(world: World, product: Product, role: str, now: datetime) -> tuple[World, NewKey]:
    """Return the world with a new client, and its key.

    Raises:
        TooManyClients: There are 50 already.
    """
    if len(world.api_clients) >= MOST_CLIENTS:
        raise TooManyClients(f"An organisation can have at most {MOST_CLIENTS} API accounts.")
    key = generate_private_key(SECP256R1())
    client = ApiClient(
        id=f"{PREFIXES[product]}{uuid.uuid4()}",
        key_id=str(uuid.uuid4()),
        public_key=key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        product=product,
        role=role,
    )
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return audit.key_generated(world.with_api_client(client), client, now), NewKey(client, private_key)
