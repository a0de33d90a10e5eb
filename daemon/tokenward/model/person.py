"""People: who downloads tokens, by which names events may speak of them, and how things stand with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from tokenward.model.quiet import QuietHours


class Role(StrEnum):
    """What Apple's portal calls the person's role. Not every one may create or download a token."""

    ADMINISTRATOR = "administrator"
    DEVICE_ENROLMENT_MANAGER = "device-enrolment-manager"
    ORGANIZATION_ADMINISTRATOR = "organization-administrator"
    IT_ADMINISTRATOR = "it-administrator"
    CUSTOM = "custom"
    SITE_MANAGER = "site-manager"
    PEOPLE_MANAGER = "people-manager"
    CONTENT_MANAGER = "content-manager"
    STAFF = "staff"


class Authentication(StrEnum):
    """Who keeps the password of the person's Managed Apple Account."""

    APPLE = "apple"
    FEDERATED = "federated"
    UNKNOWN = "unknown"


LOG: Final = "log"
"""The channel that is always there: the daemon's own log. It is used where nothing else is configured."""
NO_CHANNEL: Final = "none"
"""What stands for the channel where nothing was sent, because it was not so any more."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to reach somebody: a channel of the configuration and the address within it."""

    channel: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the configuration names."""

    id: str
    accounts: Mapping[str, str]
    """Managed Apple Account by organisation id."""
    role: Role
    authentication: Authentication = Authentication.UNKNOWN
    password_source: str | None = None
    """The one source whose password events count for this person."""
    also_known_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other names by kind: ``email`` addresses, or an id in the words of one source or of HR."""
    contact: tuple[Contact, ...] = ()
    name: str = ""
    """What people call them."""
    quiet: QuietHours | None = None
    """When they are left in peace; as everybody, where nothing is set."""

    @property
    def called(self) -> str:
        """What they are called where people read it."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event speaks of, in the words of its sender.

    Source: RFC 9493, reduced to one identifier: ``format`` is ``email``, ``account`` or the name of an id space
    (``employee``, ``okta`` …), ``value`` the identifier in it.
    """

    format: str
    value: str


class Standing(StrEnum):
    """How things stand with a person, as far as events have told. Exactly one at a time."""

    UNKNOWN = "unknown"
    ACTIVE = "active"
    PASSWORD_CHANGED = "password_changed"
    LOCKED = "locked"
    ROLE_LOST = "role_lost"
    DEPARTED = "departed"


@dataclass(frozen=True, slots=True)
class PersonState:
    """What events have told about one person."""

    person: str
    standing: Standing = Standing.UNKNOWN
    since: datetime | None = None
    departs_at: datetime | None = None
    """When a departure takes effect, where one is known; discreet until then."""
    confirmed_at: datetime | None = None
    """When they last said that they can sign in and see the services."""

    def is_leaving(self) -> bool:
        """Return whether a departure is known, effective or not."""
        return self.standing is Standing.DEPARTED or self.departs_at is not None

    def has_left(self, now: datetime) -> bool:
        """Return whether a departure is known and effective by *now*."""
        return self.standing is Standing.DEPARTED or (self.departs_at is not None and self.departs_at <= now)
