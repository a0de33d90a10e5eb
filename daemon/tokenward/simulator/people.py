"""What happens to people: they come, change their password, lose a role, leave."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from tokenward.simulator import audit
from tokenward.simulator.state import Status, User, World
from tokenward.simulator.tokens import PORTAL_ROLES

_STRICT: Final = ConfigDict(extra="forbid")
_KEPT_PASSWORD_CHANGES: Final = 20
_GONE: Final = frozenset({Status.DEACTIVATED, Status.DELETED})
_ACCOUNT: Final = 200  # characters


class PersonRefused(Exception):
    """This person cannot be added; the sentence says why."""


@dataclass(frozen=True, config=_STRICT)
class NewUser:
    """Somebody who joins the organisation."""

    account: str
    role: str = "device-enrolment-manager"


@dataclass(frozen=True, config=_STRICT)
class UserChange:
    """What happened to a person; what is not named stays."""

    status: Status | None = None
    role: str | None = None
    password_changed: bool = False


def add_user(world: World, new: NewUser, now: datetime) -> World:
    """Return the world with a new person.

    Raises:
        PersonRefused: The account is taken, even by somebody who has left, or is none.
    """
    account = new.account.strip().casefold()
    if not account or len(account) > _ACCOUNT or not account.isprintable():
        raise PersonRefused("This cannot be an Apple account.")
    if account in world.users:
        raise PersonRefused(f"There is already a user {account}.")
    user = User(account, new.role, created_at=now, updated_at=now)
    return audit.account_added(world.with_user(user), user, now)


def change_user(world: World, account: str, change: UserChange, now: datetime) -> World:
    """Return the world after what happened to this person, with what the audit log says of it.

    Raises:
        KeyError: There is nobody with this account.
    """
    before = world.users[account]
    user = _changed(before, change, now)
    world = world.with_user(user)
    if user.status is Status.DELETED and before.status is not Status.DELETED:
        world = audit.account_deleted(world, user, now)
    return audit.role_changed(world, user, now) if user.role != before.role else world


def _changed(user: User, change: UserChange, now: datetime) -> User:
    """Return *user* after what happened now; a return, of the person or of a role, ends the effect."""
    if change.status is not None:
        gone_at = (user.deactivated_at or now) if change.status in _GONE else None
        user = replace(user, status=change.status, deactivated_at=gone_at, updated_at=now)
    if change.role is not None:
        lost_at = None if change.role in PORTAL_ROLES else user.role_lost_at or now
        user = replace(user, role=change.role, role_lost_at=lost_at, updated_at=now)
    if change.password_changed:
        changes = (*user.password_changes, now)[-_KEPT_PASSWORD_CHANGES:]
        user = replace(user, password_changes=changes)
    return user
