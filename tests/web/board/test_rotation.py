"""A rotation on the board: whose turn it is, what it waits for, and when somebody had better act by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tokenward.model.rotation import Claim, State
from tokenward.model.target import BlockReason
from tokenward.web.board.rotation import rotation_page, rotation_view
from tokenward.web.board.view import Turn
from tokenward.web.standing import needs_plan_b
from web.board.board_scene import STATES, blocked
from web.scene import DAY, HOUR, MINUTE, NOW, a_roster, a_rotation, a_service, an_overview

OVERVIEW = an_overview(roster=a_roster(a_service(), a_service("robot", issuer="command")))


def view(**words):
    """Return a rotation of ``main`` as the board shows it."""
    return rotation_view(a_rotation(**words), OVERVIEW)


@pytest.mark.parametrize(
    ("words", "turn", "people"),
    [
        ({}, Turn.PERSON, ["kim"]),
        ({"actor": None}, Turn.OPERATORS, []),
        ({"claim": Claim("ana", NOW - MINUTE, NOW + MINUTE)}, Turn.PERSON, ["ana"]),
        ({"claim": Claim("ana", NOW - HOUR, NOW - MINUTE)}, Turn.PERSON, ["kim"]),
        ({"state": State.OPENED}, Turn.TOKENWARD, []),
        ({"state": State.CHECKED}, Turn.TOKENWARD, []),
        ({"blocked": blocked(BlockReason.TARGET_UNREACHABLE)}, Turn.OPERATORS, []),
        ({"blocked": blocked(BlockReason.TERMS_UNSIGNED)}, Turn.OPERATORS, []),
        ({"service": "robot"}, Turn.TOKENWARD, []),
        ({"state": State.DONE, "closed_at": NOW}, Turn.TOKENWARD, []),
        ({"service": "gone"}, Turn.TOKENWARD, []),
    ],
)
def test_whose_turn_it_is(words, turn, people):
    """B4.2, B7.1: the claimant's, the asked person's, the operators', or nobody's."""
    found = view(**words)

    assert (found.turn, [person.id for person in found.people]) == (turn, people)


def test_terms_are_the_turn_of_those_who_accept_them():
    """B7.5: named by the organisation."""
    roster = a_roster(a_service())
    corp = replace(roster.organisations["corp"], terms=("ana", "kim"))
    overview = an_overview(roster=replace(roster, organisations={**roster.organisations, "corp": corp}))

    found = rotation_view(a_rotation(blocked=blocked(BlockReason.TERMS_UNSIGNED)), overview)

    assert [person.id for person in found.people] == ["ana", "kim"]


@pytest.mark.parametrize(
    ("words", "waits"),
    [
        ({}, "kim is asked to download the new token."),
        ({"actor": None}, "Nobody is left who could be asked."),
        ({"claim": Claim("ana", NOW, NOW + HOUR)}, "ana has started, and others are held off."),
        ({"state": State.CHECKED}, "Nobody has to do anything, or download again."),
        ({"state": State.INSTALLED}, "it is being watched whether the service works with it."),
        ({"recover_until": NOW + HOUR}, "Don’t download again."),
        ({"service": "robot"}, "The issuer brings the new token; nobody has to do anything."),
        ({"state": State.OPENED}, "It is looked at again on 24 November 2026, 10:30 UTC"),
        ({"state": State.OPENED, "wake_at": NOW}, "It is at work."),
        ({"blocked": blocked()}, "It stands still until that is mended."),
        ({"state": State.DONE, "closed_at": NOW}, ""),
    ],
)
def test_what_it_waits_for_is_a_sentence(words, waits):
    """B4.6: also that nothing is to be done, and that nobody should download again."""
    assert waits in view(**words).waits


@pytest.mark.parametrize(
    ("words", "is_time"),
    [
        ({"entered_at": NOW - 10 * MINUTE}, True),
        ({"entered_at": NOW - 9 * MINUTE}, False),
        ({"entered_at": NOW - DAY, "blocked": None}, False),
        ({"entered_at": NOW - DAY, "state": State.INSTALLED}, False),
        ({"entered_at": NOW - DAY, "state": State.AWAITING_TOKEN}, False),
    ],
)
def test_plan_b_is_for_an_installation_that_has_failed_for_ten_minutes(words, is_time):
    """B4.5: not for one that is only slow, nor before the file is here."""
    failing = STATES["failing"].rotation
    assert failing is not None
    rotation = replace(failing, **words)

    assert needs_plan_b(rotation, NOW) is is_time
    assert rotation_view(rotation, OVERVIEW).plan_b is is_time


def test_an_outage_lasts_until_it_is_over():
    """B4.3: from the click until the service is seen to work, also where a rotation was cancelled meanwhile."""
    assert view().outage is None
    assert view(outage_started_at=NOW - HOUR).outage.seconds == 3600
    assert view(outage_started_at=NOW - HOUR, outage_ended_at=NOW - HOUR + timedelta(seconds=5)).outage.seconds == 5
    assert view(outage_started_at=NOW - HOUR, state=State.CANCELLED, closed_at=NOW - HOUR).outage.seconds == 0


def test_a_rotation_of_a_service_that_is_configured_no_more_can_still_be_read():
    """B12.4: its history is kept."""
    page = rotation_page(a_rotation(service="gone", state=State.DONE, closed_at=NOW), OVERVIEW, ())

    assert (page.name, page.is_configured) == ("gone", False)
