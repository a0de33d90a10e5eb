"""An organisation: one account at Apple, with the portal that its people see."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tokenward.model.person import Role

APPLE_DEVICE_API: Final = "https://mdmenrollment.apple.com"
APPLE_TOKEN_URL: Final = "https://account.apple.com/auth/oauth2/token"


class Portal(StrEnum):
    """Which of Apple's portals the organisation uses: it decides wording, roles and what Apple's API offers."""

    BUSINESS_MANAGER = "business-manager"
    SCHOOL_MANAGER = "school-manager"
    APPLE_BUSINESS = "apple-business"


APPLE_PORTAL: Final = {
    Portal.BUSINESS_MANAGER: "https://business.apple.com",
    Portal.SCHOOL_MANAGER: "https://school.apple.com",
    Portal.APPLE_BUSINESS: "https://business.apple.com",
}
"""Where people sign in to each portal.

Source: the user guides of Apple Business Manager, School Manager and Apple Business, "sign in".
"""

APPLE_API: Final = {
    Portal.BUSINESS_MANAGER: "https://api-business.apple.com",
    Portal.SCHOOL_MANAGER: "https://api-school.apple.com",
    Portal.APPLE_BUSINESS: "https://api-business.apple.com",
}
"""Where the API of each portal is reached, without the version.

Source: Apple, "Apple Business API" and "Apple School Manager API".
"""

_MANAGER_ROLES: Final = frozenset({Role.ADMINISTRATOR, Role.DEVICE_ENROLMENT_MANAGER})

FITTING_ROLES: Final = {
    Portal.BUSINESS_MANAGER: _MANAGER_ROLES,
    Portal.SCHOOL_MANAGER: _MANAGER_ROLES,
    Portal.APPLE_BUSINESS: frozenset(
        {Role.ORGANIZATION_ADMINISTRATOR, Role.IT_ADMINISTRATOR, Role.DEVICE_ENROLMENT_MANAGER, Role.CUSTOM}
    ),
}
"""Roles that may link a service.

Source: the guide of Apple Business Manager names Administrator and Device Enrolment Manager; that of Apple Business any
role with the permission to view, add and delete device management services.
"""


@dataclass(frozen=True, slots=True)
class Organisation:
    """One Apple Business Manager, School Manager or Apple Business account."""

    id: str
    name: str
    portal: Portal
    terms: tuple[str, ...] = ()
    """Ids of the people who can accept Apple's terms."""
    device_api: str = APPLE_DEVICE_API
    """Where Apple's device assignment API is reached."""
    steps: tuple[str, ...] = ()
    """The operator's own steps through the portal; ``{name}``, ``{file}`` and ``{box}`` are filled in."""
    portal_url: str | None = None
    """Where people sign in, if that is not Apple's own address for the portal."""

    @property
    def portal_address(self) -> str:
        """Where people sign in."""
        return self.portal_url or APPLE_PORTAL[self.portal]
