"""From `checked` to `installed`: every target on its own, believed only when it is read back."""

from dataclasses import replace

import pytest

from fakes.target import a_token
from fakes.values import NOW, a_rotation
from fakes.world import SECOND
from tokenward.model.finding import Code, Finding
from tokenward.model.rotation import Installation, Rotation, State
from tokenward.model.target import NOTHING_HELD, BlockReason, Holding
from tokenward.rotation.evidence import CertificateSource, Evidence, Unanswered
from tokenward.rotation.installing import READ_BACK_LAG, plan_checked, shows
from tokenward.rotation.outcome import Act, Advance, Block, InstallEnvelope, Retry, Wait

NEW, OLD = a_token("new").digest, a_token("old").digest
AWAY = Unanswered(Finding(Code.TARGET_UNREACHABLE, "It is away.", "Nothing was sent.", "Bring it back."))
FIRST = Installation("first", required=True)
SECOND_ONE = Installation("second", required=True)
COPY = Installation("copy", required=False)


def checked(*installations: Installation) -> Rotation:
    """Return a rotation that is to be installed."""
    return a_rotation(state=State.CHECKED, envelope="e1", certificate="c1", installations=installations or (FIRST,))


def seen(held=None, **words) -> Evidence:
    """Return what the targets show, by their ids."""
    evidence = Evidence(CertificateSource.FETCHED, needs_person=True, holdings=held or {})
    return replace(evidence, **words)


def test_the_intent_is_written_down_before_the_first_byte():
    """Style 6: attempt, what stood there before, the adapter's note, and when it may be repeated."""
    evidence = seen({"first": Holding(True, token_digest=OLD)}, notes={"first": "session 1"})

    outcome = plan_checked(checked(), evidence, NOW)

    assert isinstance(outcome, Act)
    (intent,) = outcome.intent.installations
    assert outcome.effect == InstallEnvelope("first", forced=False)
    assert (intent.attempts, intent.attempted_at, intent.held_before, intent.noted) == (1, NOW, OLD, "session 1")
    assert intent.next_attempt_at is not None
    assert intent.next_attempt_at >= NOW + READ_BACK_LAG
    assert outcome.intent.wake_at > NOW


def test_what_stood_there_before_the_first_attempt_is_noted_once():
    """Style 6: the second attempt must not take the new token for the old one."""
    tried = replace(FIRST, attempts=1, held_before=OLD, noted="session 1", next_attempt_at=NOW)
    evidence = seen({"first": Holding(True, token_digest=OLD)}, notes={"first": "session 2"})

    outcome = plan_checked(checked(tried), evidence, NOW)

    assert isinstance(outcome, Act)
    (intent,) = outcome.intent.installations
    assert (intent.attempts, intent.held_before, intent.noted) == (2, OLD, "session 1")


@pytest.mark.parametrize(
    ("held", "one", "token", "expected"),
    [
        (Holding(True, envelope="e1"), FIRST, None, True),
        (Holding(True, envelope="e0"), FIRST, None, False),
        (NOTHING_HELD, FIRST, None, False),
        (Holding(True), FIRST, None, False),
        (Holding(True, token_digest=NEW), FIRST, a_token("new"), True),
        (Holding(True, token_digest=OLD), FIRST, a_token("new"), False),
        (Holding(True, token_digest=NEW), replace(FIRST, expected=NEW), None, True),
        (Holding(True, token_digest=OLD), replace(FIRST, expected=NEW, held_before=""), None, False),
        (Holding(True, token_digest=NEW), replace(FIRST, held_before=OLD), None, True),
        (Holding(True, token_digest=OLD), replace(FIRST, held_before=OLD), None, False),
        (Holding(True, token_digest=NEW), replace(FIRST, held_before=""), None, True),
        (Holding(True, token_digest=NEW), FIRST, None, False),
    ],
    ids=[
        "the file itself",
        "another file",
        "nothing",
        "something that says nothing",
        "the digest that we know from opening it",
        "another digest than we know",
        "the digest that the target told",
        "another digest than the target told",
        "another one than before",
        "still the one from before",
        "one where there was none",
        "before the first attempt nothing is believed",
    ],
)
def test_a_target_is_believed_by_what_it_shows(held, one, token, expected):
    """Section 2: `installed` is when read-back shows it: best by the file, else by digest, else by the change."""
    assert shows(held, one, checked(one), seen(token=token)) is expected


def test_every_required_target_must_show_it():
    """Section 2: and then it is installed."""
    evidence = seen({"first": Holding(True, envelope="e1"), "second": Holding(True, envelope="e0")})

    one = plan_checked(checked(FIRST, SECOND_ONE), evidence, NOW)
    both = plan_checked(
        checked(FIRST, SECOND_ONE), seen(dict.fromkeys(("first", "second"), Holding(True, envelope="e1"))), NOW
    )

    assert isinstance(one, Act)
    assert one.effect == InstallEnvelope("second", forced=False)
    assert isinstance(both, Advance)
    assert both.to.state is State.INSTALLED


def test_a_target_that_answers_comes_before_one_that_does_not():
    """B8.3: each on its own: the second required one does not wait for the first."""
    evidence = seen({"first": AWAY, "second": NOTHING_HELD})

    outcome = plan_checked(checked(FIRST, SECOND_ONE), evidence, NOW)

    assert isinstance(outcome, Act)
    assert outcome.effect == InstallEnvelope("second", forced=False)


def test_a_required_target_comes_before_a_copy():
    """B8.3: outage is measured on the first target."""
    outcome = plan_checked(checked(COPY, FIRST), seen(dict.fromkeys(("first", "copy"), NOTHING_HELD)), NOW)

    assert isinstance(outcome, Act)
    assert outcome.effect == InstallEnvelope("first", forced=False)


def test_a_copy_is_tried_once_and_never_holds_up_the_rest():
    """B8.3: it is handed the file too; whether it worked is on record."""
    here = replace(FIRST, installed_at=NOW)
    evidence = seen({"copy": NOTHING_HELD})

    untried = plan_checked(checked(here, COPY), evidence, NOW)
    tried = plan_checked(checked(here, replace(COPY, attempts=1, next_attempt_at=NOW + SECOND)), evidence, NOW)

    assert isinstance(untried, Act)
    assert untried.effect == InstallEnvelope("copy", forced=False)
    assert isinstance(tried, Advance)


def test_a_target_that_is_away_is_tried_again_by_its_own_count():
    """B2.1: `target_unreachable`, with the adapter's remedy; never sooner than the target asked."""
    slow = replace(AWAY, retry_after_seconds=120.0)

    first = plan_checked(checked(), seen({"first": AWAY}), NOW)
    later = plan_checked(checked(replace(FIRST, attempts=6)), seen({"first": AWAY}), NOW)
    asked = plan_checked(checked(), seen({"first": slow}), NOW)

    assert isinstance(first, Retry)
    assert isinstance(later, Retry)
    assert isinstance(asked, Retry)
    assert (first.reason, first.error) == (BlockReason.TARGET_UNREACHABLE, "Bring it back.")
    assert first.after < later.after
    assert asked.after >= NOW + 120 * SECOND
    assert first.to.installations[0].error == "It is away."


def test_a_read_back_that_lags_is_waited_for():
    """B4.6: the target took it and shows the old token still: nothing is to be done."""
    taken = replace(FIRST, attempts=1, held_before=OLD, expected=NEW, next_attempt_at=NOW + READ_BACK_LAG)

    outcome = plan_checked(checked(taken), seen({"first": Holding(True, token_digest=OLD)}), NOW)

    assert isinstance(outcome, Wait)
    assert outcome.until == NOW + READ_BACK_LAG
    assert "does not show it yet" in outcome.why


def test_a_refusal_is_a_block_until_the_next_attempt():
    """B2.1: `install_failed`, with what the target said; then it is tried again."""
    refused = replace(FIRST, attempts=2, error="It is for another key.", next_attempt_at=NOW + 4 * SECOND)

    blocked = plan_checked(checked(refused), seen({"first": NOTHING_HELD}), NOW)
    again = plan_checked(checked(refused), seen({"first": NOTHING_HELD}), NOW + 4 * SECOND)

    assert isinstance(blocked, Retry)
    assert (blocked.reason, blocked.after) == (BlockReason.INSTALL_FAILED, NOW + 4 * SECOND)
    assert "another key" in blocked.error
    assert isinstance(again, Act)


def test_a_changed_consumer_key_is_forced_for_this_rotations_own_certificate_only():
    """B5.7: made for the certificate that this rotation chose: forced; for an older one: a person has to look."""
    mismatched = replace(FIRST, attempts=1, mismatch=True, error="Another consumer key.")

    ours = plan_checked(checked(mismatched), seen({"first": NOTHING_HELD}, made_for_ours=True), NOW)
    foreign = plan_checked(checked(mismatched), seen({"first": NOTHING_HELD}, made_for_ours=False), NOW)

    assert isinstance(ours, Act)
    assert ours.effect == InstallEnvelope("first", forced=True)
    assert ours.intent.installations[0].forced
    assert isinstance(foreign, Block)
    assert foreign.reason is BlockReason.INSTALL_FAILED


def test_an_undisputed_installation_is_never_forced():
    """B5.7: not even when the file was made for our own certificate."""
    outcome = plan_checked(checked(), seen({"first": NOTHING_HELD}, made_for_ours=True), NOW)

    assert isinstance(outcome, Act)
    assert outcome.effect == InstallEnvelope("first", forced=False)
