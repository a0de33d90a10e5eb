"""The world on the first start: one organisation, two people, no service."""

import random
import secrets
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from tokenward.simulator.durable import CannotStart
from tokenward.simulator.state import NanoDep, Organisation, Ports, User, World

HOST: Final = "127.0.0.1"
# Below the kernel's range for outgoing connections: none of those takes a kept port while we are away.
_PORTS: Final = range(18000, 32000)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SeedUser:
    """A person in the seed file."""

    account: str
    role: str = "device-enrolment-manager"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Seed:
    """The seed file: ``{"organisation": "Name", "users": [{"account": "...", "role": "..."}]}``."""

    organisation: str = "Example Corporation"
    users: tuple[SeedUser, ...] = (SeedUser("kim@corp.example"), SeedUser("ana@corp.example"))


def load_seed(path: Path | None) -> Seed:
    """Return what the seed file says, or the usual seed without one.

    Raises:
        CannotStart: The file cannot be read or is not a seed.
    """
    if path is None:
        return Seed()
    try:
        return TypeAdapter(Seed).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CannotStart(f"{path} is not a seed file: organisation, users with account and role") from error


def first_world(seed: Seed) -> World:
    """Return the world of a first start, with new ids, a new API key, and free ports."""
    people = (User(user.account.strip().casefold(), user.role) for user in seed.users)
    apple, portal, nanodep, business = free_ports(4)
    return World(
        organisation=Organisation(
            name=seed.organisation,
            id=str(10**6 + secrets.randbelow(9 * 10**6)),
            id_hash=secrets.token_hex(32),
        ),
        users={user.account: user for user in people},
        nanodep=NanoDep(api_key=secrets.token_urlsafe(24)),
        ports=Ports(apple, portal, nanodep, business),
    )


def with_all_ports(world: World) -> World:
    """Return *world* with a port for each listener; those that it has stay."""
    kept = world.ports
    if kept.business:
        return world
    business = next(port for port in free_ports(4) if port not in {kept.apple, kept.portal, kept.nanodep})
    return replace(world, ports=replace(kept, business=business))


def free_ports(count: int) -> Iterator[int]:
    """Return so many ports that nobody listens on now.

    Raises:
        CannotStart: There are not so many.
    """
    found = 0
    for port in random.SystemRandom().sample(_PORTS, k=len(_PORTS)):
        if found == count:
            return
        if _is_free(port):
            found += 1
            yield port
    if found < count:
        raise CannotStart("no free port found")


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True
