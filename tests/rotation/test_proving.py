"""From `installed` to `proven`: the service must be seen to work with the new token."""

from dataclasses import replace

import pytest

from fakes.values import DAY, HOUR, NOW, a_rotation, an_installed_token
from fakes.world import SECOND
from tokenward.model.finding import Code, Finding
from tokenward.model.rotation import Installation, Rotation, State
from tokenward.model.target import BlockReason, Proof
from tokenward.rotation.evidence import CertificateSource, Evidence, Unanswered
from tokenward.rotation.outcome import Act, Advance, Block, Outcome, Retry, Wait
from tokenward.rotation.proving import plan_installed

UUID = "3F2C0000AAAA4000800000000000BBBB"
AWAY = Unanswered(Finding(Code.TARGET_UNREACHABLE, "It is away.", "Nothing was asked.", "Bring it back."))


def after(outcome: Outcome) -> Rotation:
    """Return the rotation as *outcome* leaves it."""
    assert not isinstance(outcome, Act)
    return outcome.to


def installed(**words) -> Rotation:
    """Return a rotation whose only target shows the new token, with an outage that runs."""
    here = (Installation("first", required=True, installed_at=NOW),)
    rotation = a_rotation(state=State.INSTALLED, installations=here, envelope="e1", outage_started_at=NOW - HOUR)
    return replace(rotation, **words)


def proof(rung: int, wanted: int = 3, **words) -> Evidence:
    """Return what the target shows of itself."""
    known = an_installed_token(server_uuid=UUID)
    seen = Proof(rung, f"rung {rung} was seen", **words)
    return Evidence(CertificateSource.FETCHED, needs_person=True, installed=known, proof=seen, wanted_rung=wanted)


@pytest.mark.parametrize("wanted", range(6))
@pytest.mark.parametrize("rung", range(6))
def test_it_is_proven_when_the_wanted_rung_is_reached_and_recorded_as_it_is(rung, wanted):
    """B8.1: never rounded up."""
    outcome = plan_installed(installed(), proof(rung, wanted), NOW)

    assert after(outcome).rung == rung
    assert after(outcome).installations[0].rung == rung
    assert isinstance(outcome, Advance if rung >= wanted else Wait)
    assert after(outcome).state is (State.PROVEN if rung >= wanted else State.INSTALLED)


@pytest.mark.parametrize("rung", range(6))
def test_the_outage_is_over_from_rung_two_on(rung):
    """B4.3: whatever rung is wanted, and once only."""
    first = plan_installed(installed(), proof(rung, wanted=5), NOW)
    again = plan_installed(after(first), proof(rung, wanted=5), NOW + HOUR)

    assert after(first).outage_ended_at == after(again).outage_ended_at == (NOW if rung >= 2 else None)


def test_an_outage_that_never_began_does_not_end():
    """B4.3: nothing is made up."""
    assert after(plan_installed(installed(outage_started_at=None), proof(3), NOW)).outage_ended_at is None


def test_a_rung_that_is_not_reached_within_a_day_is_somebodys_business():
    """B8.2: `proof_pending` after 24 hours, with what was seen so far; it goes on being asked."""
    waiting = plan_installed(installed(), proof(2), NOW + DAY - SECOND)
    pending = plan_installed(installed(), proof(2), NOW + DAY)

    assert isinstance(waiting, Wait)
    assert isinstance(pending, Block)
    assert pending.reason is BlockReason.PROOF_PENDING
    assert pending.next_attempt_at is not None
    assert pending.next_attempt_at > NOW + DAY
    assert "rung 2 of 3" in pending.remedy


def test_looks_grow_further_apart():
    """Style 6: by the stored number, so a restart does not begin anew."""
    outcomes = [plan_installed(installed(attempts=attempts), proof(2), NOW) for attempts in range(8)]
    waits = [outcome.until for outcome in outcomes if isinstance(outcome, Wait)]

    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= NOW + 60 * SECOND


@pytest.mark.parametrize("answer", [AWAY, None])
def test_a_target_that_cannot_be_asked_is_asked_again(answer):
    """B2.1: `target_unreachable`; nothing that was known is forgotten."""
    evidence = replace(proof(3), proof=answer)

    outcome = plan_installed(installed(rung=2), evidence, NOW)

    assert isinstance(outcome, Retry)
    assert (outcome.reason, outcome.to.rung, outcome.to.state) == (BlockReason.TARGET_UNREACHABLE, 2, State.INSTALLED)
    assert outcome.after > NOW


def test_another_server_leads_back_to_the_question():
    """B2.4: wrong on read-back: critical, back to `awaiting_token`."""
    outcome = plan_installed(installed(), proof(3, server_uuid="0" * 32), NOW)

    assert isinstance(outcome, Block)
    assert outcome.reason is BlockReason.WRONG_SERVER
    assert (outcome.to.state, outcome.to.envelope) == (State.AWAITING_TOKEN, None)


@pytest.mark.parametrize("spelled", [UUID, UUID.lower(), "3f2c0000-aaaa-4000-8000-00000000bbbb"])
def test_the_same_server_may_be_spelled_in_other_ways(spelled):
    """B5.4: Apple writes no dashes and upper case, products write both."""
    assert isinstance(plan_installed(installed(), proof(3, server_uuid=spelled), NOW), Advance)


def test_who_downloaded_it_is_kept_as_apple_says():
    """B1.4: `admin_id` is the recorded downloader; what is not said takes nothing back."""
    told = plan_installed(installed(), proof(3, downloader="ana@corp.example", server_uuid=UUID), NOW)
    silent = plan_installed(installed(downloader="kim@corp.example", server_uuid=UUID), proof(3), NOW)

    assert (after(told).downloader, after(told).server_uuid) == ("ana@corp.example", UUID)
    assert (after(silent).downloader, after(silent).server_uuid) == ("kim@corp.example", UUID)


def test_a_clock_that_went_back_only_waits_longer():
    """Promise 6: a negative age is no day."""
    assert isinstance(plan_installed(installed(), proof(2), NOW - 3 * DAY), Wait)
