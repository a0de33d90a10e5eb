"""The organisation's audit log: what Apple writes into it, and what it does not.

There is no entry for a changed password, a deactivation, a lock or a downloaded token: Apple has no type for them.

Source: Apple, "AuditEventType" in the Apple Business API.
"""

import json
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Final

from tokenward.simulator.answers import Jsonable
from tokenward.simulator.identities import role_name, unit_id, user_id
from tokenward.simulator.state import ApiClient, AuditEvent, Service, User, World

KEPT: Final = 2000


def account_added(world: World, user: User, now: datetime) -> World:
    """Return the world where the log says that *user* was added."""
    return _about_user(world, "ACCOUNT_ADDED", user, now, {})


def account_deleted(world: World, user: User, now: datetime) -> World:
    """Return the world where the log says that *user* was deleted."""
    return _about_user(world, "ACCOUNT_DELETED", user, now, {})


def role_changed(world: World, user: User, now: datetime) -> World:
    """Return the world where the log says which role *user* has from now on."""
    role: Jsonable = {"roleName": role_name(user.role), "locationUniqueIdentifier": unit_id(world)}
    return _about_user(world, "ACCOUNT_ROLE_LOCATION_CHANGED", user, now, {"accountRoleLocationList": [role]})


def key_generated(world: World, client: ApiClient, now: datetime) -> World:
    """Return the world where the log says that an API client got its key."""
    event = _event("API_ACCOUNT_KEY_GENERATED", "API_USER", client.id, client.id, now, {"keyId": client.key_id})
    return _with_event(world, event)


def device_moved(world: World, service: Service, serial: str, now: datetime, *, assigned: bool) -> World:
    """Return the world where the log says that a device was assigned to *service*, or taken from it."""
    kind = "DEVICE_ASSIGNED_TO_SERVER" if assigned else "DEVICE_UNASSIGNED_FROM_SERVER"
    data: dict[str, Jsonable] = {"serverId": service.uuid, "serverName": service.name}
    return _with_event(world, _event(kind, "DEVICE", serial, serial, now, data))


def _about_user(world: World, kind: str, user: User, now: datetime, data: dict[str, Jsonable]) -> World:
    return _with_event(world, _event(kind, "USER", user_id(world, user.account), user.account, now, data))


def _event(
    kind: str, subject_type: str, subject_id: str, subject_name: str, now: datetime, data: dict[str, Jsonable]
) -> AuditEvent:
    # unconfirmed: the names of these attributes; one is known, eventDataAccountDeleted
    name = f"eventData{kind.title().replace('_', '')}"
    value = json.dumps(data)
    return AuditEvent(f"ae-{secrets.token_hex(12)}", now, kind, subject_type, subject_id, subject_name, name, value)


def _with_event(world: World, event: AuditEvent) -> World:
    return replace(world, audit_events=(*world.audit_events, event)[-KEPT:])
