"""What somebody has to look at, and in which order."""

from dataclasses import replace

import pytest

from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Cause, State
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.web.board.glance import board
from tokenward.web.board.view import Urgency
from tokenward.web.vitals import ConfigurationHealth, Readiness, SourceHealth
from web.board.board_scene import STATES, blocked
from web.scene import DAY, HOUR, NOW, a_record, a_roster, a_rotation, a_service, a_token, an_overview, the_vitals

ONE = a_roster(a_service())
SCHOOL = Urgency.NOT_LINKED
"""Of the organisation beside it, which has no service."""


def needs(*records, roster=ONE, states=(), **vitals):
    """Return what the board says first."""
    return board(an_overview(*records, roster=roster, states=states), the_vitals(**vitals), {}).needs


def about_main(*records, **words):
    """Return why somebody has to look at ``main``."""
    return [need.urgency for need in needs(*records, **words) if need.service == "main"]


@pytest.mark.parametrize(
    ("record", "urgency"),
    [
        (STATES["good"], []),
        (STATES["waiting"], []),
        (STATES["done"], []),
        (STATES["blocked"], [Urgency.STANDS_STILL]),
        (STATES["overdue"], [Urgency.OVERDUE]),
        (STATES["failing"], [Urgency.OUTAGE]),
        (STATES["recovery"], [Urgency.OUTAGE]),
        (STATES["expired"], [Urgency.DEAD]),
        (STATES["terms"], [Urgency.TERMS]),
        (a_record(token=None), [Urgency.UNKNOWN_END]),
        (a_record(token=a_token(expiry=Expiry(NOW + 13 * DAY, Basis.STATED))), [Urgency.ENDS_SOON]),
        (a_record(rotation=a_rotation(due_at=NOW + 6 * DAY)), [Urgency.DUE_SOON]),
        (a_record(rotation=a_rotation(state=State.CHECKED, due_at=NOW - DAY)), []),
    ],
)
def test_what_needs_somebody_is_said(record, urgency):
    """Issue's board: blocked, overdue, dead, unknown expiry; a question that is not due yet is nobody's alarm."""
    assert about_main(record) == urgency


def test_the_most_pressing_stands_first_and_of_those_alike_the_longest():
    """Design 6: what stands on top is what to do first in the morning."""
    services = [a_service(name, name=name) for name in ("a", "b", "c", "d", "e")]
    records = (
        a_record("a", token=a_token(service="a", expiry=None)),
        a_record("b", rotation=a_rotation(service="b", blocked=blocked(since=NOW - HOUR))),
        a_record("c", rotation=a_rotation(service="c", blocked=blocked(since=NOW - DAY))),
        a_record("d", token=a_token(service="d", state=TokenState.REJECTED)),
        a_record("e", rotation=a_rotation(service="e", outage_started_at=NOW - HOUR)),
    )

    found = needs(*records, roster=a_roster(*services))

    assert [need.about for need in found] == ["e", "d", "c", "b", "a", "Example School"]


def test_the_remedy_is_that_of_what_stands_in_the_way():
    """B2.1: a sentence, which the record has already."""
    (need,) = (one for one in needs(STATES["failing"]) if one.service)

    assert need.do == "The installation fails. Free the disk, then retry."
    assert need.since == NOW - 12 * 60 * (HOUR / 3600)


def test_where_nobody_could_be_asked_that_is_said():
    """B7.1: before a rotation finds out."""
    gone = (PersonState("kim", Standing.DEPARTED), PersonState("ana", Standing.ROLE_LOST))

    assert about_main(a_record(), states=gone) == [Urgency.NOBODY]
    assert about_main(a_record(), states=gone, roster=a_roster(a_service(issuer="command"))) == []


def test_terms_are_for_those_who_may_accept_them():
    """B11.3: by name."""
    roster = a_roster(a_service())
    corp = replace(roster.organisations["corp"], terms=("ana",))
    roster = replace(roster, organisations={**roster.organisations, "corp": corp})
    rotation = a_rotation(blocked=blocked(BlockReason.TERMS_UNSIGNED))

    found = [one for one in needs(replace(STATES["terms"], rotation=rotation), roster=roster) if one.service]

    assert [need.do.partition(" has")[0] for need in found] == ["ana"]


def test_an_organisation_without_a_working_service_is_said_once():
    """A1: unless what is said of its services says so already."""
    assert needs()[-2].about == "Example Corporation"
    assert [need.about for need in needs(STATES["blocked"])] == ["Main MDM", "Example School"]


def test_a_service_that_is_only_watched_has_to_be_renewed_by_hand():
    """B1.5: nothing ever rotates it."""
    watched = a_roster(a_service(issuer=None))

    (need,) = (one for one in needs(STATES["expired"], roster=watched) if one.service)

    assert "only watches" in need.do


def test_the_daemon_speaks_of_itself_first():
    """Promise 6: it says so, and waits, and goes on."""
    readiness = Readiness(configuration=True, store=False, sources=True)
    found = needs(STATES["failing"], readiness=readiness)

    assert [need.urgency for need in found] == [Urgency.NOT_READY, Urgency.OUTAGE, SCHOOL]


def test_a_mistake_in_the_configuration_and_a_source_that_fails_are_said():
    """C9: a reload that failed; a poll that fails; a source that has been silent for too long."""
    found = needs(
        a_record(),
        configuration=ConfigurationHealth(is_loaded=False, loaded_at=NOW - DAY),
        sources=(
            SourceHealth("poll", "okta", is_up=False),
            SourceHealth("hook", "okta-event-hook", is_up=True, last_success_at=NOW - 2 * DAY, silence_limit=DAY),
            SourceHealth("good", "okta-event-hook", is_up=True, last_success_at=NOW - HOUR, silence_limit=DAY),
            SourceHealth("never", "okta-event-hook", silence_limit=DAY),
        ),
    )

    assert [need.about for need in found] == ["poll", "hook", "Tokenward", "Example School"]


def test_blind_spots_are_shown():
    """Principle: it says what it cannot see."""
    reading = a_record().last_reading
    assert reading is not None
    blind = replace(reading, verdict=None, why="A folder can't be asked.")
    stranger = a_token(downloader="max@corp.example", since=NOW - DAY)

    def spots(record):
        return [spot.what for spot in board(an_overview(record, roster=ONE), the_vitals(), {}).blind_spots]

    assert spots(a_record()) == []
    assert spots(a_record(last_reading=blind)) == ["Whether its token works. A folder can't be asked."]
    assert spots(a_record(token=a_token(downloader=None)))[0].startswith("Who downloaded its token")
    assert "max@corp.example" in spots(a_record(token=stranger))[0]
    assert spots(a_record(last_reading=replace(blind, at=NOW - 200 * DAY))) == []


def test_a_cause_alone_alarms_nobody():
    """B11.3: a rotation that runs by itself is at work."""
    quiet = a_rotation(state=State.OPENED, causes=(Cause.PASSWORD,), due_at=NOW + DAY)

    assert about_main(a_record(rotation=quiet)) == []
