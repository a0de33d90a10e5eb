"""``users`` and ``auditEvents`` of Apple's Business API: who is in the organisation, and what its audit log says.

Source: Apple, "Get audit events" in the Apple Business API; the attributes of users as transcribed by public clients.
"""

import json
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import QueryParams

from tokenward.simulator.answers import Jsonable
from tokenward.simulator.identities import role_name, unit_id, user_id
from tokenward.simulator.jsonapi import Kind, Resource, bad_parameter, instant, missing_parameter, unknown
from tokenward.simulator.state import AuditEvent, Status, User, World

USERS: Final = Kind(
    "users",
    (
        "firstName",
        "middleName",
        "lastName",
        "status",
        "managedAppleAccount",
        "isExternalUser",
        "roleOuList",
        "email",
        "employeeNumber",
        "costCenter",
        "division",
        "department",
        "jobTitle",
        "phoneNumbers",
        "startDateTime",
        "createdDateTime",
        "updatedDateTime",
    ),
)
AUDIT_EVENTS: Final = Kind("auditEvents", ())
START: Final = "filter[startTimestamp]"
END: Final = "filter[endTimestamp]"
_SYSTEM: Final = "SYSTEM"
# A deleted account is not among the users any more.
_STATUSES: Final = {Status.ACTIVE: "ACTIVE", Status.LOCKED: "LOCKED", Status.DEACTIVATED: "DEACTIVATED"}


def users_of(world: World) -> list[Resource]:
    """Return the people whose accounts exist."""
    return [_user(world, user) for user in world.users.values() if user.status in _STATUSES]


def find_member(world: World, key: str) -> Resource:
    """Return one person by id.

    Raises:
        ApiRefused: There is none, or not any more (404).
    """
    found = next((user for user in users_of(world) if user.id == key), None)
    if found is None:
        raise unknown(USERS.type, key)
    return found


def _user(world: World, user: User) -> Resource:
    milliseconds = world.switches.api_milliseconds
    attributes: dict[str, Jsonable] = dict.fromkeys(USERS.attributes)
    role: Jsonable = {"roleName": role_name(user.role), "ouId": unit_id(world)}
    attributes |= {
        "firstName": user.account.partition("@")[0].title(),
        "status": _STATUSES[user.status],
        "managedAppleAccount": user.account,
        "isExternalUser": False,
        "roleOuList": [role],
        "email": user.account,
        "phoneNumbers": [],
        "createdDateTime": instant(user.created_at, milliseconds=milliseconds),
        "updatedDateTime": instant(user.updated_at, milliseconds=milliseconds),
    }
    return Resource(USERS.type, user_id(world, user.account), attributes)


def audit_events_of(world: World, query: QueryParams) -> list[Resource]:
    """Return the entries in the time that is asked for, oldest first.

    Raises:
        ApiRefused: One of the two instants is missing or is none.
    """
    start, end = _instant(query, START), _instant(query, END)
    wanted = {name: query.get(f"filter[{name}]") for name in ("type", "actorId", "subjectId")}
    events = [_event(world, event) for event in world.audit_events if start <= event.at <= end]
    return [
        event
        for event in events
        if all(value is None or event.attributes[name] == value for name, value in wanted.items())
    ]


def _instant(query: QueryParams, name: str) -> datetime:
    text = query.get(name)
    if not text:
        raise missing_parameter(name)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_parameter(name, "This is not an instant in ISO 8601.") from error
    if at.tzinfo is None:
        raise bad_parameter(name, "The instant has no time zone.")
    return at.astimezone(UTC)


def _event(world: World, event: AuditEvent) -> Resource:
    # unconfirmed: who the actor is; what happens here is done by a directory that is in step, not by a person
    attributes: dict[str, Jsonable] = {
        "eventDateTime": instant(event.at, milliseconds=world.switches.api_milliseconds),
        "type": event.type,
        "category": "ACCOUNT_ACTIVITY",
        "actorType": _SYSTEM,
        "actorId": _SYSTEM.lower(),
        "actorName": None,
        "subjectType": event.subject_type,
        "subjectId": event.subject_id,
        "subjectName": event.subject_name,
        "outcome": "SUCCESS",
        "groupId": None,
        "eventDataPropertyKey": event.property,
        event.property: json.loads(event.data),
    }
    return Resource(AUDIT_EVENTS.type, event.id, attributes)
