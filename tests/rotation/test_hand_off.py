"""Products that take no file from us: somebody does it by hand, which is waited for and believed with care."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.target import FakeTarget, a_token
from fakes.world import DAY, MINUTE, START, Stage, a_service, an_envelope, reason_of
from rotation.dropping import a_file, drop
from tokenward.crypto.certificate import to_pem
from tokenward.model.event import AttachmentRole, EventKind
from tokenward.model.rotation import State
from tokenward.model.service import Keyholder
from tokenward.model.target import BlockReason, KeyPolicy


def by_hand(key_policy=KeyPolicy.NOT_FETCHED, **words) -> FakeTarget:
    """Return a product that takes no file from us."""
    return FakeTarget(key_policy=key_policy, installs=False, reads_secrets=False, **words)


@pytest.fixture
async def put_together(tmp_path, keypair):
    """Return a function that makes a core around products, whose certificate was dropped."""
    opened = []

    async def make(*targets: FakeTarget) -> Stage:
        stage = Stage(tmp_path, *targets, service=a_service(keyholder=Keyholder.OPERATOR))
        opened.append(stage)
        await drop(stage, a_file(AttachmentRole.CERTIFICATE, to_pem(keypair.certificate)))
        return stage

    yield make
    for stage in opened:
        await stage.ledger.close()


async def with_file(stage: Stage, keypair, **words):
    """Ask, start, hand the new file over, and return the rotation as it then stands."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()
    await stage.hand_over(an_envelope(keypair.certificate, stage.clock.now()), **words)
    await stage.work()
    return await stage.opened()


async def test_the_file_waits_for_somebody_and_is_sent_nowhere(put_together, keypair):
    """B8.4: the product can't be asked, so nothing is tried."""
    target = by_hand(can_be_asked=False)
    stage = await put_together(target)

    rotation = await with_file(stage, keypair)

    assert rotation.state is State.CHECKED
    assert rotation.waits_for_hand_off
    assert rotation.blocked is None
    assert target.uploads == []


async def test_a_word_ends_it_with_rung_0_and_ends_the_outage(put_together, keypair):
    """B8.4: proven by a person's word, and recorded as no more than that."""
    stage = await put_together(replace(by_hand(can_be_asked=False), strongest_rung=0, rung_limit=0))
    await with_file(stage, keypair)
    stage.clock.advance(3 * MINUTE)

    await stage.ask(EventKind.HANDED_OFF, person="kim")
    done = await stage.until(State.DONE)

    assert (done.rung, done.installations[0].attempts) == (0, 1)
    assert done.outage_ended_at == stage.clock.now()


async def test_after_ten_minutes_the_operators_hear_of_it_and_on_call_of_the_outage(put_together, keypair):
    """B4.5: whoever is at the page has had the time; somebody else may be needed."""
    stage = await put_together(by_hand(can_be_asked=False))
    await with_file(stage, keypair)
    stage.clock.advance(9 * MINUTE)
    await stage.work()
    assert await stage.messages("rotation.blocked") == []

    stage.clock.advance(2 * MINUTE)
    await stage.work()

    rotation = await stage.opened()
    assert reason_of(rotation) is BlockReason.HAND_OFF
    assert rotation.waits_for_hand_off
    assert await stage.messages("rotation.blocked") == ["operators"]
    assert await stage.messages("token.alarm") == ["on-call"]


async def test_what_the_product_shows_needs_no_word(put_together, keypair):
    """B8.4: a product that is only watched shows by itself that somebody has done it."""
    target = by_hand(shows_mark=True)
    target.holds("before")
    stage = await put_together(target)
    await stage.watch.ask_due()
    await with_file(stage, keypair)
    assert (await stage.opened()).installations[0].held_before == f"mark of {target.held.digest}"

    target.holds("after")  # in its console
    done = await stage.until(State.DONE)

    assert done.installations[0].attempts == 0
    assert (await stage.token()).mark == f"mark of {target.held.digest}"


@pytest.mark.parametrize(
    "words",
    [{"shows_mark": True}, {"shows_mark": False}, {"shows_mark": True, "shows_expiry": False}],
    ids=["mark and date", "date", "mark"],
)
async def test_a_word_does_not_outweigh_what_shows(put_together, keypair, words):
    """A2: somebody pressed the button, and the product still shows the old token."""
    target = by_hand(**words)
    target.held = a_token("before", START + 40 * DAY)
    stage = await put_together(target)
    await stage.watch.ask_due()
    await with_file(stage, keypair)

    await stage.ask(EventKind.HANDED_OFF, person="kim")
    await stage.work()

    assert (await stage.opened()).state is State.CHECKED


async def test_a_token_that_stood_there_before_anybody_looked_is_believed_by_word_and_date(put_together, keypair):
    """They put it into the console first, and dropped it here then."""
    target = by_hand(shows_mark=True)
    stage = await put_together(target)
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    target.held = a_token("after", stage.clock.now() + timedelta(days=365))
    await stage.watch.ask_due()  # and even the watch has seen it meanwhile
    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()
    await stage.hand_over(an_envelope(keypair.certificate, stage.clock.now()))
    await stage.work()
    assert (await stage.opened()).state is State.CHECKED

    await stage.ask(EventKind.HANDED_OFF, person="kim")

    await stage.until(State.DONE)


async def test_where_nothing_shows_by_which_tokens_differ_a_word_is_all_there_is(put_together, keypair):
    """B8.4: a product that shows its place at Apple and no date can't be waited for."""
    target = by_hand(shows_expiry=False)
    target.holds("before")
    stage = await put_together(target)
    await stage.watch.ask_due()
    await with_file(stage, keypair)
    assert (await stage.opened()).state is State.CHECKED

    target.holds("after")
    await stage.ask(EventKind.HANDED_OFF, person="kim")

    assert (await stage.until(State.DONE)).installations[0].attempts == 1


async def test_a_word_does_not_outweigh_that_nothing_is_there(put_together, keypair):
    """A2: somebody pressed the button, and the product says that it holds none."""
    stage = await put_together(by_hand(shows_expiry=False))
    await with_file(stage, keypair)

    await stage.ask(EventKind.HANDED_OFF, person="kim")
    await stage.work()

    assert (await stage.opened()).state is State.CHECKED


async def test_what_takes_the_file_from_us_gets_it_first(put_together, keypair):
    """B8.3: each target on its own."""
    push = FakeTarget(id="push", key_policy=KeyPolicy.NOT_FETCHED)
    stage = await put_together(by_hand(can_be_asked=False, strongest_rung=0, rung_limit=0), push)

    rotation = await with_file(stage, keypair)

    assert [bool(one.installed_at) for one in rotation.installations] == [False, True]
    assert rotation.waits_for_hand_off


async def test_a_product_that_makes_a_key_for_every_renewal_wants_its_certificate_each_time(put_together, keypair):
    """B3.2: a token made for the last one could be opened by nobody, and the old token would be dead all the same."""
    target = by_hand(key_policy=KeyPolicy.FRESH_BY_HAND, shows_mark=True)
    target.holds("before")
    stage = await put_together(target)
    await stage.watch.ask_due()
    await with_file(stage, keypair)
    target.holds("after")
    await stage.until(State.DONE)

    await stage.ask(EventKind.ROTATE)
    await stage.work()

    rotation = await stage.opened()
    assert reason_of(rotation) is BlockReason.CERTIFICATE_MISSING
    assert "over a new key" in rotation.blocked.remedy


async def test_a_copy_that_is_made_by_hand_holds_up_nothing(put_together, keypair):
    """B8.3: `required = false`."""
    stage = await put_together(
        FakeTarget(key_policy=KeyPolicy.NOT_FETCHED), by_hand(id="copy", required=False, can_be_asked=False)
    )
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()
    await stage.hand_over(an_envelope(keypair.certificate, stage.clock.now()))

    assert (await stage.until(State.DONE)).rung == 3


async def test_a_restart_remembers_what_was_said(put_together, keypair):
    """Promise 1: the word is on record before anything follows from it."""
    stage = await put_together(by_hand(can_be_asked=False, strongest_rung=0, rung_limit=0))
    await with_file(stage, keypair)
    await stage.ask(EventKind.HANDED_OFF, person="kim")
    await stage.restart()

    assert (await stage.until(State.DONE)).rung == 0


async def test_apples_own_word_is_worth_more(put_together, keypair):
    """B8.4: with an account for its API Apple says that it has heard the service since."""
    stage = await put_together(by_hand(can_be_asked=False, strongest_rung=0, rung_limit=0))
    service = replace(stage.world.services["main"].service, proof=4)
    stage.serve(service, *stage.issuer.targets)
    stage.open_api_account()
    stage.registrar.add()
    await with_file(stage, keypair)
    await stage.ask(EventKind.HANDED_OFF, person="kim")
    await stage.work()
    assert (await stage.opened()).state is State.INSTALLED

    stage.registrar.heard(stage.clock.now() + MINUTE)
    stage.clock.advance(2 * MINUTE)

    assert (await stage.until(State.DONE)).rung == 4


async def test_what_took_the_file_and_can_be_asked_no_more_is_believed(put_together, keypair):
    """A program of one's own, without a second one that reads back: rung 1 is all there is."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED, can_be_asked=False, strongest_rung=1, rung_limit=1)
    stage = await put_together(target)
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()
    await stage.hand_over(an_envelope(keypair.certificate, stage.clock.now()))

    done = await stage.until(State.DONE)

    assert (done.rung, len(target.uploads)) == (1, 1)
    assert done.outage_ended_at is not None
