"""Everything that the views show of organisations and services, as of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tokenward.model.person import PersonState
from tokenward.model.retirement import Retirement
from tokenward.model.roster import Roster
from tokenward.model.rotation import Rotation
from tokenward.model.service import Service
from tokenward.model.token import InstalledToken
from tokenward.policy.decision import Facts
from tokenward.rotation.ports import World
from tokenward.web.read_model import LastReading, ServiceRecord, Views


@dataclass(frozen=True, slots=True)
class Overview:
    """The configuration in force, and what is on record about each service and person."""

    now: datetime
    roster: Roster
    asking_people: frozenset[str]
    """Services whose issuer is a person, by id."""
    records: Mapping[str, ServiceRecord]
    people: Mapping[str, PersonState]
    discreet_people: Mapping[str, PersonState]
    """The same without departures that are still ahead."""
    retirements: Mapping[str, Retirement]
    """Of every service that is retired, by id."""

    @classmethod
    def of(cls, roster: Roster, asking_people: frozenset[str], views: Views, now: datetime) -> "Overview":
        """Return what *views* hold on record about the services of *roster*."""
        people, retirements = views.people(), views.retirements()
        return cls(
            now=now,
            roster=roster.without(retirements),
            asking_people=asking_people,
            records=views.services(),
            people=people,
            discreet_people={person: discreet(state, now) for person, state in people.items()},
            retirements=retirements,
        )

    @classmethod
    def of_world(cls, world: World, views: Views, now: datetime) -> "Overview":
        """Return what *views* hold on record about the services of *world*."""
        asking = (service for service, served in world.services.items() if served.issuer and served.issuer.needs_person)
        return cls.of(world.roster, frozenset(asking), views, now)

    def record_of(self, service: Service) -> ServiceRecord:
        """Return what is on record about *service*, which may be nothing."""
        return self.records.get(service.id, _Nothing(service.id))

    def facts_of(self, service: Service) -> Facts:
        """Return all that is known about *service*, departures ahead included: for the control socket alone."""
        record = self.record_of(service)
        return Facts(
            service=service,
            roster=self.roster,
            people=self.people,
            token=record.token,
            rotation=record.rotation,
            quiet_until=record.quiet_until,
            needs_person=service.id in self.asking_people,
        )

    def shown_facts_of(self, service: Service) -> Facts:
        """Return what anybody may know about *service*: departures ahead only where its policy is open about them."""
        facts = self.facts_of(service)
        return facts if service.policy.departures_open else replace(facts, people=self.discreet_people)


def discreet(state: PersonState, now: datetime) -> PersonState:
    """Return *state* as it may be shown to anybody: without a departure that is not effective by *now*."""
    if state.departs_at is None or state.has_left(now):
        return state
    return replace(state, departs_at=None)


@dataclass(frozen=True, slots=True)
class _Nothing:
    """Nothing is on record about a service."""

    service: str
    token: InstalledToken | None = None
    rotation: Rotation | None = None
    last_done: Rotation | None = None
    quiet_until: datetime | None = None
    next_probe_at: datetime | None = None
    last_reading: LastReading | None = None
