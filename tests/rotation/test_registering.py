"""How a certificate comes to Apple: by its API where there is one, else by a person; and Apple's own word as proof."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.registrar import SERVICE_UUID
from fakes.target import FakeTarget
from fakes.world import HOUR, MINUTE, Stage, a_service, reason_of
from tokenward.model.event import EventKind
from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import State
from tokenward.model.target import BlockReason


@pytest.fixture
async def stage(tmp_path):
    """The core with one product."""
    made = Stage(tmp_path, FakeTarget())
    made.open_api_account()
    yield made
    await made.ledger.close()


async def test_the_certificate_is_put_to_apple_once_and_the_person_need_only_download(stage):
    """B2 registered, A12: with an API account one step less is left to a person."""
    stage.registrar.add()
    await stage.ask(EventKind.ROTATE)

    rotation = await stage.until(State.AWAITING_TOKEN)

    assert rotation.registered_by is RegisteredBy.API
    assert [uuid for uuid, _ in stage.registrar.certificates] == [SERVICE_UUID]
    assert stage.registrar.certificates[0][1].fingerprint == rotation.certificate
    assert (await stage.audited("certificate.registered"))[-1]["by"] == "api"


@pytest.mark.parametrize("why", ["the role does not allow it", "apple does not know the service"])
async def test_what_the_api_cannot_do_is_left_to_the_person(stage, why):
    """B2 registered: everything works with a person doing it instead."""
    if why == "the role does not allow it":
        stage.registrar.add()
        stage.registrar.may_write = False
    await stage.ask(EventKind.ROTATE)

    rotation = await stage.until(State.AWAITING_TOKEN)

    assert rotation.registered_by is RegisteredBy.PERSON
    assert stage.registrar.certificates == []


async def test_without_an_api_account_nobody_asks_apple(stage):
    """B2 registered: an API account is optional."""
    without_api = replace(stage.world.services["main"], registrar=None)
    stage.world = replace(stage.world, services={"main": without_api})
    await stage.ask(EventKind.ROTATE)

    assert (await stage.until(State.AWAITING_TOKEN)).registered_by is RegisteredBy.PERSON


async def test_while_apple_is_away_nobody_is_asked_to_click(stage):
    """B4.1: before the click any doubt stops us."""
    stage.registrar.add()
    stage.registrar.away = True
    await stage.ask(EventKind.ROTATE)
    await stage.work()

    rotation = await stage.opened()

    assert (rotation.state, reason_of(rotation)) == (State.CERTIFICATE_READY, BlockReason.APPLE_UNREACHABLE)
    stage.registrar.away = False
    assert (await stage.until(State.AWAITING_TOKEN)).registered_by is RegisteredBy.API


async def test_a_certificate_that_apple_took_is_not_put_there_again(stage):
    """Nothing that changes Apple's side happens again once its result is recorded."""
    stage.registrar.add()
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)

    await stage.restart()
    await stage.work()

    assert len(stage.registrar.certificates) == 1


async def test_a_crash_before_the_record_repeats_the_call_and_does_no_harm(stage):
    """B3.1's thought for Apple's side: an attempt that was not recorded is made again."""
    stage.registrar.add()
    await stage.ask(EventKind.ROTATE)
    before = stage.route.passed.index("event.settled") + 1
    stage.route.at_waypoint = None
    stage.route.crash_at = {before + step for step in range(1, 12)}

    rotation = await stage.survive(State.AWAITING_TOKEN)

    assert rotation.registered_by is RegisteredBy.API
    assert {certificate.fingerprint for _, certificate in stage.registrar.certificates} >= {rotation.certificate}


async def test_apples_own_word_is_the_fourth_rung(stage, tmp_path):
    """B8.1: Apple heard the service after the new token was handed over, from where it heard it before."""
    stage.serve(a_service(issuer="simulator", proof=4), *stage.issuer.targets)
    stage.registrar.add()
    stage.registrar.heard(stage.clock.now() - HOUR)
    await stage.ask(EventKind.ROTATE)
    rotation = await stage.until(State.INSTALLED)
    assert rotation.rung is None or rotation.rung < 4

    stage.registrar.heard(stage.clock.now() + timedelta(seconds=1))
    done = await stage.until(State.DONE)

    assert done.rung == 4


@pytest.mark.parametrize(
    ("after", "ip"), [(-HOUR, "203.0.113.5"), (MINUTE, "198.51.100.9")], ids=["before", "from elsewhere"]
)
async def test_a_contact_that_proves_nothing_does_not_raise_the_rung(stage, after, ip):
    """B8.1: never rounded up: an earlier contact, or one from another place, may be anybody's."""
    stage.serve(a_service(issuer="simulator", proof=4), *stage.issuer.targets)
    stage.registrar.add()
    stage.registrar.heard(stage.clock.now() - 2 * HOUR)
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.INSTALLED)

    stage.registrar.heard(stage.clock.now() + after, ip)
    stage.clock.advance(2 * MINUTE)
    await stage.work()

    assert ((await stage.opened()).rung or 0) < 4
