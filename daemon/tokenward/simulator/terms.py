"""Apple's terms and conditions: new ones appear, and an administrator accepts them."""

from dataclasses import replace
from typing import Final

from tokenward.simulator.services import PortalRefused
from tokenward.simulator.state import User, World

ACCEPTING_ROLES: Final = frozenset({"administrator", "organization-administrator"})


def publish_terms(world: World) -> World:
    """Return the world where new terms wait for somebody to accept them; until then Apple refuses calls."""
    terms = replace(world.organisation.terms, accepted=False, effective_at=None)
    return replace(world, organisation=replace(world.organisation, terms=terms))


def accept_terms(world: World, user: User) -> World:
    """Return the world where *user* has accepted the terms, with effect at once.

    Raises:
        PortalRefused: Only an administrator can.
    """
    if user.role not in ACCEPTING_ROLES:
        raise PortalRefused(403, "Only an administrator can accept Apple's terms.")
    terms = replace(world.organisation.terms, accepted=True, effective_at=None)
    return replace(world, organisation=replace(world.organisation, terms=terms))
