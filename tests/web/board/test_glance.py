from dataclasses import replace

import pytest

from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Blocked, Cause, Claim, State
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.store.views import LastReading
from tokenward.web.board.glance import board
from tokenward.web.board.view import BoardView, Tone, Turn
from tokenward.web.vitals import Coverage, Signal, SourceHealth
from web.scene import (
    DAY,
    HOUR,
    LABS,
    MINUTE,
    NOW,
    a_person,
    a_record,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    an_overview,
    the_vitals,
)

BLOCKED = Blocked(BlockReason.TARGET_UNREACHABLE, "bring it back", None, NOW - HOUR)


def shown(*records, vitals=None, **words) -> BoardView:
    """Return the board with *records*."""
    return board(an_overview(*records, **words), vitals or the_vitals(), {"drop": NOW - HOUR})


def needs(*records, **words) -> list[str]:
    """Return what needs somebody, in its order."""
    return [f"{need.about}: {need.what}" for need in shown(*records, **words).needs]


def test_every_organisation_is_there_one_without_a_service_too():
    """A1: shown as such, not left out."""
    view = shown(a_record())

    assert [(one.id, one.linked, len(one.services)) for one in view.organisations] == [
        ("corp", True, 2),
        ("school", False, 0),
    ]
    assert "Example School: No service is known to be linked and working" in needs(a_record())


def test_a_service_is_told_at_a_glance():
    """B1.2, B8.1: days left with the basis of that, custodian, last proof, what is planned."""
    (main, _) = shown(a_record()).organisations[0].services

    assert (main.state, main.days_until_expiry, main.expiry_basis) == (TokenState.VALID, 265.0, Basis.READ_BACK)
    assert (main.custodian, main.rung, main.tone) == ("kim", 4, Tone.GOOD)
    assert main.planned_rotation_at == NOW + 220 * DAY


@pytest.mark.parametrize(("days", "tone"), [(200, Tone.GOOD), (45, Tone.WARN), (14, Tone.BAD), (-1, Tone.BAD)], ids=str)
def test_days_left_strike_the_harder_the_fewer_they_are(days, tone):
    """A9: warnings grow louder as the end nears."""
    token = a_token(expiry=Expiry(NOW + days * DAY, Basis.DECRYPTED))

    assert shown(a_record(token=token)).organisations[0].services[0].tone is tone


@pytest.mark.parametrize(
    ("words", "need"),
    [
        (
            {"rotation": a_rotation(outage_started_at=NOW - MINUTE)},
            "Main MDM: Outage: new devices don’t find this service",
        ),
        ({"token": a_token(state=TokenState.EXPIRED)}, "Main MDM: Its token is expired"),
        ({"token": a_token(state=TokenState.TERMS_UNSIGNED)}, "Main MDM: Apple’s terms are to be accepted"),
        ({"rotation": a_rotation(blocked=BLOCKED)}, "Main MDM: Stands still: the target can’t be reached"),
        ({"rotation": a_rotation(due_at=NOW - DAY)}, "Main MDM: Overdue"),
        ({"rotation": a_rotation(due_at=NOW + 3 * DAY)}, "Main MDM: Due in 3 days"),
        ({"token": a_token(expiry=Expiry(NOW + 5 * DAY, Basis.STATED))}, "Main MDM: Its token ends in 5 days"),
        ({"token": a_token(expiry=None)}, "Main MDM: Nobody knows when its token ends"),
    ],
    ids=["outage", "expired", "terms", "blocked", "overdue", "due soon", "ends soon", "end unknown"],
)
def test_what_needs_somebody_is_said_with_the_remedy(words, need):
    """B2.1, B11.3: one thing for each service, the most pressing."""
    view = shown(a_record(**words))

    assert need in [f"{one.about}: {one.what}" for one in view.needs]
    assert all(one.do for one in view.needs)


def test_what_can_wait_is_not_pressed():
    """B11.3: waiting for a person is nobody's business before the last week."""
    assert needs(a_record(rotation=a_rotation()), a_record("labs")) == [
        "Example School: No service is known to be linked and working"
    ]


def test_a_service_for_which_nobody_could_be_asked_says_so():
    """B7.1: nobody left."""
    nobody = a_roster(replace(a_service(), deputies=()), LABS, people=(a_person("ana"),))

    assert "Main MDM: Nobody could be asked for a new token" in needs(a_record(), roster=nobody)


@pytest.mark.parametrize(
    ("words", "turn", "waits"),
    [
        ({}, Turn.PERSON, "kim is asked to download the new token."),
        ({"claim": Claim("ana", NOW - MINUTE, NOW + HOUR)}, Turn.PERSON, "ana has started"),
        ({"blocked": BLOCKED}, Turn.OPERATORS, "stands still"),
        ({"state": State.CHECKED}, Turn.TOKENWARD, ""),
    ],
    ids=["asked", "at it", "blocked", "at work"],
)
def test_an_open_rotation_says_whose_turn_it_is(words, turn, waits):
    """B2.1: what waits for whom."""
    rotation = shown(a_record(rotation=a_rotation(**words))).organisations[0].services[0].rotation

    assert rotation is not None
    assert rotation.turn is turn
    assert waits in rotation.waits


def test_coverage_says_for_each_person_and_signal_who_can_tell_or_that_nobody_can():
    """B7.7: password, departure, role."""
    vitals = the_vitals(coverage=(Coverage("ana", Signal.DEPARTURE, "hr"),))
    kim, ana = shown(a_record(), vitals=vitals).coverage

    assert kim.sources == {Signal.PASSWORD: ("corp-okta",), Signal.DEPARTURE: (), Signal.ROLE: ()}
    assert ana.sources[Signal.DEPARTURE] == ("hr",)


def test_sources_tell_their_last_word_and_silence_beyond_their_rhythm():
    """B7.7: sources and when each was last heard."""
    silent = SourceHealth("hr", "ldap", is_up=True, last_success_at=NOW - 3 * DAY, silence_limit=DAY)
    view = shown(a_record(), vitals=the_vitals(sources=(*the_vitals().sources, silent)))

    by_id = {one.id: one for one in view.sources}
    assert by_id["drop"].heard_at == NOW - HOUR
    assert by_id["hr"].is_silent
    assert "hr: Nothing came from this source for long" in [f"{one.about}: {one.what}" for one in view.needs]


def test_what_can_not_be_seen_is_said():
    """Unknown is a state: whether a token works, and who downloaded it."""
    reading = LastReading(NOW, None, "It can't tell.", answered=True, answered_at=NOW)
    view = shown(a_record(token=a_token(downloader=None), last_reading=reading))

    assert [one.what for one in view.blind_spots] == [
        "Whether its token works. It can't tell.",
        "Who downloaded its token, so it is taken to be the custodian.",
    ]


def test_a_departure_ahead_leaves_no_trace():
    """B7.2: the board with it is the board without it, and a rotation for it is a planned change of custodian."""
    rotation = a_rotation(causes=(Cause.CUSTODIAN,), actor="ana")
    records = (a_record(rotation=rotation), a_record("labs", token=a_token(service="labs")))
    leaving = tuple(PersonState(person, Standing.ACTIVE, departs_at=NOW + 9 * DAY) for person in ("kim", "ana"))
    staying = tuple(replace(state, departs_at=None) for state in leaving)

    assert shown(*records, states=leaving) == shown(*records, states=staying)
