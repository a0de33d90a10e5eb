"""Whole rotations over the real store, moved step by step, with the process ending anywhere."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.target import FakeTarget
from fakes.world import Stage, a_service, an_envelope, reason_of
from tokenward.crypto.certificate import to_pem
from tokenward.model.event import Attachment, AttachmentRole, EventKind, Taken
from tokenward.model.rotation import Cause, State
from tokenward.model.service import Keyholder
from tokenward.model.target import BlockReason, KeyPolicy
from tokenward.model.token import Basis, Expiry, TokenState

# --- From a cause to a proven token, for each keyholder -------------------------------------------------------------


async def test_a_rotation_that_needs_no_person_runs_to_its_end(automatic, target):
    """B4.7: nobody is asked; the fetched certificate goes to the issuer, whose file is installed and proven."""
    await automatic.ask(EventKind.ROTATE)

    done = await automatic.until(State.DONE)

    assert done.rung == 3
    assert len(target.fetches) == 1
    assert [order.account for order in automatic.issuer.orders] == ["kim@corp.example"]
    assert await automatic.messages("token.asked") == []


async def test_a_rotation_by_a_person_waits_for_the_file_and_then_runs_to_its_end(stage, target):
    """B4.2: the person is asked once, nothing happens until the file is there, then everything does."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    assert await stage.messages("token.asked") == ["person:kim"]
    assert target.uploads == []

    made = an_envelope(target.staged, stage.clock.now())
    assert isinstance(await stage.hand_over(made), Taken)
    done = await stage.until(State.DONE)

    assert target.uploads == [made.digest]
    assert done.supplied_by == "kim@corp.example"
    token = await stage.token()
    assert (token.state, token.rung) == (TokenState.VALID, 3)
    assert token.expiry is not None
    assert token.expiry.basis is Basis.READ_BACK


async def test_tokenward_makes_the_key_opens_the_file_and_asks_apple_before_it_installs(tmp_path):
    """B5.4: with keyholder tokenward the account is checked with the new values, which are then kept, sealed."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.TOKENWARD, issuer="simulator"))
    await stage.ask(EventKind.ROTATE)

    await stage.until(State.DONE)

    (made,) = stage.issuer.made
    assert stage.witness.asked == [made.token.digest]
    assert target.held == made.token
    assert (await stage.token()).expiry == Expiry(made.token.expires_at, Basis.DECRYPTED)
    sealed = await stage.ledger.read(lambda change: change.tokens.sealed_secrets("main"))
    assert sealed is not None
    assert made.token.access_secret.reveal() not in sealed
    await stage.ledger.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert made.token.access_secret.reveal() not in written
    assert made.body not in written


async def test_an_operators_certificate_is_waited_for_and_used_again(tmp_path, keypair):
    """B3.2: with keyholder operator the rotation is blocked until a certificate is dropped; the next one has it."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.OPERATOR, issuer="simulator"))
    await stage.ask(EventKind.ROTATE)
    await stage.work()
    blocked = await stage.opened()
    assert (blocked.state, reason_of(blocked)) == (State.OPENED, BlockReason.CERTIFICATE_MISSING)

    dropped = Attachment(AttachmentRole.CERTIFICATE, "main.pem", to_pem(keypair.certificate))
    await stage.submit(EventKind.CERTIFICATE_NEW, dropped)
    first = await stage.until(State.DONE)
    assert first.certificate == keypair.certificate.fingerprint
    assert set(first.causes) == {Cause.MANUAL, Cause.CERTIFICATE}

    await stage.ask(EventKind.ROTATE)
    second = await stage.until(State.DONE)
    assert second.certificate == first.certificate
    await stage.ledger.close()


# --- The process ends anywhere --------------------------------------------------------------------------------------


async def _rotate_and_die(folder: Path, keyholder: Keyholder, crash_at, lost_answers=0, lag=0) -> Stage:
    policy = KeyPolicy.FRESH_ON_FETCH if keyholder is Keyholder.TARGET else KeyPolicy.NOT_FETCHED
    target = FakeTarget(key_policy=policy, lost_answers=lost_answers, lag=lag)
    stage = Stage(folder, target, service=a_service(keyholder=keyholder, issuer="simulator"))
    await stage.ask(EventKind.ROTATE)
    stage.route.passed.clear()
    stage.route.crash_at = crash_at
    await stage.survive(State.DONE)
    return stage


async def _judge(stage: Stage) -> None:
    """Hold the promises that no crash may break."""
    (target,) = stage.issuer.targets
    recorded = [line["fingerprint"] for line in await stage.audited("certificate.recorded")]
    assert len(recorded) == 1, "one recorded certificate for the one visit"
    issued = await stage.audited("envelope.recorded")
    assert len(issued) == 1, "one recorded issue"
    assert set(target.uploads) == {issued[0]["digest"]}, "installed again at most with the very same file"
    assert target.held is not None
    assert target.held.digest == next(one.token.digest for one in stage.issuer.made if one.digest in target.uploads)
    assert len(set(target.fetches)) == len(target.fetches), "each attempt asks by a name of its own"
    assert len(await stage.audited("rotation.done")) == 1
    assert await stage.ledger.look(lambda views: views.broken_audit_line()) is None


@pytest.mark.parametrize("keyholder", [Keyholder.TARGET, Keyholder.TOKENWARD])
async def test_a_crash_at_every_waypoint_is_survived(tmp_path, keyholder):
    """B3.1: ended at each durable point in turn, it always ends proven, with one fetch and one issue on record."""
    whole = await _rotate_and_die(tmp_path / "whole", keyholder, ())
    await _judge(whole)
    points = len(whole.route.passed)
    await whole.ledger.close()

    for point in range(1, points + 1):
        stage = await _rotate_and_die(tmp_path / str(point), keyholder, {point})
        await _judge(stage)
        await stage.ledger.close()


@given(
    crash_at=st.sets(st.integers(1, 40), max_size=6),
    lost_answers=st.integers(0, 2),
    lag=st.integers(0, 2),
)
@settings(max_examples=25)
def test_up_to_six_crashes_in_any_order_are_survived(crash_at, lost_answers, lag):
    """B3.1: with lost answers and a lagging read-back too."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            stage = await _rotate_and_die(Path(folder), Keyholder.TARGET, crash_at, lost_answers, lag)
            await _judge(stage)
            await stage.ledger.close()

    asyncio.run(run())


async def test_nothing_but_a_crash_repeats_an_effect(automatic, target):
    """Without a crash there is one fetch, one issue and one installation."""
    await automatic.ask(EventKind.ROTATE)

    await automatic.until(State.DONE)

    assert (len(target.fetches), len(automatic.issuer.made), len(target.uploads)) == (1, 1, 1)
