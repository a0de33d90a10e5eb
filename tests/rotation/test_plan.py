"""Where a rotation goes next, state by state, from evidence alone."""

from dataclasses import replace

import pytest

from fakes.values import DAY, HOUR, NOW, a_certificate, an_installed_token
from fakes.world import MINUTE, SECOND
from rotation.evidences import TOKEN, UUID, away, rotation_in, the_evidence
from tokenward.model.rotation import Claim, State
from tokenward.model.target import BlockReason, Reading
from tokenward.model.token import TokenState
from tokenward.rotation.evidence import CertificateSource, Evidence
from tokenward.rotation.outcome import Act, Advance, Block, FetchCertificate, IssueToken, MakeKeypair, Retry, Wait
from tokenward.rotation.plan import plan

# --- opened ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "effect"),
    [
        (CertificateSource.MADE, MakeKeypair("tokenward-main-1")),
        (CertificateSource.FETCHED, FetchCertificate("nanodep", "tokenward-main-1")),
    ],
)
def test_a_certificate_is_made_or_fetched_once_the_way_is_clear(source, effect):
    """B3.1 and B4.1: the attempt is written down with its number and the time of the next one."""
    outcome = plan(rotation_in(State.OPENED), the_evidence(source=source), NOW)

    assert isinstance(outcome, Act)
    assert outcome.effect == effect
    assert (outcome.intent.attempts, outcome.intent.attempted_at) == (1, NOW)
    assert outcome.intent.wake_at > NOW


@pytest.mark.parametrize("state", [State.OPENED, State.CERTIFICATE_READY])
@pytest.mark.parametrize("reason", list(BlockReason))
def test_before_the_click_any_doubt_blocks(state, reason):
    """B4.1: not green: blocked with the remedy, nothing fetched, nobody asked; looked at again in a minute."""
    outcome = plan(rotation_in(state), the_evidence(preflight=away(reason), certificate=a_certificate()), NOW)

    assert outcome == Block(reason, "bring it back", NOW + MINUTE, rotation_in(state))


def test_a_recorded_certificate_is_never_fetched_again():
    """B3.1: what is on record for this visit leads on."""
    outcome = plan(rotation_in(State.OPENED, attempts=1), the_evidence(certificate=a_certificate("f7")), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.certificate, outcome.to.attempts) == (State.CERTIFICATE_READY, "f7", 0)


@pytest.mark.parametrize("new_key", [False, True])
def test_a_certificate_that_somebody_else_has_to_bring_is_waited_for(new_key):
    """B3.2: with keyholder operator, and after a departure over a new key; the remedy names the file."""
    rotation = rotation_in(State.OPENED, new_key=new_key)

    outcome = plan(rotation, the_evidence(source=CertificateSource.GIVEN), NOW)

    assert isinstance(outcome, Block)
    assert (outcome.reason, outcome.next_attempt_at) == (BlockReason.CERTIFICATE_MISSING, None)
    assert "main.pem" in outcome.remedy
    assert ("new certificate" in outcome.remedy) is new_key


def test_while_a_stray_download_is_sought_no_key_is_fetched():
    """B4.4: recovery goes straight to the question, whatever the preflight says."""
    rotation = rotation_in(State.OPENED, recover_until=NOW + HOUR)

    outcome = plan(rotation, the_evidence(preflight=away()), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.recover_until) == (State.AWAITING_TOKEN, NOW + HOUR)


def test_an_issuer_that_needs_no_person_has_no_recovery():
    """B4.4: it issues anew at once."""
    rotation = rotation_in(State.OPENED, recover_until=NOW + HOUR)

    assert isinstance(plan(rotation, the_evidence(needs_person=False), NOW), Act)


def test_a_recovery_that_ran_out_before_it_began_fetches_once_only():
    """B4.4: the daemon was down for the hour: the certificate that is fetched now is the one that is asked for."""
    rotation = rotation_in(State.OPENED, recover_until=NOW - MINUTE)

    ready = plan(rotation, the_evidence(certificate=a_certificate()), NOW)

    assert isinstance(ready, Advance)
    assert (ready.to.state, ready.to.recover_until) == (State.CERTIFICATE_READY, None)


# --- certificate_ready and registered -------------------------------------------------------------------------------


@pytest.mark.parametrize(("needs_person", "whom"), [(True, "person"), (False, "issuer")])
def test_putting_the_certificate_to_apple_is_left_to_whoever_downloads(needs_person, whom):
    """B4.7: `registered` is entered at once, after a second preflight."""
    outcome = plan(rotation_in(State.CERTIFICATE_READY), the_evidence(needs_person=needs_person), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.cleared_at) == (State.REGISTERED, NOW)
    assert whom in outcome.why


def test_then_the_token_is_asked_for():
    """Section 2: `awaiting_token`, of whoever is to act now."""
    outcome = plan(rotation_in(State.REGISTERED), the_evidence(actor="ana"), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.actor) == (State.AWAITING_TOKEN, "ana")


# --- awaiting_token -------------------------------------------------------------------------------------------------


def test_an_issuer_clicks_only_after_a_preflight_of_this_moment():
    """B4.7: clear: the click, for the person who would be asked; else blocked."""
    rotation = rotation_in(State.AWAITING_TOKEN)

    clear = plan(rotation, the_evidence(needs_person=False), NOW)
    blocked = plan(rotation, the_evidence(needs_person=False, preflight=away()), NOW)

    assert isinstance(clear, Act)
    assert clear.effect == IssueToken("kim", "kim@corp.example")
    assert clear.intent.cleared_at == NOW
    assert isinstance(blocked, Block)


@pytest.mark.parametrize("lacking", [{"actor": None}, {"account": None}])
def test_an_issuer_acts_for_somebody_or_not_at_all(lacking):
    """B7.1: nobody left: blocked."""
    outcome = plan(rotation_in(State.AWAITING_TOKEN), the_evidence(needs_person=False, **lacking), NOW)

    assert isinstance(outcome, Block)
    assert outcome.reason is BlockReason.NOBODY_USABLE


def test_nobody_to_ask_is_said():
    """B7.1: the operators are to act."""
    rotation = replace(rotation_in(State.AWAITING_TOKEN), actor=None)

    outcome = plan(rotation, the_evidence(actor=None), NOW)

    assert isinstance(outcome, Block)
    assert outcome.reason is BlockReason.NOBODY_USABLE


def test_a_person_is_waited_for():
    """Style 6: the wait is a time in the store: the due date, the end of a recovery, or the next look."""
    waits = {
        NOW + HOUR: rotation_in(State.AWAITING_TOKEN),
        NOW + MINUTE: rotation_in(State.AWAITING_TOKEN, recover_until=NOW + MINUTE),
        NOW + 2 * MINUTE: rotation_in(State.AWAITING_TOKEN, due_at=NOW + 2 * MINUTE),
    }
    for until, rotation in waits.items():
        outcome = plan(rotation, the_evidence(), NOW)
        assert isinstance(outcome, Wait)
        assert outcome.until == until


def test_a_claim_repeats_the_preflight_before_any_step_is_shown():
    """B4.2: clear: the steps; not clear: the claim is given up and the reason said."""
    claim = Claim("kim", NOW, NOW + 30 * MINUTE)
    rotation = rotation_in(State.AWAITING_TOKEN, claim=claim)

    clear = plan(rotation, the_evidence(), NOW)
    blocked = plan(rotation, the_evidence(preflight=away()), NOW)

    assert isinstance(clear, Advance)
    assert (clear.to.cleared_at, clear.to.claim) == (NOW, claim)
    assert isinstance(blocked, Block)
    assert (blocked.reason, blocked.to.claim) == (BlockReason.TARGET_UNREACHABLE, None)


def test_a_cleared_claim_waits_for_the_file_until_it_runs_out():
    """B4.2: it holds for 30 minutes; then the rotation is free again."""
    rotation = rotation_in(State.AWAITING_TOKEN, claim=Claim("kim", NOW, NOW + 30 * MINUTE), cleared_at=NOW)

    waiting = plan(rotation, the_evidence(), NOW + SECOND)
    over = plan(rotation, the_evidence(), NOW + 30 * MINUTE)

    assert isinstance(waiting, Wait)
    assert waiting.until == NOW + 30 * MINUTE
    assert isinstance(over, Advance)
    assert over.to.claim is None


def test_whoever_is_at_it_is_not_replaced():
    """B4.2: somebody else is asked only while nobody holds the rotation."""
    rotation = rotation_in(State.AWAITING_TOKEN)
    claimed = replace(rotation, claim=Claim("kim", NOW, NOW + HOUR), cleared_at=NOW)

    moved = plan(rotation, the_evidence(actor="ana"), NOW)
    held = plan(claimed, the_evidence(actor="ana"), NOW)

    assert isinstance(moved, Advance)
    assert moved.to.actor == "ana"
    assert isinstance(held, Wait)


def test_a_file_that_does_not_turn_up_is_given_up():
    """B4.4: after the hour a new certificate and a new download are asked for, on a new visit."""
    rotation = rotation_in(State.AWAITING_TOKEN, recover_until=NOW, certificate="c1")

    outcome = plan(rotation, the_evidence(), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.visit, outcome.to.recover_until) == (State.OPENED, 2, None)
    assert outcome.to.certificate is None


# --- received -------------------------------------------------------------------------------------------------------


def account(verdict: TokenState | None, server_uuid: str | None = UUID) -> Evidence:
    """Return what Apple says of the values that were opened."""
    reading = Reading(verdict, "as told", server_uuid=server_uuid)
    return the_evidence(token=TOKEN, account_reading=reading, installed=an_installed_token(server_uuid=UUID))


def test_what_only_the_product_can_open_goes_on():
    """B5.5: it is judged by read-back."""
    outcome = plan(rotation_in(State.RECEIVED, envelope="e1"), the_evidence(), NOW)

    assert isinstance(outcome, Advance)
    assert outcome.to.state is State.CHECKED


@pytest.mark.parametrize("spelled", [UUID, UUID.lower(), "3f2c0000-aaaa-4000-8000-00000000bbbb"])
def test_apples_word_lets_the_token_pass(spelled):
    """B5.4: the service's own uuid, however it is spelled."""
    outcome = plan(rotation_in(State.RECEIVED), account(TokenState.VALID, spelled), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.server_uuid) == (State.CHECKED, spelled)


def test_another_server_is_not_installed():
    """B5.4: another uuid: nothing is installed."""
    outcome = plan(rotation_in(State.RECEIVED), account(TokenState.VALID, "0" * 32), NOW)

    assert isinstance(outcome, Block)
    assert (outcome.reason, outcome.to.state) == (BlockReason.WRONG_SERVER, State.RECEIVED)


def test_the_first_uuid_that_is_seen_is_taken():
    """B5.4: nothing is known of the service yet, so there is nothing to compare with."""
    evidence = replace(account(TokenState.VALID), installed=None)

    outcome = plan(rotation_in(State.RECEIVED), evidence, NOW)

    assert isinstance(outcome, Advance)
    assert outcome.to.server_uuid == UUID


@pytest.mark.parametrize("reading", [None, Reading(None, "Apple did not answer.", answered=False)])
def test_without_apples_word_it_is_asked_again(reading):
    """B5.4: retried by a stored number of attempts."""
    evidence = the_evidence(token=TOKEN, account_reading=reading)

    first = plan(rotation_in(State.RECEIVED), evidence, NOW)
    later = plan(rotation_in(State.RECEIVED, attempts=5), evidence, NOW)

    assert isinstance(first, Retry)
    assert isinstance(later, Retry)
    assert first.reason is BlockReason.APPLE_UNREACHABLE
    assert (first.to.attempts, later.to.attempts) == (1, 6)
    assert first.after < later.after


def test_unsigned_terms_are_no_fault_of_the_token():
    """Section 9: said to whoever can accept them."""
    outcome = plan(rotation_in(State.RECEIVED), account(TokenState.TERMS_UNSIGNED), NOW)

    assert isinstance(outcome, Block)
    assert outcome.reason is BlockReason.TERMS_UNSIGNED


@pytest.mark.parametrize("verdict", [TokenState.REJECTED, TokenState.SUPERSEDED, TokenState.EXPIRED])
def test_a_token_that_is_dead_already_is_asked_for_again(verdict):
    """B5.1: the file is of no use; the outage clock does not start with an old file's time."""
    rotation = rotation_in(State.RECEIVED, envelope="e1", outage_started_at=NOW - 90 * DAY)

    outcome = plan(rotation, account(verdict), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.envelope) == (State.AWAITING_TOKEN, None)
    assert outcome.to.outage_started_at is None


def test_an_outage_that_is_known_goes_on_when_a_file_is_of_no_use():
    """B4.3: the token in use is dead, so the clock runs on."""
    rotation = rotation_in(State.RECEIVED, envelope="e1", outage_started_at=NOW - HOUR)
    evidence = replace(account(TokenState.REJECTED), installed=an_installed_token(state=TokenState.REJECTED))

    outcome = plan(rotation, evidence, NOW)

    assert isinstance(outcome, Advance)
    assert outcome.to.outage_started_at == NOW - HOUR


# --- proven, and every state ----------------------------------------------------------------------------------------


def test_what_is_proven_is_done():
    """B2.1: and held by nobody any more."""
    rotation = rotation_in(State.PROVEN, rung=3, claim=Claim("kim", NOW, NOW + HOUR))

    outcome = plan(rotation, the_evidence(), NOW)

    assert isinstance(outcome, Advance)
    assert (outcome.to.state, outcome.to.closed_at, outcome.to.claim) == (State.DONE, NOW, None)
