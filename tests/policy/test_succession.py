from dataclasses import replace
from datetime import datetime

import pytest

from policy.situations import ANA, BOSS, DAY, KIM, NOW, a_roster, a_rotation, a_service, states, the_facts
from tokenward.model.person import PersonState, Role, Standing
from tokenward.model.rotation import Claim
from tokenward.policy.decision import Facts
from tokenward.policy.succession import line, next_actor, who_acts, with_portal_rights

BEN = replace(KIM, id="ben", accounts={"corp": "ben@corp.example"}, also_known_as={})
SERVICE = a_service(deputies=("ana", "ben", "kim"))


def facts(*known: PersonState, **words: object) -> Facts:
    """Return ``main`` with custodian kim and the deputies ana and ben."""
    roster = a_roster(KIM, ANA, BEN, BOSS, services=(SERVICE,))
    return replace(the_facts(service=SERVICE, roster=roster, people=states(*known)), **words)  # type: ignore[arg-type]


def test_the_custodian_acts() -> None:
    """B7.1: each stands in the line once."""
    assert who_acts(facts(), NOW) == "kim"
    assert line(facts()) == ("kim", "ana", "ben")


@pytest.mark.parametrize("departs_at", [None, NOW - DAY, NOW + 60 * DAY], ids=["gone", "just gone", "announced"])
def test_whoever_departs_is_passed_over_as_soon_as_it_is_known(departs_at: datetime | None) -> None:
    """B7.1: effective or not."""
    standing = Standing.ACTIVE if departs_at else Standing.DEPARTED

    assert who_acts(facts(PersonState("kim", standing, NOW, departs_at)), NOW) == "ana"


def test_a_lost_role_is_passed_over_but_not_a_lock_or_a_new_password() -> None:
    """B7.1: those pass."""
    assert who_acts(facts(PersonState("kim", Standing.ROLE_LOST)), NOW) == "ana"
    assert who_acts(facts(PersonState("kim", Standing.LOCKED)), NOW) == "kim"
    assert who_acts(facts(PersonState("kim", Standing.PASSWORD_CHANGED)), NOW) == "kim"


def test_a_role_that_does_not_fit_the_portal_is_passed_over() -> None:
    """A11: only an Administrator or a Device Enrolment Manager can do it."""
    roster = a_roster(replace(KIM, role=Role.STAFF), ANA, BEN, services=(SERVICE,))

    assert who_acts(facts(roster=roster), NOW) == "ana"


def test_whoever_has_no_account_in_the_organisation_is_passed_over() -> None:
    """B7.8: `accounts` is per organisation."""
    roster = a_roster(replace(KIM, accounts={}), ANA, BEN, services=(SERVICE,))

    assert who_acts(facts(roster=roster), NOW) == "ana"


def test_when_nobody_is_usable_nobody_is_named() -> None:
    """B7.1: nobody left means the operators."""
    gone = tuple(PersonState(person, Standing.DEPARTED) for person in ("kim", "ana", "ben"))

    assert who_acts(facts(*gone), NOW) is None
    assert who_acts(the_facts(service=a_service(custodian=None, deputies=())), NOW) is None


def test_whom_an_event_is_about_can_be_left_out() -> None:
    """B7.1: before it is on record."""
    assert who_acts(facts(), NOW, exclude=frozenset({"kim", "ana"})) == "ben"


def test_whoever_is_asked_already_stays_asked() -> None:
    """B7.1: a further cause does not move the question back to the custodian."""
    assert who_acts(facts(rotation=a_rotation(actor="ben")), NOW) == "ben"


def test_whoever_has_just_started_acts_until_the_claim_ends() -> None:
    """B4.2: holds others off."""
    claimed = facts(rotation=a_rotation(actor="kim", claim=Claim("ben", NOW - DAY / 2, NOW + DAY / 2)))

    assert who_acts(claimed, NOW) == "ben"
    assert who_acts(claimed, NOW + DAY) == "kim"


def test_once_the_date_has_passed_the_next_usable_deputy_is_asked() -> None:
    """B7.1: then the next, and then nobody."""
    gone = PersonState("ana", Standing.DEPARTED)

    assert next_actor(facts(rotation=a_rotation(actor="kim"))) == "ana"
    assert next_actor(facts(gone, rotation=a_rotation(actor="kim"))) == "ben"
    assert next_actor(facts(rotation=a_rotation(actor="ben"))) is None
    assert next_actor(facts(rotation=a_rotation(actor=None))) == "kim"


def test_everybody_with_a_fitting_role_could_have_downloaded_a_token() -> None:
    """B4.4: not only custodian and deputies; boss manages people only."""
    narrow = a_service(deputies=())
    roster = a_roster(KIM, ANA, BEN, BOSS, services=(narrow,))

    assert with_portal_rights(the_facts(service=narrow, roster=roster)) == ("kim", "ana", "ben")
