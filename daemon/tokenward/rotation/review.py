"""Compares Apple's own records with the configuration, where an API account may read them.

Differences of a service are said to the operators. What has become of people is an event like any other, so the policy
decides what follows from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from tokenward.model.event import Event, EventKind, Way
from tokenward.model.finding import NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.organisation import FITTING_ROLES, Organisation
from tokenward.model.person import Person, Role, Subject
from tokenward.model.registration import Member, Registration
from tokenward.model.service import Service
from tokenward.policy.audience import OPERATORS
from tokenward.policy.templates import Template
from tokenward.rotation.intake import Intake
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import Registrar, ServiceWorld, Tools, World
from tokenward.rotation.record import Message

log = structlog.get_logger("tokenward.review")

SOURCE: Final = "apple-api"
"""What the events name as their source."""
_STANDINGS: Final = {
    "DEACTIVATED": EventKind.ACCOUNT_DISABLED,
    "LOCKED": EventKind.ACCOUNT_LOCKED,
}
"""What a status in Apple's records means; every other one means nothing here."""
_ROLES: Final = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class Review:
    """Looks through Apple's records from time to time."""

    tools: Tools
    intake: Intake
    world: Callable[[], World]

    async def compare(self) -> None:
        """Compare every service and every person of organisations with an API account."""
        world, seen = self.world(), set[str]()
        for served in world.services.values():
            if served.registrar is None:
                continue
            await self._compare_service(served, served.registrar)
            if served.organisation.id not in seen:
                seen.add(served.organisation.id)
                await self._compare_people(served.organisation, served.registrar, world)

    async def _compare_service(self, served: ServiceWorld, registrar: Registrar) -> None:
        service = served.service
        token = await self.tools.ledger.read(lambda change: change.tokens.installed(service.id))
        try:
            found = await registrar.find(service.name, token.server_uuid if token else None)
        except (Retryable, NeedsOperator, OutcomeUnknown) as error:
            log.warning("apple.not_compared", service=service.id, happened=error.finding.happened)
            return
        if found is None:
            return
        for difference in differences(service, found):
            log.warning("apple.differs", service=service.id, difference=difference)
            await self._say(service, difference)

    async def _say(self, service: Service, difference: str) -> None:
        message = Message(
            OPERATORS,
            Template.PORTAL_DIFFERS,
            f"{Template.PORTAL_DIFFERS}/{service.id}/{difference}",
            service.id,
            {"difference": difference},
        )

        def work(change: Change) -> None:
            change.outbox.add(message, self.tools.clock.now())

        await self.tools.ledger.write(work)

    async def _compare_people(self, organisation: Organisation, registrar: Registrar, world: World) -> None:
        try:
            members = {member.account.casefold(): member for member in await registrar.members()}
        except (Retryable, NeedsOperator, OutcomeUnknown) as error:
            log.warning("apple.people_unread", organisation=organisation.id, happened=error.finding.happened)
            return
        now = self.tools.clock.now()
        for person in world.roster.people.values():
            member = members.get(person.accounts.get(organisation.id, "").casefold())
            if member is not None and (event := event_about(person, member, organisation, now)) is not None:
                await self.intake.submit(event)


def differences(service: Service, found: Registration) -> Iterator[str]:
    """Yield, in a sentence each, in what Apple's record of *service* is not as configured."""
    if found.name.strip() != service.name.strip():
        yield f"Apple calls the service {found.name!r}, the configuration {service.name!r}"
    if found.releases_devices is not None and found.releases_devices != service.release_devices:
        may = "may" if found.releases_devices else "may not"
        yield f"at Apple the service {may} release devices, the configuration says the opposite (release_devices)"
    if found.status not in {"", "ACTIVE"}:
        yield f"at Apple the service is {found.status.lower()}"


def event_about(person: Person, member: Member, organisation: Organisation, now: datetime) -> Event | None:
    """Return what Apple's record of *person* says that matters: an account that ended, a role that does not fit."""
    kind = _STANDINGS.get(member.status)
    if kind is None and _has_lost_role(member, organisation):
        kind = EventKind.ROLE_LOST
    if kind is None:
        return None
    roles = ",".join(sorted(member.roles))
    return Event(
        source=SOURCE,
        key=f"{organisation.id}/{person.id}/{kind}/{member.status}/{roles}",
        kind=kind,
        way=Way.WATCH,
        received_at=now,
        subject=Subject("account", member.account),
    )


def _has_lost_role(member: Member, organisation: Organisation) -> bool:
    """Return whether every role is known here and none of them may link a service. A role of one's own may be any."""
    roles = [_ROLES.get(_folded(name)) for name in member.roles]
    return bool(roles) and None not in roles and not FITTING_ROLES[organisation.portal].intersection(roles)


def _folded(name: str) -> str:
    """Return Apple's name of a role as the configuration writes it."""
    return name.strip().casefold().replace(" ", "-").replace("_", "-").replace("enrollment", "enrolment")
