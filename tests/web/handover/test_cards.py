from dataclasses import replace
from typing import Any

import pytest

from fakes.target import FakeTarget
from tokenward.model.person import PersonState, Standing
from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import Blocked, Cause, Claim, Installation, State
from tokenward.model.target import BlockReason
from tokenward.model.token import TokenState
from tokenward.policy.asking import Situation
from tokenward.web.handover.cards import Card, Stage, cards_of, done_cards
from tokenward.web.overview import Overview
from web.scene import DAY, HOUR, LABS, MINUTE, NOW, a_record, a_roster, a_rotation, a_service, a_token, an_overview

PRODUCT = replace(FakeTarget().abilities(), title="Meraki", by_hand=("Upload it.",))
KIMS = Claim("kim", NOW - MINUTE, NOW + 29 * MINUTE)
CLEARED: dict[str, Any] = {"claim": KIMS, "cleared_at": NOW - MINUTE / 2}


def cards(overview: Overview, person: str = "kim") -> tuple[Card, ...]:
    """Return the cards of *person*."""
    facts = tuple(overview.facts_of(service) for service in overview.roster.services.values())
    situation = Situation(overview.roster, overview.people, facts, NOW)
    return cards_of(situation.asks_of(person), person, overview, {"main": PRODUCT})


def the_card(person: str = "kim", **words) -> Card:
    """Return the card of ``main`` whose rotation is as *words* say."""
    (card,) = cards(an_overview(a_record(rotation=a_rotation(**words))), person)
    return card


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        ({}, Stage.READY),
        ({"claim": KIMS}, Stage.LOOKING),
        (CLEARED, Stage.STEPS),
        ({**CLEARED, "cleared_at": NOW - 2 * MINUTE}, Stage.LOOKING),
        ({"claim": Claim("kim", NOW - HOUR, NOW - MINUTE), "cleared_at": NOW - HOUR}, Stage.READY),
        ({"claim": Claim("ana", NOW - MINUTE, NOW + HOUR)}, Stage.TAKEN),
        ({"blocked": Blocked(BlockReason.TARGET_UNREACHABLE, "bring it back", None, NOW)}, Stage.STUCK),
        ({"blocked": Blocked(BlockReason.WRONG_SERVER, "the right one", None, NOW)}, Stage.READY),
        ({"recover_until": NOW + HOUR}, Stage.FIND),
        ({"state": State.OPENED, "visit": 2}, Stage.PREPARING),
        ({"state": State.RECEIVED}, Stage.UNDER_WAY),
        ({"state": State.PROVEN}, Stage.UNDER_WAY),
    ],
    ids=lambda value: value.value if isinstance(value, Stage) else "",
)
def test_a_card_says_how_far_it_is(words, stage):
    """B4.2, B6.5: one stage at a time, and nothing that could lead to a click before the way is clear."""
    card = the_card(**words)

    assert card.stage is stage
    assert (card.directions is not None) == (stage is Stage.STEPS)


def test_whoever_is_held_off_is_told_by_whom():
    """B4.2: shows others who is at it."""
    assert the_card(claim=Claim("ana", NOW - MINUTE, NOW + HOUR)).held_by == "ana"


@pytest.mark.parametrize(
    ("registered_by", "certificate"),
    [(RegisteredBy.PERSON, "main.pem"), (RegisteredBy.API, None), (RegisteredBy.KNOWN, None)],
)
def test_the_certificate_is_at_hand_where_it_has_to_be_uploaded(registered_by, certificate):
    """A12: the two-step way and the one-step way."""
    assert the_card(**CLEARED, registered_by=registered_by).certificate == certificate


def test_the_next_service_unlocks_when_the_one_before_is_proven():
    """B6.2: one after the other; what is due first comes first."""
    main = a_record(rotation=a_rotation(due_at=NOW + DAY))
    labs = a_record("labs", rotation=a_rotation(id="r2", service="labs"))
    assert [card.stage for card in cards(an_overview(main, labs))] == [Stage.READY, Stage.LOCKED]

    under_way = replace(main, rotation=a_rotation(state=State.CHECKED))
    assert [card.stage for card in cards(an_overview(under_way, labs))] == [Stage.UNDER_WAY, Stage.LOCKED]

    assert [card.stage for card in cards(an_overview(a_record(), labs))] == [Stage.READY]


@pytest.mark.parametrize(
    "words",
    [
        {"blocked": Blocked(BlockReason.TARGET_UNREACHABLE, "bring it back", None, NOW), "due_at": NOW},
        {"claim": Claim("ana", NOW - MINUTE, NOW + HOUR), "due_at": NOW},
    ],
    ids=["not clear", "somebody else's"],
)
def test_a_service_that_can_not_be_done_now_holds_no_other_off(words):
    """B6.2: nobody waits for what they can't do."""
    overview = an_overview(
        a_record(rotation=a_rotation(**words)), a_record("labs", rotation=a_rotation(id="r2", service="labs"))
    )

    assert cards(overview)[-1].stage is Stage.READY


def test_progress_follows_the_rotation_and_stands_where_it_is_blocked():
    """B6.5: each stage as it happens."""
    blocked = Blocked(BlockReason.INSTALL_FAILED, "see to it", None, NOW)

    assert [state for state, _ in the_card(state=State.CHECKED).progress] == ["done", "done", "now", "ahead"]
    stuck = the_card(state=State.CHECKED, blocked=blocked)
    assert [state for state, _ in stuck.progress] == ["done", "done", "stuck", "ahead"]
    assert stuck.trouble is not None


def test_the_products_own_way_is_shown_once_the_installation_failed_for_ten_minutes():
    """B4.5: plan B."""
    failing: dict[str, Any] = {
        "state": State.CHECKED,
        "blocked": Blocked(BlockReason.INSTALL_FAILED, "see to it", None, NOW),
    }

    assert the_card(**failing, entered_at=NOW - 9 * MINUTE).by_hand == ()
    assert the_card(**failing, entered_at=NOW - 10 * MINUTE).by_hand == ("Upload it.",)
    assert the_card(state=State.CHECKED, entered_at=NOW - 10 * MINUTE).by_hand == ()


def test_what_is_done_by_hand_is_asked_for_until_somebody_says_that_they_did_it():
    """B8.4: the product takes the file in its own console only."""
    waiting = Installation("meraki", required=True, by_hand=True)
    card = the_card(state=State.CHECKED, installations=(waiting,))
    assert (card.stage, card.by_hand, card.product) == (Stage.HAND_OFF, ("Upload it.",), "Meraki")
    assert card.asks

    said = replace(waiting, attempted_at=NOW - MINUTE)
    assert the_card(state=State.CHECKED, installations=(said,)).stage is Stage.UNDER_WAY


def test_with_which_account_is_asked_only_for_a_product_that_wants_to_know():
    """B6.4: filled in with the one on record."""
    overview = an_overview(a_record(rotation=a_rotation(**CLEARED)))
    facts = tuple(overview.facts_of(service) for service in overview.roster.services.values())
    asks = Situation(overview.roster, overview.people, facts, NOW).asks_of("kim")

    (curious,) = cards_of(asks, "kim", overview, {"main": replace(PRODUCT, wants_account=True)})
    (other,) = cards_of(asks, "kim", overview, {"main": PRODUCT})

    assert (curious.asks_account, curious.account) == (True, "kim@corp.example")
    assert not other.asks_account


def test_a_planned_departure_is_a_planned_change_of_custodian_and_nothing_more():
    """B7.2: the deputy reads no more than that."""
    record = a_record(rotation=a_rotation(causes=(Cause.CUSTODIAN,), actor="ana"))
    (card,) = cards(an_overview(record, states=(PersonState("kim", departs_at=NOW + 9 * DAY),)), "ana")

    assert card.why == ("A change of custodian is planned.",)
    assert "2026-12-03" not in repr(card)


def test_a_dead_token_is_said_and_an_outage_runs_until_it_is_over():
    """B4.3: shown everywhere."""
    dead = an_overview(a_record(token=a_token(state=TokenState.SUPERSEDED), rotation=a_rotation()))
    assert cards(dead)[0].is_dead

    outage = the_card(state=State.CHECKED, outage_started_at=NOW - 3 * MINUTE)
    assert outage.outage(NOW) == 3 * MINUTE
    ended = the_card(state=State.INSTALLED, outage_started_at=NOW - 3 * MINUTE, outage_ended_at=NOW - MINUTE)
    assert ended.outage(NOW) == 2 * MINUTE
    assert the_card().outage(NOW) is None


def closed(**words):
    """Return a rotation of ``main`` that kim finished an hour ago."""
    return a_rotation(**{"state": State.DONE, "closed_at": NOW - HOUR, "rung": 3, **words})


@pytest.mark.parametrize(
    ("words", "person", "is_shown"),
    [
        ({}, "kim", True),
        ({}, "ana", False),
        ({"supplied_by": "ana@corp.example"}, "ana", True),
        ({"closed_at": NOW - DAY}, "kim", False),
    ],
    ids=["whoever was asked", "nobody else", "whoever handed it over", "not after a day"],
)
def test_what_is_done_can_be_read_for_a_day(words, person, is_shown):
    """B6.1, B6.5: nothing left to do."""
    shown = list(done_cards(person, an_overview(a_record(last_done=closed(**words)))))

    assert [card.stage for card in shown] == [Stage.DONE] * is_shown


def test_what_is_open_again_or_was_done_by_a_program_is_not_shown_as_done():
    """B6.5: only what is true now."""
    again = an_overview(a_record(last_done=closed(), rotation=a_rotation()))
    program = an_overview(a_record(last_done=closed()), roster=a_roster(a_service(issuer="simulator"), LABS))

    assert list(done_cards("kim", again)) == []
    assert list(done_cards("kim", program)) == []


def test_a_lost_role_leaves_nothing_to_do():
    """B7.1: lost roles are skipped."""
    overview = an_overview(a_record(rotation=a_rotation()), states=(PersonState("kim", Standing.ROLE_LOST),))

    assert cards(overview) == ()


def test_a_token_of_somebody_elses_account_is_installed_and_said():
    """B5.6: an unexpected downloader."""
    (card,) = done_cards("kim", an_overview(a_record(last_done=closed(downloader="boss@corp.example"))))
    (own,) = done_cards("kim", an_overview(a_record(last_done=closed(downloader="Kim@corp.example"))))

    assert (card.other_account, own.other_account) == ("boss@corp.example", None)
