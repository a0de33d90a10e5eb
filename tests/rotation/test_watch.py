"""Asking how things stand: what is learnt, what needs a second look, what starts nothing."""

import pytest

from fakes.target import FakeTarget
from fakes.world import DAY, MINUTE, SECOND, START, Stage, a_service, an_envelope
from tokenward.model.event import EventKind
from tokenward.model.person import Subject
from tokenward.model.rotation import Cause, State
from tokenward.model.service import Keyholder
from tokenward.model.target import KeyPolicy
from tokenward.model.token import Basis, TokenState
from tokenward.policy.probing import spread


async def look(stage: Stage, after=None) -> None:
    """Let time pass, ask whatever is due, and have what comes of it decided."""
    if after is not None:
        stage.clock.advance(after)
    await stage.watch.ask_due()
    await stage.engine.settle_pending()


async def installed(stage: Stage):
    """Return what is known of the token, if anything."""
    return await stage.ledger.read(lambda change: change.tokens.installed("main"))


async def test_a_target_that_answers_with_a_token_makes_the_service_known(stage, target):
    """B1.3: adoption: minutes after the start the days are known, and who downloaded it."""
    held = target.holds("before")

    await look(stage)

    token = await installed(stage)
    assert (token.state, token.downloader, token.token_digest) == (TokenState.VALID, "kim@corp.example", held.digest)
    assert (token.expiry.at, token.expiry.basis) == (held.expires_at, Basis.READ_BACK)
    assert await stage.rotation() is None


async def test_a_target_that_answers_that_it_holds_none_is_unlinked(stage):
    """B1.3: that is evidence, so a first rotation opens."""
    await look(stage)

    assert (await stage.opened()).causes == (Cause.UNLINKED,)


@pytest.mark.parametrize("trouble", ["unreachable", "refuses"])
async def test_a_target_that_cannot_be_asked_starts_nothing(stage, target, trouble):
    """B1.3: unreachable or unreadable is unknown, however often."""
    setattr(target, trouble, True)

    for _ in range(4):
        await look(stage, 15 * MINUTE)

    assert await installed(stage) is None
    assert await stage.rotation() is None


async def test_a_target_that_lost_a_known_token_is_not_unlinked(stage, target):
    """B1.3: what was known once stays known; an empty answer is no proof that it never was linked."""
    target.holds("before")
    await look(stage)
    target.held = None

    for _ in range(3):
        await look(stage, 15 * MINUTE)

    assert await stage.rotation() is None


async def test_a_verdict_needs_a_second_equal_one_minutes_later(stage, target):
    """B10.2: the first rejection plans a second look; only that opens the rotation."""
    target.holds("before")
    await look(stage)
    target.verdict = TokenState.REJECTED

    await look(stage, 15 * MINUTE)
    assert await stage.rotation() is None
    await look(stage, MINUTE)
    assert await stage.rotation() is None
    await look(stage, MINUTE)

    assert (await stage.opened()).causes == (Cause.REJECTED,)
    assert (await installed(stage)).state is TokenState.REJECTED


async def test_a_verdict_that_is_taken_back_starts_nothing(stage, target):
    """B10.2: between two rejections the token was seen to work."""
    target.holds("before")
    await look(stage)
    for verdict in (TokenState.REJECTED, TokenState.VALID, TokenState.REJECTED):
        target.verdict = verdict
        await look(stage, 15 * MINUTE)

    assert await stage.rotation() is None


async def test_outages_between_two_verdicts_give_none(stage, target):
    """B10.2: an outage is no verdict and takes none back."""
    target.holds("before")
    await look(stage)
    target.verdict = TokenState.REJECTED
    await look(stage, 15 * MINUTE)
    target.unreachable = True
    await look(stage, 2 * MINUTE)
    assert await stage.rotation() is None
    target.unreachable = False

    await look(stage, 15 * MINUTE)

    assert (await stage.opened()).causes == (Cause.REJECTED,)


async def test_verdicts_about_an_earlier_token_do_not_count(automatic, target):
    """B10.2: a new token's first rejection needs a second look, whatever was said of the one before."""
    target.holds("before")
    await look(automatic)
    target.verdict = TokenState.REJECTED
    await look(automatic, 15 * MINUTE)
    await look(automatic, 2 * MINUTE)
    automatic.clock.advance(SECOND)
    await automatic.until(State.DONE)
    assert (await installed(automatic)).state is TokenState.VALID

    await look(automatic, 15 * MINUTE)

    assert await automatic.rotation() is None


async def test_probes_are_kept_with_the_event_that_asked_for_them(stage, target):
    """Section 9: a password change is probed at 0, 15 min, 2 h, 24 h and then daily, and survived."""
    target.holds("before")
    await look(stage)
    subject = Subject("email", "kim.lee@corp.example")
    verdict = await stage.submit(EventKind.PASSWORD_CHANGED, service=None, subject=subject)
    await stage.engine.settle_pending()

    await look(stage)
    await look(stage, 15 * MINUTE)

    import sqlite3

    rows = sqlite3.connect(stage.ledger._path).execute("select event_id from reading where event_id is not null")
    assert [row[0] for row in rows] == [verdict.event_id, verdict.event_id]
    token = await installed(stage)
    assert token.state is TokenState.VALID


async def test_a_token_that_somebody_else_installed_is_adopted(stage, target):
    """B1.3: another token stands there than the one that is known."""
    target.holds("before")
    await look(stage)
    other = target.holds("by hand")

    await look(stage, 15 * MINUTE)

    assert (await installed(stage)).token_digest == other.digest


async def test_what_a_running_installation_shows_is_not_adopted(automatic, target):
    """B1.1: from the click on the rotation itself says what is installed."""
    await automatic.ask(EventKind.ROTATE)
    target.rung_limit = 2
    await automatic.until(State.INSTALLED)
    before = await installed(automatic)
    target.holds("meanwhile")

    await look(automatic, 15 * MINUTE)

    assert (await installed(automatic)).token_digest == before.token_digest


async def test_a_claimed_rotation_is_watched_every_half_minute(stage, target):
    """B4.2: while somebody is at it."""
    target.holds("before")
    await look(stage)
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    await stage.ask(EventKind.CLAIM, person="kim")
    await look(stage, 15 * MINUTE)

    planned = await stage.ledger.read(lambda change: change.probes.next_regular("main"))

    assert planned == stage.clock.now() + 30 * SECOND


async def test_where_we_hold_the_secrets_apple_is_asked_daily(tmp_path):
    """B10.1: with the installed token's own values, and not the target."""
    target = FakeTarget(key_policy=KeyPolicy.NOT_FETCHED)
    stage = Stage(tmp_path, target, service=a_service(keyholder=Keyholder.TOKENWARD, issuer="simulator"))
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.DONE)
    (made,) = stage.issuer.made
    stage.witness.asked.clear()

    await look(stage)

    assert stage.witness.asked == [made.token.digest]
    assert await stage.ledger.read(lambda change: change.probes.next_regular("main")) == stage.clock.now() + spread(
        DAY, "main"
    )
    await stage.ledger.close()


async def test_a_planned_probe_of_a_service_that_is_gone_is_forgotten(stage):
    """A reload took the service away."""
    await stage.ledger.write(lambda change: change.probes.plan("main", START, None))
    stage.forget("main")

    await look(stage)

    assert await stage.ledger.read(lambda change: change.probes.due(START + DAY, 10)) == ()


async def test_an_unsigned_term_tells_and_never_rotates(stage, target):
    """Section 9: those who can accept the terms are told, here the operators."""
    target.holds("before")
    await look(stage)
    target.terms_unsigned = True

    await look(stage, 15 * MINUTE)
    await look(stage, 2 * MINUTE)

    assert await stage.rotation() is None
    assert await stage.messages("terms.unsigned") == ["operators"]
    assert (await installed(stage)).state is TokenState.TERMS_UNSIGNED


async def test_the_click_of_a_person_who_waits_for_nothing_is_seen(stage, target):
    """B4.4: in a portal rotation that waits, a superseded verdict is the click itself: no recovery begins."""
    target.holds("before")
    await look(stage)
    await stage.ask(EventKind.ROTATE)
    await stage.until(State.AWAITING_TOKEN)
    target.verdict = TokenState.SUPERSEDED

    await look(stage, 15 * MINUTE)
    await look(stage, 2 * MINUTE)

    rotation = await stage.opened()
    assert (rotation.state, rotation.causes, rotation.recover_until) == (
        State.AWAITING_TOKEN,
        (Cause.MANUAL,),
        None,
    )
    assert rotation.outage_started_at == stage.clock.now()
    await stage.hand_over(an_envelope(target.staged, stage.clock.now()))
    assert (await stage.until(State.DONE)).rung == 3
