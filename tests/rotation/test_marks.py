"""Products that show neither the file nor the values, and keep one key for good: what is believed of them, and when."""

from dataclasses import replace

import pytest

from fakes.target import OTHER_SERVER_UUID, FakeTarget
from fakes.world import DAY, MINUTE, SECOND, Stage, an_envelope, reason_of
from tokenward.model.event import EventKind
from tokenward.model.rotation import State
from tokenward.model.target import BlockReason, KeyPolicy
from tokenward.model.token import Basis, Expiry


@pytest.fixture
def target():
    """Return a product as most are that one pays for."""
    return FakeTarget(key_policy=KeyPolicy.FIXED, reads_secrets=False, shows_mark=True)


async def look(stage: Stage, after=15 * MINUTE) -> None:
    """Let time pass, ask whatever is due, and have what comes of it decided."""
    stage.clock.advance(after)
    await stage.watch.ask_due()
    await stage.engine.settle_pending()


async def handed_over(stage: Stage) -> None:
    """Start, and hand over a new token for the product's certificate."""
    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()
    await stage.hand_over(an_envelope(await stage.certificate(), stage.clock.now()))


# --- Installed is what shows ----------------------------------------------------------------------------------------


async def test_a_token_that_shows_as_another_one_is_believed(automatic, target):
    """A2: the mark is another one than before the first attempt."""
    target.holds("before")
    await automatic.ask(EventKind.ROTATE)

    done = await automatic.until(State.DONE)

    assert done.installations[0].held_before.startswith("mark of")
    assert (await automatic.token()).mark == f"mark of {target.held.digest}"


async def test_as_long_as_the_old_mark_shows_nothing_is_believed(automatic, target):
    """B4.6: a read-back that lags is waited for."""
    target.holds("before")
    target.lag = 3
    await automatic.ask(EventKind.ROTATE)

    await automatic.work()
    assert (await automatic.opened()).state is State.CHECKED

    await automatic.until(State.DONE)
    assert len(target.uploads) <= 4


async def test_a_product_that_takes_the_file_and_goes_on_showing_the_old_token_is_said_to_after_ten_minutes(
    automatic, target
):
    """B4.5: nothing failed, and yet somebody has to look; it is tried on."""
    target.holds("before")
    target.lag = 10_000
    await automatic.ask(EventKind.ROTATE)
    for _ in range(9):
        await automatic.work()
        automatic.clock.advance(MINUTE)
    assert (await automatic.opened()).blocked is None
    for _ in range(8):
        automatic.clock.advance(MINUTE)
        await automatic.work()

    rotation = await automatic.opened()
    assert (rotation.state, reason_of(rotation)) == (State.CHECKED, BlockReason.INSTALL_FAILED)
    assert "goes on showing" in rotation.blocked.remedy

    target.lag = target._lagging = 0
    await automatic.until(State.DONE)


async def test_proof_is_asked_for_what_happened_after_handing_over(automatic, target):
    """Rung 3: what the product did before it had the token says nothing of it."""
    await automatic.ask(EventKind.ROTATE)

    done = await automatic.until(State.DONE)

    assert target.proven_since == done.installations[0].attempted_at


async def test_a_token_of_another_organisation_leads_back_to_the_question(stage, target):
    """B2.4: the product takes it all the same, so it is seen only afterwards, and is critical."""
    target.holds("before")
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    target.is_foreign = True
    await handed_over(stage)

    await stage.work()

    rotation = await stage.opened()
    assert (rotation.state, reason_of(rotation)) == (State.AWAITING_TOKEN, BlockReason.WRONG_SERVER)


# --- Watching -------------------------------------------------------------------------------------------------------


async def test_a_token_that_somebody_else_installed_is_noticed_by_its_mark(stage, target):
    """B1.3: adopted anew, with its own expiry."""
    target.holds("one")
    await look(stage)
    before = await stage.token()
    target.holds("two")

    await look(stage)

    after = await stage.token()
    assert before.mark != after.mark == f"mark of {target.held.digest}"
    assert after.since > before.since


async def test_the_same_mark_again_is_no_news(stage, target):
    """A token is adopted once."""
    target.holds("one")
    await look(stage)
    await look(stage)

    assert len(await stage.audited("token.adopted")) == 1


async def test_a_date_that_the_product_shows_is_better_than_an_estimate(automatic, target):
    """B1.2: and it is learnt without another rotation."""
    await automatic.ask(EventKind.ROTATE)
    await automatic.until(State.DONE)
    known = await automatic.token()
    guess = Expiry(automatic.clock.now() + 90 * DAY, Basis.ESTIMATED)
    await automatic.ledger.write(lambda change: change.tokens.record(replace(known, expiry=guess)))

    await look(automatic)

    assert (await automatic.token()).expiry == Expiry(target.held.expires_at, Basis.READ_BACK)


# --- One key for good -----------------------------------------------------------------------------------------------


async def test_a_key_that_stays_needs_no_step_at_apple_the_second_time(stage, target):
    """B3.2: the certificate is the one that Apple has."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    assert (await stage.opened()).registered_by.value == "person"
    await handed_over(stage)
    first = await stage.until(State.DONE)

    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)

    again = await stage.opened()
    assert again.certificate == first.certificate
    assert again.registered_by.value == "known"


async def test_a_key_that_changed_while_waiting_is_seen_before_the_steps_are_shown(stage, target):
    """B2.4, B4.2: the person is not sent to Apple with a certificate that nobody can use."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    prepared = (await stage.opened()).certificate
    target._certificate = b""  # somebody made another key in the product's console

    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()

    rotation = await stage.until(State.AWAITING_TOKEN)
    assert rotation.certificate != prepared
    assert rotation.claim is None
    await handed_over(stage)
    assert (await stage.until(State.DONE)).installations[0].installed_at


async def test_a_key_that_never_stays_is_said_and_does_not_turn_in_circles(stage, target):
    """B4.1: one that was declared to last, and does not."""
    target.forgets_its_key = True
    await stage.ask(EventKind.ROTATE)
    await stage.work()

    rotation = await stage.opened()
    assert (rotation.state, reason_of(rotation)) == (State.CERTIFICATE_READY, BlockReason.KEY_MISMATCH)
    assert len(target.fetches) < 6

    stage.clock.advance(90 * SECOND)
    await stage.work()
    assert reason_of(await stage.opened()) is BlockReason.KEY_MISMATCH
    assert len(target.fetches) < 12


# --- The right place ------------------------------------------------------------------------------------------------


async def test_a_target_that_names_another_services_token_is_refused_before_anything_is_fetched(stage, target):
    """B2.4: the new token would take the place of that one."""
    target.holds("before")
    await look(stage)
    target.server_uuid = OTHER_SERVER_UUID

    await stage.ask(EventKind.ROTATE)
    await stage.work()

    rotation = await stage.opened()
    assert (rotation.state, reason_of(rotation)) == (State.OPENED, BlockReason.WRONG_SERVER)
    assert "names" in rotation.blocked.remedy
    assert target.fetches == []


async def test_a_token_that_we_put_into_the_wrong_place_does_not_bar_the_right_one(stage, target):
    """B2.4: after a wrong token the right one must come in, whatever shows until then."""
    target.holds("before")
    await look(stage)
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    target.server_uuid = OTHER_SERVER_UUID
    await handed_over(stage)
    await stage.work()
    assert reason_of(await stage.opened()) is BlockReason.WRONG_SERVER

    target.server_uuid = (await stage.token()).server_uuid
    await handed_over(stage)

    assert (await stage.until(State.DONE)).rung == 3
