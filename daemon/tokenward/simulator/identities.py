"""How Apple's API names people and their roles."""

import uuid
from typing import Final

from tokenward.simulator.state import World

_PEOPLE: Final = uuid.UUID("6a0c7f6e-2f0b-4c55-9d1e-0f7f2f6f9a11")
# unconfirmed: how the API spells roles; these are the names that the portals show.
_ROLE_NAMES: Final = {
    "administrator": "Administrator",
    "device-enrolment-manager": "Device Enrollment Manager",
    "organization-administrator": "Organization Administrator",
    "it-administrator": "IT Administrator",
}


def user_id(world: World, account: str) -> str:
    """Return the opaque id of the person with this account; always the same in one organisation."""
    return str(uuid.uuid5(_PEOPLE, f"{world.organisation.id} {account}"))


def role_name(role: str) -> str:
    """Return the role as Apple shows it."""
    return _ROLE_NAMES.get(role, role.replace("-", " ").title())


def unit_id(world: World) -> str:
    """Return the id of the one organisational unit, or location, where everybody belongs."""
    return str(uuid.uuid5(_PEOPLE, f"{world.organisation.id} unit"))
