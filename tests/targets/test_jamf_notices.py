"""What Jamf Pro notifies its administrators of, and what follows from it for one instance."""

import pytest

from fakes.jamf import notice
from fakes.troubles import MANY
from targets.jamf_scene import a_jamf, add_labs, over_http
from tokenward.model.target import BlockReason
from tokenward.model.token import TokenState

TERMS = "DEVICE_ENROLLMENT_PROGRAM_T_C_NOT_SIGNED"


@pytest.fixture
async def case():
    """Give a Jamf Pro with one instance, of Main."""
    async with over_http(a_jamf()) as case:
        yield case


async def test_terms_that_wait_stop_a_rotation_before_the_click(case):
    """B4.1: a new token would be as dead as the old one."""
    case.apple.refusal = (403, "T_C_NOT_SIGNED")
    case.jamf.sync()

    preflight = await case.target.gate.preflight()

    assert [one.reason for one in preflight.obstacles] == [BlockReason.TERMS_UNSIGNED]
    assert (await case.target.health.health()).verdict is TokenState.TERMS_UNSIGNED


@pytest.mark.parametrize("kind", [TERMS, "APPLE_SCHOOL_MANAGER_T_C_NOT_SIGNED"])
async def test_terms_count_for_business_and_school(case, kind):
    """Both portals have terms of their own, and notifications of their own."""
    case.jamf.notices = [notice(kind)]
    assert (await case.target.health.health()).verdict is TokenState.TERMS_UNSIGNED


async def test_an_instance_that_has_expired_is_told(case):
    """B10.1: in Jamf Pro's own words."""
    case.jamf.notices = [notice("DEP_INSTANCE_EXPIRED", "Main")]
    reading = await case.target.health.health()
    assert (reading.verdict, reading.holding.present) == (TokenState.EXPIRED, True)


async def test_while_terms_wait_nothing_else_counts(case):
    """What Apple would say of the token can't be known before."""
    case.jamf.notices = [notice("DEP_INSTANCE_EXPIRED", "Main"), notice(TERMS, "Main")]
    assert (await case.target.health.health()).verdict is TokenState.TERMS_UNSIGNED


async def test_what_is_about_another_instance_is_none_of_this_ones_business(case):
    """A15: two organisations in one tenant."""
    add_labs(case.jamf)
    case.jamf.notices = [notice(TERMS, "Labs"), notice("PATCH_UPDATE"), notice("DEP_INSTANCE_WILL_EXPIRE", "Main")]
    assert (await case.target.health.health()).verdict is TokenState.VALID
    assert (await case.target.gate.preflight()).is_clear


async def test_a_client_that_may_not_read_them_learns_less_and_is_told_so(case):
    """B4.1: what can't be told is said, and never held against anybody."""
    case.jamf.notices = None
    preflight = await case.target.gate.preflight()
    assert preflight.is_clear
    assert any("terms" in sentence for sentence in preflight.cannot_tell)
    assert (await case.target.health.health()).verdict is TokenState.VALID

    case.jamf.notices = []
    assert not any("terms" in sentence for sentence in (await case.target.gate.preflight()).cannot_tell)


@pytest.mark.parametrize("trouble", MANY, ids=lambda one: one.name)
async def test_notifications_in_trouble_take_nothing_from_the_rest(case, trouble):
    """B10.2: the token and the talk with Apple are asked for by themselves."""
    case.troubles.now, case.troubles.only = trouble, ("GET", "/notifications")
    assert (await case.target.health.health()).verdict is TokenState.VALID
    assert (await case.target.gate.preflight()).is_clear
