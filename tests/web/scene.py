"""An organisation with two services, an empty one beside it, and what is on record about them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.views import FakeIssue, FakeViews, FakeWitness
from tokenward.model.organisation import Organisation, Portal
from tokenward.model.person import Authentication, Person, PersonState, Role
from tokenward.model.roster import Roster
from tokenward.model.rotation import Cause, Installation, Rotation, State
from tokenward.model.service import Keyholder, Service, ServicePolicy, TargetRef
from tokenward.model.token import Basis, Expiry, InstalledToken, TokenState
from tokenward.rotation.ports import Issuer, ServiceWorld, World
from tokenward.store.views import AuditLine, LastReading, ServiceRecord, TallyRow
from tokenward.web.overview import Overview
from tokenward.web.vitals import Build, ConfigurationHealth, Readiness, SourceHealth, TargetHealth, Vitals

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # a Tuesday
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

BUILD = Build("0.1.0", "abc1234", "3.11.2")
READY = Readiness(configuration=True, store=True, sources=True)


def a_person(person: str = "kim", **words: Any) -> Person:
    """Return somebody who may link services of ``corp``."""
    known = Person(person, {"corp": f"{person}@corp.example"}, Role.DEVICE_ENROLMENT_MANAGER, Authentication.FEDERATED)
    return replace(known, **words)


def a_service(service: str = "main", **words: Any) -> Service:
    """Return a service of kim and her deputy ana."""
    known = Service(
        service,
        "corp",
        f"{service.title()} MDM",
        (TargetRef("nanodep", "nanodep"),),
        custodian="kim",
        deputies=("ana",),
        issuer="portal",
    )
    return replace(known, **words)


LABS = a_service("labs", targets=(TargetRef("directory", "directory"),), keyholder=Keyholder.OPERATOR)


def a_roster(*services: Service, people: tuple[Person, ...] = ()) -> Roster:
    """Return ``corp`` with *services*, ``main`` and ``labs`` unless given, and ``school``, which has none."""
    organisations = (
        Organisation("corp", "Example Corporation", Portal.BUSINESS_MANAGER),
        Organisation("school", "Example School", Portal.SCHOOL_MANAGER),
    )
    return Roster(
        {one.id: one for one in organisations},
        {one.id: one for one in people or (a_person("kim", password_source="corp-okta"), a_person("ana"))},
        {one.id: one for one in services or (a_service(), LABS)},
    )


def open_about_departures(service: Service) -> Service:
    """Return *service* with a policy that is open about departures."""
    return replace(service, policy=ServicePolicy(departures_open=True))


def a_token(**words: Any) -> InstalledToken:
    """Return the token of ``main`` that kim downloaded 100 days ago."""
    token = InstalledToken(
        service="main",
        state=TokenState.VALID,
        since=NOW - 100 * DAY,
        expiry=Expiry(NOW + 265 * DAY, Basis.READ_BACK),
        downloader="kim@corp.example",
        issued_at=NOW - 100 * DAY,
        rung=4,
    )
    return replace(token, **words)


def a_rotation(**words: Any) -> Rotation:
    """Return the open rotation of ``main``, which kim is asked about since yesterday."""
    rotation = Rotation(
        id="r1",
        service="main",
        state=State.AWAITING_TOKEN,
        revision=3,
        causes=(Cause.EXPIRY,),
        opened_at=NOW - DAY,
        entered_at=NOW - HOUR,
        due_at=NOW + 13 * DAY,
        wake_at=NOW + HOUR,
        actor="kim",
        visit=1,
        certificate="c0ffee",
        installations=(Installation("nanodep", required=True),),
    )
    return replace(rotation, **words)


def a_record(service: str = "main", **words: Any) -> ServiceRecord:
    """Return what is on record about a service with a good token and nothing to do."""
    token = a_token(service=service)
    reading = LastReading(NOW - 5 * MINUTE, TokenState.VALID, "Apple knows it", True, NOW - 5 * MINUTE)
    return replace(ServiceRecord(service, token=token, last_reading=reading), **words)


def the_views(
    records: tuple[ServiceRecord, ...] | None = None,
    states: tuple[PersonState, ...] = (),
    rows: tuple[TallyRow, ...] = (),
    lines: tuple[AuditLine, ...] = (),
) -> FakeViews:
    """Return what is on record: one good service unless given."""
    return FakeViews((a_record(),) if records is None else records, states, rows, lines)


def a_world(roster: Roster) -> World:
    """Return *roster* with its issuers; no view touches a target."""
    return World(
        roster,
        {
            one.id: ServiceWorld(
                one,
                roster.organisation_of(one),
                targets=(),
                issuer=Issuer(one.issuer, None if one.issuer == "portal" else FakeIssue()) if one.issuer else None,
                witness=FakeWitness(),
            )
            for one in roster.services.values()
        },
    )


def an_overview(
    *records: ServiceRecord, roster: Roster | None = None, states: tuple[PersonState, ...] = ()
) -> Overview:
    """Return the overview of *roster* with *records* and *states* on record."""
    return Overview.of_world(a_world(roster or a_roster()), FakeViews(records, states), NOW)


def the_vitals(**words: Any) -> Vitals:
    """Return what the process knows of itself on a good day."""
    vitals = Vitals(
        now=NOW,
        build=BUILD,
        readiness=READY,
        configuration=ConfigurationHealth(is_loaded=True, loaded_at=NOW - DAY),
        sources=(
            SourceHealth("drop", "drop", is_up=True, last_success_at=NOW - MINUTE),
            SourceHealth("clock", "clock", is_up=True, last_success_at=NOW - MINUTE),
            SourceHealth("corp-okta", "okta-event-hook", silence_limit=DAY),
        ),
        targets=(TargetHealth("main", "nanodep", is_up=True, last_success_at=NOW - 5 * MINUTE),),
        oldest_pending_at={"tokens": NOW - 3 * MINUTE},
        store_bytes=65536,
    )
    return replace(vitals, **words)
