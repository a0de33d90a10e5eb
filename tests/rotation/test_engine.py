"""One event after the other: decided once, committed with its record, and discreet where it has to be."""

import structlog

from fakes.target import FakeTarget
from fakes.world import DAY, KIM, START, Stage, a_service, an_envelope
from tokenward.model.event import Event, EventKind, Taken, Verdict, Way
from tokenward.model.person import Standing, Subject
from tokenward.model.rotation import Cause, State
from tokenward.model.token import InstalledToken, TokenState
from tokenward.rotation.record import Settlement

EVENTS = "tokenward_events_total"
ABOUT_KIM = Subject("email", "kim.lee@corp.example")
ABOUT_NOBODY = Subject("email", "somebody@else.example")


async def settlement(stage: Stage, verdict: Verdict) -> Settlement:
    """Return what became of an event that was taken."""
    assert isinstance(verdict, Taken)
    found = await stage.ledger.read(lambda change: change.inbox.settlement(verdict.event_id))
    assert found is not None
    return found


async def about(stage: Stage, kind: EventKind, subject: Subject = ABOUT_KIM, **words) -> Settlement:
    """Have an event about somebody decided and return what became of it."""
    verdict = await stage.submit(kind, service=None, subject=subject, **words)
    await stage.engine.settle_pending()
    return await settlement(stage, verdict)


async def linked(stage: Stage) -> None:
    """Put a token on record that kim downloaded."""
    token = InstalledToken("main", TokenState.VALID, START - DAY, downloader="kim@corp.example")
    await stage.ledger.write(lambda change: change.tokens.record(token))


async def test_an_event_is_decided_once(stage):
    """Promise 1: what is settled stays settled, whoever asks again."""
    await stage.submit(EventKind.ROTATE)

    assert await stage.engine.settle_pending() == 1
    assert await stage.engine.settle_pending() == 0
    assert len(await stage.audited("rotation.opened")) == 1


async def test_events_are_decided_in_the_order_in_which_they_came(stage):
    """Section 3 of the design: a cancellation behind a request finds what that opened."""
    await stage.submit(EventKind.ROTATE)
    last = await stage.submit(EventKind.CANCEL, data={"reason": "not today"})

    await stage.engine.settle_pending()

    assert (await settlement(stage, last)).outcome == "accepted"
    assert (await stage.latest()).state is State.CANCELLED


async def test_an_event_about_nobody_leaves_a_replay_id_and_a_tally(stage):
    """Section 9: its payload is not kept, nothing is recorded of it, and the same again is known."""
    settled = await about(stage, EventKind.PASSWORD_CHANGED, ABOUT_NOBODY, key="k", data={"reason": "private"})

    assert settled.outcome == "ignored"
    tallies = await stage.tallies(EVENTS)
    assert tallies == {(("kind", "password.changed"), ("outcome", "ignored"), ("source", "control")): 1}
    await stage.ledger.close()
    assert b"somebody@else.example" not in await _on_disk(stage)


async def _on_disk(stage: Stage) -> bytes:
    path = stage.ledger._path
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


async def test_a_refused_request_is_settled_as_denied_with_its_finding(stage):
    """Section 9: there is nothing to cancel; whoever asked hears the three parts and the number."""
    verdict = await stage.submit(EventKind.CANCEL, data={"reason": "why not"})
    await stage.engine.settle_pending()

    settled = await settlement(stage, verdict)

    assert (settled.outcome, settled.code) == ("denied", "TW305")
    assert "no open rotation" in settled.lines[0]
    tallies = await stage.tallies(EVENTS)
    assert tallies == {(("kind", "cancel"), ("outcome", "rejected"), ("source", "control")): 1}


async def test_an_event_about_several_people_does_nothing_but_raise_the_alarm(stage):
    """B7.8: the address of one is the id of another: nothing is done, and the operators hear of it."""
    from dataclasses import replace

    twin = replace(KIM, id="twin", accounts={"corp": "twin@corp.example"})
    stage.world = replace(stage.world, roster=replace(stage.world.roster, people={"kim": KIM, "twin": twin}))

    settled = await about(stage, EventKind.PASSWORD_CHANGED)

    assert settled.outcome == "denied"
    assert await stage.messages("identity.ambiguous") == ["operators"]
    assert await stage.rotation() is None


async def test_a_departure_that_is_ahead_is_named_nowhere(stage):
    """B7.2: not in what the sender hears, not in a total, not in the log; the rotation says `custodian`."""
    await linked(stage)
    with structlog.testing.capture_logs() as logged:
        settled = await about(stage, EventKind.EMPLOYMENT_ENDING, effective_at=START + 5 * DAY)
        await stage.work()

    said = repr((settled, logged, await stage.tallies(EVENTS))).casefold()
    for word in ("employment", "depart", "leav", "ending", "terminat", "2026-11-29"):
        assert word not in said, word
    rotation = await stage.opened()
    assert rotation.causes == (Cause.CUSTODIAN,)
    assert rotation.actor == "ana"
    queued = await stage.ledger.read(lambda change: change.outbox.pending(START + 365 * DAY, 100))
    assert all("employment" not in repr(one).casefold() for one in queued)
    assert "person:kim" not in {one.message.audience for one in queued}


async def test_a_departure_opens_a_rotation_with_a_new_key_by_the_deputy(stage, target):
    """B3.2 and B7.3: account disabled: due at once, by ana, over a key that is not the one in use."""
    await linked(stage)

    await about(stage, EventKind.ACCOUNT_DISABLED)
    await stage.work()

    rotation = await stage.opened()
    assert (rotation.actor, rotation.new_key, rotation.due_at) == ("ana", True, stage.clock.now())
    state = await stage.ledger.read(lambda change: change.people.state("kim"))
    assert state.standing is Standing.DEPARTED


async def test_a_departure_after_the_click_of_the_very_downloader_is_followed_up(stage, target):
    """B2.2: this token dies with the account; it is finished first, and a rotation over a new key follows."""
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    target.rung_limit = 2
    await stage.hand_over(an_envelope(target.staged, stage.clock.now()))
    await stage.work()
    assert (await stage.opened()).state is State.INSTALLED

    await about(stage, EventKind.ACCOUNT_DELETED)
    target.rung_limit = 3
    first = await stage.opened()
    assert first.follow_up == (Cause.CUSTODIAN,)
    stage.clock.at = first.wake_at
    await stage.work()

    second = await stage.opened()
    assert second.id != first.id
    assert (second.causes, second.new_key, second.actor) == ((Cause.CUSTODIAN,), True, "ana")
    assert len(target.fetches) == 2


async def test_a_custodian_who_returns_ends_a_change_that_nobody_began(stage):
    """B2.5: nothing else was a cause, so it is cancelled, and the rotation is counted as such."""
    await linked(stage)
    await about(stage, EventKind.ACCOUNT_DISABLED)
    await stage.work()

    await about(stage, EventKind.ACCOUNT_ENABLED)

    assert (await stage.latest()).state is State.CANCELLED
    tallies = await stage.tallies("tokenward_rotations_total")
    (labels,) = tallies
    assert {("cause", "custodian"), ("outcome", "cancelled")} <= set(labels)


async def test_an_event_whose_service_a_reload_took_away_is_ignored(stage):
    """It was taken while the service was configured; nothing is left to decide it for."""
    verdict = await stage.submit(EventKind.ROTATE)
    stage.forget("main")

    await stage.engine.settle_pending()

    assert (await settlement(stage, verdict)).outcome == "ignored"


async def test_a_watched_service_only_tells_the_operators(tmp_path):
    """B1.5: every rotation of the policy becomes a message."""
    stage = Stage(tmp_path, FakeTarget(), service=a_service(issuer=None))

    event = Event("watch", "k", EventKind.TOKEN_EXPIRED, Way.WATCH, START, "main")
    await stage.intake.submit(event)
    await stage.engine.settle_pending()

    assert await stage.rotation() is None
    assert await stage.messages("rotation.needed") == ["operators"]
    await stage.ledger.close()


async def test_quiet_that_somebody_asked_for_keeps_the_clock_from_opening_it_again(stage):
    """B2.5: `--until` holds off the clock's causes, and nobody else's."""
    await stage.ask(EventKind.ROTATE)
    until = START + 3 * DAY
    await stage.ask(EventKind.CANCEL, reason="freeze", until=until.isoformat())

    await stage.submit(EventKind.TOKEN_EXPIRED, source="clock")
    await stage.engine.settle_pending()
    assert await stage.rotation() is None

    await stage.ask(EventKind.ROTATE)
    assert await stage.rotation() is not None


async def test_a_certificate_and_its_file_that_come_together_need_no_second_click(tmp_path, keypair):
    """B5.2: the file was made for the very certificate that was dropped a second before."""
    from tokenward.crypto.certificate import to_pem
    from tokenward.model.event import Attachment, AttachmentRole
    from tokenward.model.service import Keyholder
    from tokenward.model.target import KeyPolicy

    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.OPERATOR))
    dropped = Attachment(AttachmentRole.CERTIFICATE, "main.pem", to_pem(keypair.certificate))
    await stage.submit(EventKind.CERTIFICATE_NEW, dropped)
    await stage.hand_over(an_envelope(keypair.certificate))

    done = await stage.until(State.DONE)

    assert done.follow_up == ()
    assert await stage.rotation() is None
    await stage.ledger.close()
