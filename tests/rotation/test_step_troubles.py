"""A step meets what goes wrong outside, races and reloads; who is told of it."""

import pytest

from fakes.target import OTHER_SERVER_UUID, FakeTarget
from fakes.world import DAY, HOUR, MINUTE, SECOND, Crash, Stage, a_service, an_envelope, reason_of
from tokenward.model.event import EventKind, Taken
from tokenward.model.rotation import State
from tokenward.model.service import Keyholder
from tokenward.model.target import BlockReason, KeyPolicy
from tokenward.model.token import Basis, Expiry, TokenState

# --- What goes wrong outside ----------------------------------------------------------------------------------------


async def test_a_lost_download_is_not_repeated_while_a_file_waits(automatic, target):
    """B4.7: the issuer's answer is lost, and somebody hands the file over: there is no second click."""
    automatic.issuer.lost_answers = 1
    await automatic.ask(EventKind.ROTATE)
    await automatic.work()
    (lost,) = automatic.issuer.made
    blocked = await automatic.opened()
    assert reason_of(blocked) is BlockReason.ISSUER_FAILED
    assert blocked.outage_started_at == automatic.clock.now()

    automatic.clock.at = blocked.wake_at
    assert isinstance(await automatic.hand_over(lost), Taken)
    await automatic.stepper.step(blocked.id)  # the event was not decided yet
    await automatic.until(State.DONE)

    assert len(automatic.issuer.made) == 1
    assert target.uploads == [lost.digest]


async def test_an_unreachable_target_is_tried_again_by_what_is_stored(automatic, target):
    """B2.1: each attempt waits longer, and a restart does not begin the count anew."""
    await automatic.ask(EventKind.ROTATE)
    automatic.route.at_waypoint = lambda name: setattr(
        target, "unreachable", name == "received.advanced" or target.unreachable
    )
    await automatic.work()
    waits = []
    for _ in range(6):
        rotation = await automatic.opened()
        assert (rotation.state, reason_of(rotation)) == (State.CHECKED, BlockReason.TARGET_UNREACHABLE)
        waits.append(rotation.wake_at - automatic.clock.now())
        automatic.clock.at = rotation.wake_at
        await automatic.restart()
        await automatic.work()

    assert waits == sorted(waits)
    assert waits[-1] > 3 * waits[0]
    assert target.uploads == []
    automatic.route.at_waypoint, target.unreachable = None, False
    assert (await automatic.until(State.DONE)).rung == 3


async def test_a_token_of_another_server_is_never_installed_where_we_can_know(tmp_path):
    """B5.4: Apple says that the values belong to another service: blocked, and the target never sees the file."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.TOKENWARD, issuer="simulator"))
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.DONE)
    before = target.held
    stage.witness.server_uuid = OTHER_SERVER_UUID
    await stage.ask(EventKind.ROTATE)

    await stage.work()

    rotation = await stage.opened()
    assert (rotation.state, reason_of(rotation)) == (State.RECEIVED, BlockReason.WRONG_SERVER)
    assert target.held is before
    await stage.ledger.close()


async def test_a_token_of_another_server_that_only_read_back_shows_leads_back_to_the_question(automatic, target):
    """B2.4: it was installed, for nobody could open it; when it is seen, the right one is asked for, critically."""
    await automatic.ask(EventKind.ROTATE)
    await automatic.until(State.DONE)
    await automatic.ask(EventKind.ROTATE)

    def at(waypoint):
        if waypoint == "envelope.handed_over":
            target.server_uuid = OTHER_SERVER_UUID

    automatic.route.at_waypoint = at
    await automatic.work()

    rotation = await automatic.opened()
    assert (rotation.state, reason_of(rotation)) == (State.AWAITING_TOKEN, BlockReason.WRONG_SERVER)


async def test_a_dead_file_leads_back_to_the_question(tmp_path):
    """B5.1: Apple says that the values inside are superseded already: nothing is installed, and it is asked again."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.TOKENWARD))
    await stage.ask(EventKind.ROTATE)
    waiting = await stage.until(State.AWAITING_TOKEN)
    certificate = await stage.certificate()
    dead = an_envelope(certificate, stage.clock.now())
    stage.witness.verdicts[dead.token.digest] = TokenState.SUPERSEDED

    stage.clock.advance(SECOND)
    await stage.hand_over(dead)
    await stage.work()

    rotation = await stage.opened()
    assert (rotation.state, rotation.envelope, rotation.certificate) == (
        State.AWAITING_TOKEN,
        None,
        waiting.certificate,
    )
    assert target.uploads == []
    assert len(await stage.messages("token.asked")) == 2
    await stage.ledger.close()


async def test_a_forced_token_that_turns_out_to_be_another_servers_is_asked_for_again(automatic, target):
    """B5.7: after a forced delivery Apple is asked once whose token it is; another server is critical, and no proof."""
    await automatic.ask(EventKind.ROTATE)
    await automatic.until(State.DONE)
    target.mismatch, target.server_uuid = True, None
    automatic.witness.server_uuid = OTHER_SERVER_UUID
    await automatic.ask(EventKind.ROTATE)

    await automatic.work()

    rotation = await automatic.opened()
    assert (rotation.state, reason_of(rotation)) == (State.AWAITING_TOKEN, BlockReason.WRONG_SERVER)
    assert await automatic.messages("rotation.blocked") == ["operators"]


async def test_a_changed_consumer_key_is_forced_for_the_certificate_that_was_chosen(automatic, target):
    """B5.7: NanoDEP's doubt is overruled, and the server compared."""
    await automatic.ask(EventKind.ROTATE)
    await automatic.until(State.DONE)
    target.mismatch = True
    await automatic.ask(EventKind.ROTATE)

    done = await automatic.until(State.DONE)

    assert done.installations[0].forced
    assert len(automatic.witness.asked) == 1


async def test_a_file_of_which_nobody_knows_the_certificate_is_never_forced(tmp_path, keypair):
    """B5.7: not knowing whom it was made for is not the same as knowing that it was made for us."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED, mismatch=True)
    stage = Stage(tmp_path, target)
    await stage.hand_over(an_envelope(keypair.certificate))

    await stage.work()

    rotation = await stage.opened()
    assert (rotation.state, reason_of(rotation)) == (State.CHECKED, BlockReason.INSTALL_FAILED)
    assert target.held is None
    await stage.ledger.close()


async def test_a_claim_is_cleared_by_its_own_preflight_even_if_the_clock_went_back(stage, target):
    """B4.2: the preflight is repeated for every claim; a clock that was set back does not make an old one newer."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    stage.clock.advance(-2 * HOUR)
    target.unreachable = True

    await stage.ask(EventKind.CLAIM, person="kim")
    await stage.work()

    rotation = await stage.opened()
    assert (rotation.claim, reason_of(rotation)) == (None, BlockReason.TARGET_UNREACHABLE)


# --- Races and reloads ----------------------------------------------------------------------------------------------


async def test_a_file_that_comes_while_the_issue_is_being_written_down_comes_first(automatic, target):
    """B4.7: whatever waits in the inbox for the service is decided before a click is made."""
    await automatic.ask(EventKind.ROTATE)
    rotation = await automatic.opened()
    while (await automatic.opened()).state is not State.AWAITING_TOKEN:
        await automatic.stepper.step(rotation.id)
    made = an_envelope(target.staged, automatic.clock.now())
    await automatic.hand_over(made)

    assert await automatic.stepper.step(rotation.id) is False

    assert automatic.issuer.orders == []
    await automatic.until(State.DONE)
    assert target.uploads == [made.digest]


async def test_a_service_that_a_reload_took_away_does_not_keep_the_worker_busy(automatic):
    """A reload removes a service whose rotation is open: it is let be, and goes on when the service is back."""
    await automatic.ask(EventKind.ROTATE)
    served = automatic.world.services["main"]
    automatic.forget("main")

    await automatic.work()

    assert await automatic.due() == ()
    automatic.serve(served.service, *automatic.issuer.targets)
    await automatic.restart()
    assert (await automatic.until(State.DONE)).rung == 3


async def test_a_custodian_without_deputies_who_lets_the_date_pass_stays_the_one_who_is_asked(tmp_path, target):
    """B7.1: nobody is behind them in line; the rotation waits quietly, and does not turn in circles."""
    stage = Stage(tmp_path, target, service=a_service(deputies=()))
    await stage.ask(EventKind.ROTATE)
    waiting = await stage.until(State.AWAITING_TOKEN)
    stage.clock.at = waiting.due_at + SECOND

    await stage.work()

    assert (await stage.opened()).actor == "kim"
    await stage.ledger.close()


async def test_the_next_in_line_is_asked_once_the_date_has_passed(stage):
    """B7.1: the custodian let the date pass, so the deputy is asked, and hears of it."""
    await stage.ask(EventKind.ROTATE)
    waiting = await stage.until(State.AWAITING_TOKEN)
    stage.clock.at = waiting.due_at + SECOND

    await stage.work()

    assert (await stage.opened()).actor == "ana"
    assert await stage.messages("token.asked") == ["person:kim", "person:ana"]


async def test_a_target_that_a_reload_added_is_installed_too(automatic, target):
    """B8.3: the targets that are configured now are what counts."""
    await automatic.ask(EventKind.ROTATE)
    while (await automatic.opened()).state is not State.AWAITING_TOKEN:
        await automatic.stepper.step((await automatic.opened()).id)
    copy = FakeTarget("copy")
    automatic.issuer.targets.append(copy)
    automatic.serve(automatic.world.services["main"].service, target, copy)

    await automatic.until(State.DONE)

    assert len(target.uploads) == len(copy.uploads) == 1


async def test_a_clock_that_goes_back_does_not_stop_a_rotation(automatic):
    """A clock that is set back by a day in the middle delays nothing that a restart or a file does not mend."""
    await automatic.ask(EventKind.ROTATE)
    automatic.route.at_waypoint = lambda name: automatic.clock.advance(-DAY) if name == "token.issued" else None
    await automatic.work()
    automatic.route.at_waypoint = None

    await automatic.restart()

    assert (await automatic.until(State.DONE, within=2 * DAY)).rung == 3


# --- Several targets ------------------------------------------------------------------------------------------------


async def test_a_copy_gets_the_token_too(tmp_path, target):
    """B8.3: a copy that need not succeed is installed all the same when it can be."""
    copy = FakeTarget("copy", required=False)
    stage = Stage(tmp_path, target, copy, service=a_service(issuer="simulator"))
    await stage.ask(EventKind.ROTATE)

    done = await stage.until(State.DONE)

    assert copy.uploads == target.uploads
    assert all(one.installed_at for one in done.installations)
    await stage.ledger.close()


async def test_a_copy_that_is_away_never_holds_up_the_end(tmp_path, target):
    """B8.3: it is recorded as not installed, with the reason."""
    copy = FakeTarget("copy", required=False, unreachable=True)
    stage = Stage(tmp_path, target, copy, service=a_service(issuer="simulator"))
    await stage.ask(EventKind.ROTATE)

    done = await stage.until(State.DONE, within=MINUTE)

    (missed,) = [one for one in done.installations if one.target == "copy"]
    assert (missed.installed_at, missed.error) == (None, "The fake is away.")
    await stage.ledger.close()


async def test_a_second_required_target_does_not_hide_what_the_first_one_shows(tmp_path, target):
    """B1.2: the expiry is what the first target's read-back says, whenever the second one follows."""
    second = FakeTarget("second")
    stage = Stage(tmp_path, target, second, service=a_service(issuer="simulator"))
    stage.route.at_waypoint = lambda name: _go_away_once(second, name)
    await stage.ask(EventKind.ROTATE)

    await stage.until(State.DONE)

    token = await stage.token()
    assert target.held is not None
    assert token.expiry == Expiry(target.held.expires_at, Basis.READ_BACK)
    assert token.token_digest == target.held.digest
    await stage.ledger.close()


def _go_away_once(target: FakeTarget, name: str) -> None:
    if name == "received.advanced":
        target.unreachable = True
    if name == "checked.retried":
        target.unreachable = False


# --- What is told ---------------------------------------------------------------------------------------------------


async def test_an_issuer_that_fails_is_told_to_the_operators_once(automatic):
    """B2.1: an effect that fails blocks the rotation, and the operators hear of it."""
    automatic.issuer.refuses = True
    await automatic.ask(EventKind.ROTATE)

    await automatic.work()

    assert reason_of(await automatic.opened()) is BlockReason.ISSUER_FAILED
    assert await automatic.messages("rotation.blocked") == ["operators"]


async def test_nobody_is_asked_to_download_while_a_stray_download_is_sought(stage, target):
    """B4.4: in recovery the message is "did you download one?", and never "download one"."""
    target.holds("before")
    await stage.watch.ask_due()
    await stage.ask(EventKind.TOKEN_REJECTED)

    await stage.until(State.AWAITING_TOKEN)
    assert await stage.messages("token.asked") == []
    assert set(await stage.messages("download.stray")) == {"person:kim", "person:ana"}
    assert target.fetches == []

    stage.clock.advance(HOUR)
    await stage.work()
    assert await stage.messages("token.asked") == ["person:kim"]
    assert len(target.fetches) == 1


async def test_the_outage_runs_from_the_first_rejection(stage, target):
    """B4.3: nobody knows when the stray download was: the outage begins with the first rejection."""
    target.holds("before")
    await stage.watch.ask_due()
    rejected_at = stage.clock.now()
    await stage.ask(EventKind.TOKEN_REJECTED)
    await stage.until(State.AWAITING_TOKEN)
    assert (await stage.opened()).outage_started_at == rejected_at

    stage.clock.advance(2 * HOUR)
    await stage.work()
    await stage.hand_over(an_envelope(target.staged, stage.clock.now()))
    done = await stage.until(State.DONE)

    assert done.outage_started_at == rejected_at
    assert done.outage_ended_at == stage.clock.now()


async def test_a_step_that_another_one_overtook_changes_nothing(automatic):
    """Compare and set: whoever moved the rotation meanwhile has the last word."""
    await automatic.ask(EventKind.ROTATE)
    rotation = await automatic.opened()
    await automatic.put(rotation)

    automatic.route.crash_at = {len(automatic.route.passed) + 1}
    with pytest.raises(Crash):
        await automatic.stepper.step(rotation.id)
    assert (await automatic.opened()).revision == rotation.revision + 2


async def test_a_refused_file_of_the_issuer_is_a_failure_of_the_issuer(automatic):
    """B4.7: what the issuer gave out does not pass the intake, so nothing is installed and it is tried again."""
    automatic.issuer.body = b"<html>Sign in</html>"
    await automatic.ask(EventKind.ROTATE)

    await automatic.work()

    rotation = await automatic.opened()
    assert (rotation.state, reason_of(rotation)) == (State.AWAITING_TOKEN, BlockReason.ISSUER_FAILED)
    assert rotation.envelope is None
