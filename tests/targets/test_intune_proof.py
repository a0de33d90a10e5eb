"""When Intune is asked to speak with Apple, and what counts as proof that it did."""

import pytest

from contracts.target_contract import LONG_AGO
from fakes.troubles import BROKEN_OFF, OUT_OF_ORDER, THROTTLED, Trouble
from targets.intune_scene import a_tenant

MINUTE = 60.0


@pytest.fixture
async def case():
    """Give a tenant with one token over HTTP."""
    async with a_tenant() as case:
        yield case


@pytest.fixture
def intune(case):
    """Return the tenant itself."""
    return case.intune


async def test_intune_is_asked_to_speak_with_apple_once_and_then_waited_for(case, intune):
    """B8.1: looked at first; asked for when nothing has happened since; not asked again while it is at it."""
    intune.syncs = "later"
    noted, since = await case.handed_over()
    for _ in range(3):
        case.seconds += 20 * MINUTE
        assert (await case.target.prover.prove(noted, since)).rung == 2
    assert case.syncs_asked_for() == 1

    intune.asks_apple()
    assert (await case.target.prover.prove(noted, since)).rung == 3
    assert case.syncs_asked_for() == 1


async def test_a_sync_that_intune_made_by_itself_is_proof_enough(case, intune):
    """Poll first."""
    noted, since = await case.handed_over()
    intune.asks_apple()
    assert (await case.target.prover.prove(noted, since)).rung == 3
    assert case.syncs_asked_for() == 0


async def test_what_intune_learnt_before_is_no_proof(case, intune):
    """By its time, and, where its clock is ahead of ours, by what was noted before."""
    intune.syncs = "refused"
    noted, since = await case.handed_over()
    assert (await case.target.prover.prove("", since)).rung == 2
    assert (await case.target.prover.prove(noted, LONG_AGO)).rung == 2
    assert (await case.target.prover.prove("", LONG_AGO)).rung == 3


@pytest.mark.parametrize(
    "in_the_way", ["refused", THROTTLED, OUT_OF_ORDER, BROKEN_OFF], ids=lambda one: getattr(one, "name", one)
)
async def test_a_sync_that_is_not_started_leaves_rung_2_and_is_asked_for_again_after_a_while(case, intune, in_the_way):
    """It may be refused so soon after another one: the token shows all the same, and the outage is over."""
    noted, since = await case.handed_over()
    if isinstance(in_the_way, Trouble):
        case.troubles.now, case.troubles.only = in_the_way, case.sync
    else:
        intune.syncs = in_the_way
    for _ in range(3):
        proof = await case.target.prover.prove(noted, since)
        assert proof.rung == 2
    assert case.syncs_asked_for() == 1

    case.troubles.now, intune.syncs = None, "at once"
    case.seconds += 15 * MINUTE
    await case.target.prover.prove(noted, since)
    assert (await case.target.prover.prove(noted, since)).rung == 3
    assert case.syncs_asked_for() == 2


async def test_a_sync_that_failed_is_no_proof_and_is_asked_for_again_after_a_while(case, intune):
    """Never rounded up: the number is Apple's word, and what it means is not written down."""
    noted, since = await case.handed_over()
    case.apple.refusal = (403, "T_C_NOT_SIGNED")
    await case.target.prover.prove(noted, since)
    proof = await case.target.prover.prove(noted, since)
    assert proof.rung == 2
    assert "403" in proof.why

    case.apple.refusal = None
    case.seconds += 15 * MINUTE
    await case.target.prover.prove(noted, since)
    assert (await case.target.prover.prove(noted, since)).rung == 3


async def test_the_next_token_is_synced_without_waiting_for_the_last_ones_pause(case):
    """Once for each handing over."""
    for count in (1, 2):
        noted, since = await case.handed_over()
        await case.target.prover.prove(noted, since)
        assert (await case.target.prover.prove(noted, since)).rung == 3
        assert case.syncs_asked_for() == count
