"""How strongly Jamf Pro's own words prove a token, and whose token it is."""

from datetime import timedelta

import pytest

from contracts.target_contract import LONG_AGO, install
from fakes.apple_side import ANA, FOREIGN_UUID, KIM, SERVER_UUID
from fakes.troubles import Trouble
from fakes.values import NOW, a_rotation, an_installed_token
from targets.jamf_scene import LABS_UUID, a_jamf, add_labs, over_http
from tokenward.model.finding import Retryable
from tokenward.model.rotation import Installation, State
from tokenward.model.target import BlockReason
from tokenward.model.token import TokenState
from tokenward.rotation.evidence import CertificateSource, Evidence
from tokenward.rotation.outcome import Advance, Block
from tokenward.rotation.proving import plan_installed


@pytest.fixture
def jamf():
    """Return a Jamf Pro with one instance."""
    return a_jamf()


@pytest.fixture
def labs(jamf):
    """Give it a second instance, of another service."""
    return add_labs(jamf)


@pytest.fixture
async def case(jamf):
    """Give it over HTTP."""
    async with over_http(jamf) as case:
        yield case


# --- Proof ----------------------------------------------------------------------------------------------------------


async def test_only_a_good_sync_after_the_handing_over_is_the_third_rung(case):
    """An older one says that the old token worked."""
    assert case.jamf.instances["7"].sync_state == "SUCCESSFUL"
    case.jamf.syncs_at_once = False
    since = case.jamf.now
    await install(case.target, await case.envelope(ANA))
    early = await case.proof(since)
    assert (early.rung, early.downloader) == (2, None)

    case.jamf.sync()
    proof = await case.proof(since)
    assert (proof.rung, proof.downloader, proof.server_uuid) == (3, ANA, SERVER_UUID)


async def test_a_sync_that_was_there_before_is_none_whatever_the_clocks_say(case):
    """Jamf Pro's clock can be ahead: what was noted before the upload is known again."""
    case.jamf.syncs_at_once = False
    noted = await case.target.installer.note()
    await install(case.target, await case.envelope())
    assert (await case.proof(LONG_AGO, noted)).rung == 2

    case.jamf.sync()
    assert (await case.proof(LONG_AGO, noted)).rung == 3


async def test_a_sync_that_comes_while_it_is_asked_is_judged_by_what_it_brought(case):
    """B5.3: a good sync must never stand beside whose service it was before it."""
    case.jamf.syncs_at_once, case.jamf.syncs_when_asked = False, True
    await install(case.target, await case.foreign())
    proof = await case.proof()
    assert (proof.rung, proof.server_uuid) == (3, FOREIGN_UUID)


async def test_a_sync_that_failed_is_no_proof_and_no_verdict(case):
    """CONNECTION_ERROR is between Jamf Pro and Apple: an outage says nothing about the token."""
    case.jamf.reaches_apple = False
    await install(case.target, await case.envelope())
    proof = await case.proof()
    assert (proof.rung, proof.downloader) == (2, None)
    assert "could not reach Apple" in proof.why
    reading = await case.target.health.health()
    assert (reading.verdict, reading.answered) == (None, True)


async def test_a_state_that_nobody_knows_is_not_yet(case):
    """The list of states is not published."""
    case.apple.refusal = (403, "ACCESS_DENIED")
    await install(case.target, await case.envelope())
    assert (await case.proof()).rung == 2
    reading = await case.target.health.health()
    assert reading.verdict is None
    assert "NOBODY" not in reading.why


async def test_an_instance_that_has_not_spoken_with_apple_yet_is_not_yet(case):
    """There is no sync to show."""
    case.jamf.instances["7"].sync_state = None
    assert (await case.proof()).rung == 2
    assert (await case.target.health.health()).verdict is None
    assert await case.target.installer.note() == ""


async def test_a_sync_of_which_only_nonsense_is_shown_is_asked_for_again(case):
    """No proof comes of it, and no fault of ours."""
    case.troubles.now, case.troubles.only = Trouble("no date", 200, b'{"syncState": "SUCCESSFUL"}'), ("GET", "/syncs/")
    with pytest.raises(Retryable):
        await case.proof()
    assert (await case.target.health.health()).verdict is None


# --- Health ---------------------------------------------------------------------------------------------------------


async def test_a_good_sync_is_a_verdict_while_it_is_fresh(case):
    """B10.1: by Jamf Pro's own clock; how things stood long ago is never shown as how they stand."""
    assert (await case.target.health.health()).verdict is TokenState.VALID
    case.jamf.now += timedelta(hours=2)
    reading = await case.target.health.health()
    assert (reading.verdict, reading.holding.present) == (None, True)


async def test_without_a_date_nobody_knows_how_fresh_a_sync_is(case):
    """A proxy can strip the header."""
    body = b'{"syncState": "SUCCESSFUL", "instanceId": "7", "timestamp": "2026-11-24T09:01:00.000+0000"}'
    case.troubles.now, case.troubles.only = Trouble("undated", 200, body), ("GET", "/syncs/")
    assert (await case.target.health.health()).verdict is None
    assert (await case.proof()).rung == 3


# --- B5.3: one key for all services of a tenant ---------------------------------------------------------------------


def judged(proof):
    """Return what becomes of Main's rotation by this proof."""
    rotation = a_rotation(
        state=State.INSTALLED, installations=(Installation("jamf", required=True, attempted_at=NOW),), envelope="e1"
    )
    installed = an_installed_token(server_uuid="3f2c0000-0000-4000-8000-00000000001a")
    evidence = Evidence(CertificateSource.FETCHED, needs_person=True, installed=installed, proof=proof, wanted_rung=3)
    return plan_installed(rotation, evidence, NOW)


@pytest.mark.usefixtures("labs")
async def test_the_token_of_another_service_with_the_right_key_is_found_out(case):
    """B5.3, B2.4: Jamf Pro opens and keeps it; whose it is shows in what Apple says of it."""
    before = await case.held()
    noted = await case.target.installer.note()
    receipt = await install(case.target, await case.envelope(ANA, server_uuid=LABS_UUID))

    assert receipt.refusal is None
    proof = await case.proof(noted=noted)
    assert (before.server_uuid, proof.server_uuid) == (SERVER_UUID, LABS_UUID)
    outcome = judged(proof)
    assert isinstance(outcome, Block)
    assert outcome.reason is BlockReason.WRONG_SERVER
    assert (await case.held()).server_uuid == LABS_UUID


@pytest.mark.usefixtures("labs")
async def test_another_service_is_found_out_as_soon_as_it_shows(case):
    """B5.3: no good sync is waited for, which may never come."""
    await install(case.target, await case.envelope(ANA, server_uuid=LABS_UUID))
    proof = await case.proof(since=case.jamf.now)
    assert proof.rung == 2
    assert isinstance(judged(proof), Block)


@pytest.mark.usefixtures("labs")
async def test_the_right_token_goes_in_afterwards_and_the_other_service_is_left_alone(case):
    """B2.4: and nobody's enrolment hangs on the mistake any longer."""
    labs = case.build(instance_id="8")
    of_labs = await labs.read_back.read_back()
    await install(case.target, await case.envelope(ANA, server_uuid=LABS_UUID))
    await install(case.target, await case.envelope(KIM))

    outcome = judged(await case.proof())
    assert isinstance(outcome, Advance)
    assert outcome.to.state is State.PROVEN
    assert await labs.read_back.read_back() == of_labs
