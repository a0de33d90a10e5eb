"""Devices: serial numbers that are assigned to a service, and the list of them that its token can read."""

import base64
import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from tokenward.simulator import audit
from tokenward.simulator.answers import Answer, Jsonable
from tokenward.simulator.services import find_service
from tokenward.simulator.state import Service, World

LARGEST_PAGE: Final = 1000
_CURSOR: Final = re.compile(r"from ([0-9]{1,6})")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class DeviceSetting:
    """Which devices are assigned to a service from now on, and to no other."""

    service: str  # its uuid
    serial_numbers: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$")], ...] = Field(max_length=LARGEST_PAGE)


def assign_devices(world: World, setting: DeviceSetting, now: datetime) -> World:
    """Return the world where the service has these devices, with what the audit log says of it.

    Raises:
        PortalRefused: There is no such service (404).
    """
    chosen = find_service(world, setting.service)
    wanted = tuple(dict.fromkeys(setting.serial_numbers))
    for service in world.services.values():
        here = service.uuid == chosen.uuid
        kept = wanted if here else tuple(serial for serial in service.devices if serial not in wanted)
        world = _with_devices(world, service, kept, now)
    return world


def _with_devices(world: World, service: Service, devices: tuple[str, ...], now: datetime) -> World:
    world = world.with_service(replace(service, devices=devices))
    for serial in service.devices:
        if serial not in devices:
            world = audit.device_moved(world, service, serial, now, assigned=False)
    for serial in devices:
        if serial not in service.devices:
            world = audit.device_moved(world, service, serial, now, assigned=True)
    return world


def device_page(service: Service, body: bytes) -> Answer:
    """Return the answer to ``POST /server/devices``: one page of what is assigned, or what is wrong with the body."""
    try:
        asked = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        asked = None
    limit = asked.get("limit", LARGEST_PAGE) if isinstance(asked, dict) else None
    if not isinstance(limit, int) or not 1 <= limit <= LARGEST_PAGE:
        return Answer.text(400, "MALFORMED_REQUEST_BODY")
    start = _start(asked["cursor"]) if "cursor" in asked else 0
    if start is None:
        return Answer.text(400, "INVALID_CURSOR")
    if start and start >= len(service.devices):
        return Answer.text(400, "EXHAUSTED_CURSOR")
    end = start + limit
    devices: list[Jsonable] = [{"serial_number": serial} for serial in service.devices[start:end]]
    more = end < len(service.devices)
    return Answer.json(200, {"devices": devices, "more_to_follow": more, "cursor": _cursor(end)})


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"from {position}".encode()).decode()


def _start(cursor: object) -> int | None:
    try:
        found = _CURSOR.fullmatch(base64.urlsafe_b64decode(str(cursor)).decode())
    except ValueError:
        return None
    return int(found[1]) if found else None
