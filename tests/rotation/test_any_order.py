"""People, products and clocks do what they like, in any order: the core always comes to rest, and always recovers."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.target import FakeTarget
from fakes.values import a_rotation
from fakes.world import DAY, HOUR, MINUTE, SECOND, START, Crash, Stage, a_service, an_envelope
from tokenward.crypto.certificate import to_pem
from tokenward.model.event import Attachment, AttachmentRole, EventKind, Refused, Taken
from tokenward.model.person import Subject
from tokenward.model.rotation import OPEN_STATES, Cause, State
from tokenward.model.service import Keyholder
from tokenward.model.target import KeyPolicy
from tokenward.rotation.admit import fresh_installations
from tokenward.rotation.record import Settlement, StoredCertificate

ABOUT_KIM = Subject("email", "kim.lee@corp.example")


async def hand_over_a_file(stage: Stage) -> None:
    """Hand a new file over, for the certificate that the product has staged."""
    (target,) = stage.issuer.targets
    if target.staged is not None:
        await stage.hand_over(an_envelope(target.staged, stage.clock.now()))


async def leave(stage: Stage) -> None:
    """Have kim's account disabled."""
    await stage.submit(EventKind.ACCOUNT_DISABLED, service=None, subject=ABOUT_KIM)


async def come_back(stage: Stage) -> None:
    """Have kim's account enabled again."""
    await stage.submit(EventKind.ACCOUNT_ENABLED, service=None, subject=ABOUT_KIM)


def asking(kind: EventKind, **data: str):
    """Return the act of asking for *kind*."""

    async def ask(stage: Stage) -> None:
        await stage.submit(kind, data=data)

    return ask


def passing(time):
    """Return the passing of *time*."""

    async def pass_by(stage: Stage) -> None:
        stage.clock.advance(time)

    return pass_by


def setting(name: str, value: object):
    """Return that something about the product changes."""

    async def set_it(stage: Stage) -> None:
        setattr(stage.issuer.targets[0], name, value)

    return set_it


async def crash_soon(stage: Stage) -> None:
    """End the process at the waypoint after the next."""
    stage.route.crash_at = {len(stage.route.passed) + 2}


async def reload(stage: Stage) -> None:
    """Take the service away and bring it back."""
    service = stage.world.services["main"].service
    stage.forget("main")
    await stage.work()
    stage.serve(service, *stage.issuer.targets)


ACTIONS = {
    "rotate": asking(EventKind.ROTATE),
    "rotate over a new key": asking(EventKind.ROTATE, new_key="yes"),
    "cancel": asking(EventKind.CANCEL, reason="not today"),
    "kim starts": asking(EventKind.CLAIM, person="kim"),
    "ana starts": asking(EventKind.CLAIM, person="ana"),
    "file lost": asking(EventKind.FILE_LOST),
    "retry": asking(EventKind.RETRY),
    "rejected": asking(EventKind.TOKEN_REJECTED),
    "superseded": asking(EventKind.TOKEN_SUPERSEDED),
    "expired": asking(EventKind.TOKEN_EXPIRED),
    "kim leaves": leave,
    "kim comes back": come_back,
    "a file": hand_over_a_file,
    "target away": setting("unreachable", value=True),
    "target back": setting("unreachable", value=False),
    "target lags": setting("lag", value=1),
    "an answer is lost": setting("lost_answers", value=1),
    "a minute": passing(MINUTE),
    "two hours": passing(2 * HOUR),
    "three days": passing(3 * DAY),
    "the clock goes back": passing(-HOUR),
    "a crash": crash_soon,
    "a reload": reload,
}


async def calmly(stage: Stage, do) -> None:
    """Do it and come to rest, starting again after a crash."""
    for step in (lambda: do(stage), stage.work):
        try:
            await step()
        except Crash:
            await stage.restart()
            await stage.work()


async def bring_to_an_end(stage: Stage) -> None:
    """Once everybody plays along every open rotation ends, with those that follow it."""
    stage.route.crash_at = ()
    (target,) = stage.issuer.targets
    target.unreachable, target.lag = False, 0
    await come_back(stage)
    for _ in range(6):
        await stage.restart()
        await stage.work()
        rotation = await stage.rotation()
        if rotation is None:
            return
        if rotation.state is State.AWAITING_TOKEN and stage.world.services["main"].service.issuer == "portal":
            await hand_over_a_file(stage)
        await stage.until(State.DONE, within=3 * DAY) if rotation.is_after_click else await settle_down(stage)
    raise AssertionError(f"it never ends: {await stage.rotation()}")


async def settle_down(stage: Stage) -> None:
    """Work now, and at the next time that the rotation asks for."""
    await stage.work()
    rotation = await stage.rotation()
    if rotation is not None:
        stage.clock.at = max(rotation.wake_at, stage.clock.now() + SECOND)
        await stage.work()


@pytest.mark.parametrize("issuer", ["portal", "simulator"])
@given(names=st.lists(st.sampled_from(sorted(ACTIONS)), min_size=3, max_size=8))
@settings(max_examples=12)
def test_whatever_happens_in_whatever_order_it_comes_to_rest_and_recovers(issuer, names):
    """B2.1: nothing but `done` and `cancelled` ends a rotation, and everything that opened ends in one of them."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            target = FakeTarget()
            stage = Stage(Path(folder), target, service=a_service(issuer=issuer))
            target.holds("before")
            await stage.watch.ask_due()
            for name in names:
                await calmly(stage, ACTIONS[name])
            await bring_to_an_end(stage)
            assert await stage.ledger.look(lambda views: views.broken_audit_line()) is None
            await stage.ledger.close()

    asyncio.run(run())


# --- Everything that can happen in every state ----------------------------------------------------------------------


async def in_state(stage: Stage, state: State, certificate) -> None:
    """Put a rotation of ``main`` into *state*, with its envelope if it is that far."""
    made = an_envelope(certificate, stage.clock.now() - MINUTE)
    stored = StoredCertificate(certificate, "main", "fetched", START, rotation="r1", visit=1)
    await stage.ledger.write(lambda change: change.certificates.add(stored))
    await stage.hand_over(made)
    event = await stage.ledger.read(lambda change: change.inbox.next_pending())
    rotation = a_rotation(
        state=state,
        causes=(Cause.MANUAL,),
        actor="kim",
        visit=1,
        certificate=None if state is State.OPENED else certificate.fingerprint,
        envelope=made.digest if state in {State.RECEIVED, State.CHECKED, State.INSTALLED, State.PROVEN} else None,
        installations=fresh_installations(stage.world.services["main"].service),
        opened_at=START,
        entered_at=START,
        wake_at=START,
        rung=3,
    )

    assert event is not None

    def put(change) -> None:
        change.inbox.settle(event.id, Settlement("accepted"), START)
        change.rotations.open(rotation)

    await stage.ledger.write(put)


BEFORE = {State.OPENED, State.CERTIFICATE_READY, State.REGISTERED, State.AWAITING_TOKEN}


@pytest.mark.parametrize("state", OPEN_STATES)
async def test_it_can_be_cancelled_until_a_new_token_exists(stage, keypair, state):
    """B2.5: refused from `received` on."""
    await in_state(stage, state, keypair.certificate)

    await stage.ask(EventKind.CANCEL, reason="not today")

    assert ((await stage.latest()).state is State.CANCELLED) is (state in BEFORE)


@pytest.mark.parametrize("state", OPEN_STATES)
async def test_a_newer_envelope_is_taken_in_every_state(stage, target, keypair, state):
    """B2.4: it is the live token now: back to `received`, and it is what ends up installed."""
    await in_state(stage, state, keypair.certificate)
    newer = an_envelope(keypair.certificate, stage.clock.now())

    assert isinstance(await stage.hand_over(newer), Taken)
    await stage.engine.settle_pending()
    assert (await stage.opened()).state is State.RECEIVED
    done = await stage.until(State.DONE)

    assert done.envelope == newer.digest
    assert target.held.digest == newer.token.digest


@pytest.mark.parametrize("state", OPEN_STATES)
async def test_a_certificate_that_is_dropped_is_heard_in_every_state(tmp_path, keypair, other_keypair, state):
    """B2.3: before the click it is the one for Apple; after it a rotation follows with it."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.OPERATOR))
    await in_state(stage, state, keypair.certificate)
    target.holds("it")
    dropped = Attachment(AttachmentRole.CERTIFICATE, "main.pem", to_pem(other_keypair.certificate))
    stage.clock.advance(SECOND)

    await stage.submit(EventKind.CERTIFICATE_NEW, dropped)
    await stage.work()

    if state in BEFORE:
        rotation = await stage.opened()
        assert rotation.certificate == other_keypair.certificate.fingerprint
        assert set(rotation.causes) == {Cause.MANUAL, Cause.CERTIFICATE}
        assert rotation.state is State.AWAITING_TOKEN
    else:
        rotation = await stage.opened()
        assert rotation.id != "r1"
        assert rotation.causes == (Cause.CERTIFICATE,)
        assert rotation.certificate == other_keypair.certificate.fingerprint
    await stage.ledger.close()


@pytest.mark.parametrize("state", sorted(BEFORE))
async def test_two_causes_at_once_are_both_kept(stage, target, keypair, state):
    """B2.2: an expiry and a departure, decided in one go: both are causes, due at the earlier date."""
    await in_state(stage, state, keypair.certificate)
    target.holds("before")

    await stage.submit(EventKind.TOKEN_EXPIRED)
    await leave(stage)
    await stage.engine.settle_pending()

    rotation = await stage.opened()
    assert {Cause.MANUAL, Cause.EXPIRY, Cause.CUSTODIAN} <= {*rotation.causes, *rotation.follow_up}
    assert rotation.actor == "ana"
    assert rotation.due_at <= stage.clock.now()


async def test_a_file_for_a_spoiled_key_leads_to_a_new_question(stage, target):
    """B2.4: the product made another key meanwhile and refuses the file: it is asked again, nothing is stuck."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    made = an_envelope(target.staged, stage.clock.now())
    await target.fetch_certificate("by somebody else")

    assert not isinstance(await stage.hand_over(made), Refused)
    asked = await stage.until(State.AWAITING_TOKEN)
    assert (asked.visit, asked.envelope) == (2, None)
    stage.clock.advance(SECOND)
    await hand_over_a_file(stage)
    assert (await stage.until(State.DONE)).rung == 3
