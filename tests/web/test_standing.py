"""How a service stands: whether it works, whose token it is, when it is next rotated."""

from dataclasses import replace

import pytest

from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Cause, State
from tokenward.model.service import OnDeparture, ServicePolicy
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.web.standing import backup_custodians, custodian_of, next_rotation_at, works
from web.scene import (
    DAY,
    HOUR,
    LABS,
    NOW,
    a_record,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    an_overview,
    open_about_departures,
)

DONE = a_rotation(state=State.DONE, closed_at=NOW - DAY)


def _works(**words):
    overview = an_overview(a_record(**words))
    service = overview.roster.services["main"]
    return works(overview.facts_of(service), overview.record_of(service).last_done, NOW)


def test_a_service_whose_token_was_seen_to_be_valid_works():
    """A1: it was seen."""
    assert _works()


def test_a_service_that_nobody_can_probe_works_once_its_rotation_was_done():
    """B8.5: the state stays unknown, and nothing speaks against it."""
    assert _works(token=a_token(state=TokenState.UNKNOWN), last_done=DONE)
    assert not _works(token=a_token(state=TokenState.UNKNOWN))


@pytest.mark.parametrize(
    "against",
    [
        {"token": None},
        {"token": a_token(expiry=Expiry(NOW - HOUR, Basis.READ_BACK))},
        {"rotation": a_rotation(causes=(Cause.EXPIRY, Cause.REJECTED))},
        {"rotation": a_rotation(outage_started_at=NOW - HOUR)},
        *({"token": a_token(state=state)} for state in TokenState if state not in {"valid", "unknown"}),
    ],
    ids=[
        "no-token",
        "past-its-date",
        "rejected-once",
        "outage",
        "suspect",
        "terms",
        "rejected",
        "superseded",
        "expired",
    ],
)
def test_whatever_speaks_against_a_service_makes_it_not_known_to_work(against):
    """B8.5: one doubt is enough."""
    assert not _works(**{"last_done": DONE, **against})


def test_an_outage_that_is_over_speaks_against_nothing():
    """B4.3: the clock has stopped."""
    assert _works(rotation=a_rotation(outage_started_at=NOW - HOUR, outage_ended_at=NOW))


@pytest.mark.parametrize(
    ("downloader", "custodian"),
    [(None, "kim"), ("KIM@corp.example", "kim"), ("ana@corp.example", "ana"), ("stranger@corp.example", None)],
)
def test_the_custodian_is_whoever_downloaded_the_token_in_use(downloader, custodian):
    """B1.4: the configured one counts only while no downloader is on record."""
    overview = an_overview(a_record(token=a_token(downloader=downloader)))

    assert custodian_of(overview.facts_of(overview.roster.services["main"])) == custodian


def test_the_next_rotation_opens_well_before_the_token_ends():
    """A9: 45 days before, unless set otherwise."""
    overview = an_overview(a_record())

    assert next_rotation_at(overview.facts_of(overview.roster.services["main"])) == NOW + (265 - 45) * DAY


def test_a_quiet_that_somebody_asked_for_puts_the_next_rotation_off():
    """B2.5: the clock's causes wait."""
    overview = an_overview(a_record(quiet_until=NOW + 230 * DAY))

    assert next_rotation_at(overview.facts_of(overview.roster.services["main"])) == NOW + 230 * DAY


@pytest.mark.parametrize(
    ("service", "record"),
    [
        (a_service(), a_record(rotation=a_rotation())),
        (a_service(issuer=None), a_record()),
        (a_service(), a_record(token=None)),
    ],
    ids=["one-is-open", "only-watched", "no-date-known"],
)
def test_no_rotation_is_planned_where_none_will_open_by_itself(service, record):
    """A9: what is not known is not shown."""
    overview = an_overview(record, roster=a_roster(service))

    assert next_rotation_at(overview.facts_of(service)) is None


def test_only_the_operators_see_that_a_departure_brings_the_next_rotation_forward():
    """B7.2: the planned date that others see tells nothing of it."""
    leaving = PersonState("kim", departs_at=NOW + 60 * DAY)
    overview = an_overview(a_record(), states=(leaving,))
    service = overview.roster.services["main"]

    assert next_rotation_at(overview.facts_of(service)) == NOW + 46 * DAY
    assert next_rotation_at(overview.shown_facts_of(service)) == NOW + 220 * DAY


def test_open_departures_are_shown_to_everybody():
    """B7.2: `departures = "open"` turns it on."""
    service = open_about_departures(a_service())
    leaving = PersonState("kim", departs_at=NOW + 60 * DAY)
    overview = an_overview(a_record(), roster=a_roster(service), states=(leaving,))

    assert next_rotation_at(overview.shown_facts_of(service)) == NOW + 46 * DAY


def test_a_departure_that_only_warns_brings_nothing_forward():
    """B7.3: nothing opens for it."""
    service = replace(a_service(), policy=ServicePolicy(on_departure=OnDeparture.WARN))
    overview = an_overview(
        a_record(), roster=a_roster(service), states=(PersonState("kim", departs_at=NOW + 60 * DAY),)
    )

    assert next_rotation_at(overview.facts_of(service)) == NOW + 220 * DAY


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (PersonState("ana"), 0),
        (PersonState("ana", confirmed_at=NOW - 182 * DAY), 1),
        (PersonState("ana", confirmed_at=NOW - 184 * DAY), 0),
        (PersonState("kim", confirmed_at=NOW), 0),
        (PersonState("ana", Standing.ROLE_LOST, confirmed_at=NOW), 0),
        (PersonState("ana", departs_at=NOW + DAY, confirmed_at=NOW), 1),
        (PersonState("ana", departs_at=NOW, confirmed_at=NOW), 0),
    ],
    ids=["nobody", "lately", "long-ago", "custodian", "role-lost", "leaving", "gone"],
)
def test_deputies_count_who_are_usable_and_confirmed_lately(state, count):
    """B7.6, B7.2: six months; a departure ahead changes nothing that others see."""
    overview = an_overview(roster=a_roster(a_service(), LABS), states=(state,))

    assert backup_custodians(overview.shown_facts_of(LABS), NOW) == count
