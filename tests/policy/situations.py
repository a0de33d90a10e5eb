"""Organisation, people and service for the policy's tests, each with a few words changed as the test needs it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tokenward.model.event import ABOUT_PEOPLE, Event, EventKind, Way
from tokenward.model.organisation import Organisation, Portal
from tokenward.model.person import Authentication, Contact, Person, PersonState, Role, Subject
from tokenward.model.roster import Roster
from tokenward.model.rotation import Cause, Rotation, State
from tokenward.model.service import Service, ServicePolicy, TargetRef
from tokenward.model.token import Basis, Expiry, InstalledToken, TokenState
from tokenward.policy.decision import Decision, Facts
from tokenward.policy.table import decide

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

KIM = Person(
    "kim",
    {"corp": "kim@corp.example"},
    Role.DEVICE_ENROLMENT_MANAGER,
    Authentication.FEDERATED,
    password_source="corp-okta",
    also_known_as={"email": ("kim.lee@corp.example",), "okta": ("00uKIM",), "employee": ("E042",)},
    contact=(Contact("mail", "kim@corp.example"),),
)
ANA = Person(
    "ana",
    {"corp": "ana@corp.example"},
    Role.ADMINISTRATOR,
    Authentication.APPLE,
    contact=(Contact("mail", "ana@corp.example"),),
)
BOSS = Person("boss", {"corp": "boss@corp.example"}, Role.PEOPLE_MANAGER)

T = TypeVar("T")


def a_service(**words: Any) -> Service:
    """Return ``main``, of kim and her deputy ana, with a portal issuer."""
    service = Service(
        "main",
        "corp",
        "Main MDM",
        (TargetRef("nanodep", "nanodep"),),
        custodian="kim",
        deputies=("ana",),
        issuer="portal",
    )
    return replace(service, **words)


def a_roster(*people: Person, services: tuple[Service, ...] = (), **words: Any) -> Roster:
    """Return an organisation of kim, ana and boss, who accepts the terms."""
    organisation = Organisation("corp", "Example Corporation", Portal.BUSINESS_MANAGER, terms=("boss",))
    named = {person.id: person for person in people or (KIM, ANA, BOSS)}
    listed = {service.id: service for service in services or (a_service(),)}
    return replace(Roster({"corp": organisation}, named, listed), **words)


def a_token(**words: Any) -> InstalledToken:
    """Return the token of ``main`` that kim downloaded 100 days ago."""
    token = InstalledToken(
        "main",
        TokenState.VALID,
        NOW - 100 * DAY,
        Expiry(NOW + 265 * DAY, Basis.READ_BACK),
        downloader="Kim@corp.example",
    )
    return replace(token, **words)


def a_rotation(**words: Any) -> Rotation:
    """Return a rotation of ``main`` that waits for kim's download."""
    rotation = Rotation(
        id="r1",
        service="main",
        state=State.AWAITING_TOKEN,
        revision=3,
        causes=(Cause.PASSWORD,),
        opened_at=NOW - DAY,
        entered_at=NOW - HOUR,
        due_at=NOW + 6 * DAY,
        wake_at=NOW,
        actor="kim",
    )
    return replace(rotation, **words)


def the_facts(policy: ServicePolicy | None = None, **words: Any) -> Facts:
    """Return what is known of ``main`` with its valid token; *policy* is what is set for it."""
    service = words.pop("service", a_service())
    service = replace(service, policy=policy) if policy else service
    facts = Facts(service, a_roster(services=(service,)), {}, a_token())
    return replace(facts, **words)


def states(*known: PersonState) -> dict[str, PersonState]:
    """Return *known* by person."""
    return {state.person: state for state in known}


def an_event(kind: EventKind, **words: Any) -> Event:
    """Return an event of *kind* that came by drop just now; one about a person speaks of kim."""
    subject = Subject("email", "kim@corp.example") if kind in ABOUT_PEOPLE else None
    event = Event("drop", "1", kind, Way.DROP, NOW, service="main", subject=subject)
    return replace(event, **words)


def asked(kind: EventKind, facts: Facts | None = None, **data: str) -> tuple[Decision, ...]:
    """Return what is decided when somebody asks for *kind* with *data*."""
    event = an_event(kind, source="control", way=Way.CONTROL, data=data)
    return decide(event, facts or the_facts(), NOW)


def only(kind: type[T], decisions: tuple[Decision, ...]) -> T:
    """Return the one decision of *kind* among *decisions*."""
    (found,) = all_of(kind, decisions)
    return found


def all_of(kind: type[T], decisions: tuple[Decision, ...]) -> list[T]:
    """Return the decisions of *kind* among *decisions*."""
    return [decision for decision in decisions if isinstance(decision, kind)]
