"""What holds of every plan, whatever the world shows."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fakes.values import HOUR, NOW, a_certificate, an_installed_token
from fakes.world import MINUTE
from rotation.evidences import CLEAR, TOKEN, UUID, away, rotation_in, the_evidence
from tokenward.model.finding import Code, Finding
from tokenward.model.rotation import AFTER_THE_CLICK, OPEN_STATES, Blocked, Claim, Installation, Rotation, State
from tokenward.model.target import BlockReason, Holding, Proof, Reading
from tokenward.model.token import TokenState
from tokenward.rotation.evidence import CertificateSource, Evidence, Unanswered
from tokenward.rotation.outcome import Act, FetchCertificate, IssueToken, Retry, Wait
from tokenward.rotation.plan import plan

FINDING = Finding(Code.TARGET_UNREACHABLE, "It is away.", "Nothing was sent.", "Bring it back.")


@st.composite
def evidences(draw) -> Evidence:
    """Anything that the world may show."""
    verdicts = st.none() | st.sampled_from(TokenState)
    held = st.sampled_from(
        (Unanswered(FINDING), Holding(False), Holding(True, envelope="e1"), Holding(True, token_digest=TOKEN.digest))
    )
    uuids = st.sampled_from((None, UUID, "0" * 32))
    return the_evidence(
        source=draw(st.sampled_from(CertificateSource)),
        needs_person=draw(st.booleans()),
        actor=draw(st.sampled_from((None, "kim", "ana"))),
        account=draw(st.none() | st.just("kim@corp.example")),
        preflight=draw(st.sampled_from((CLEAR, away(), away(BlockReason.KEY_MISMATCH)))),
        certificate=draw(st.none() | st.just(a_certificate())),
        installed=draw(st.none() | st.builds(an_installed_token, server_uuid=uuids)),
        made_for_ours=draw(st.booleans()),
        token=draw(st.none() | st.just(TOKEN)),
        account_reading=draw(st.none() | st.builds(Reading, verdicts, st.just("why"), server_uuid=uuids)),
        holdings=draw(st.just({}) | st.fixed_dictionaries({"nanodep": held})),
        proof=draw(
            st.sampled_from((None, Unanswered(FINDING), *(Proof(rung, "seen", None, UUID) for rung in range(6))))
        ),
        wanted_rung=draw(st.integers(0, 5)),
    )


@st.composite
def any_rotation(draw) -> Rotation:
    """Any open rotation with one target."""
    moments = st.none() | st.integers(-48, 48).map(lambda hours: NOW + hours * HOUR)
    one = Installation(
        "nanodep",
        required=True,
        attempts=draw(st.integers(0, 3)),
        held_before=draw(st.sampled_from((None, "", "old"))),
        expected=draw(st.none() | st.just(TOKEN.digest)),
        error=draw(st.none() | st.just("It refused.")),
        mismatch=draw(st.booleans()),
        next_attempt_at=draw(moments),
    )
    claim = st.builds(Claim, st.just("kim"), st.just(NOW - MINUTE), st.integers(-5, 5).map(lambda m: NOW + m * MINUTE))
    return (
        rotation_in(
            draw(st.sampled_from(OPEN_STATES)),
            envelope=draw(st.none() | st.just("e1")),
            claim=draw(st.none() | claim),
            cleared_at=draw(moments),
            recover_until=draw(moments),
            attempts=draw(st.integers(0, 40)),
            blocked=draw(st.none() | st.just(Blocked(BlockReason.TARGET_UNREACHABLE, "x", None, NOW))),
        )
        if draw(st.booleans())
        else replace(rotation_in(draw(st.sampled_from(OPEN_STATES))), installations=(one,))
    )


@given(rotation=any_rotation(), evidence=evidences())
def test_whatever_the_world_shows_there_is_a_move(rotation, evidence):
    """Style 6: the same facts give the same move; a cause, the service and the visit count are never lost by one."""
    outcome = plan(rotation, evidence, NOW)

    assert plan(rotation, evidence, NOW) == outcome
    after = outcome.intent if isinstance(outcome, Act) else outcome.to
    assert (after.id, after.service, after.causes, after.due_at) == (
        rotation.id,
        rotation.service,
        rotation.causes,
        rotation.due_at,
    )
    assert after.visit >= rotation.visit
    if isinstance(outcome, Wait):
        assert outcome.until > NOW
    if isinstance(outcome, Retry):
        assert outcome.after > NOW


@given(rotation=any_rotation(), evidence=evidences())
def test_nothing_destroys_before_the_way_is_clear(rotation, evidence):
    """Promise 3: a fetch and a click happen in their own state only, with a clear preflight of this moment."""
    outcome = plan(rotation, evidence, NOW)

    if isinstance(outcome, Act) and isinstance(outcome.effect, FetchCertificate):
        assert rotation.state is State.OPENED
        assert evidence.certificate is None
        assert evidence.preflight == CLEAR
    if isinstance(outcome, Act) and isinstance(outcome.effect, IssueToken):
        assert rotation.state is State.AWAITING_TOKEN
        assert not evidence.needs_person
        assert evidence.preflight == CLEAR


@given(rotation=any_rotation(), evidence=evidences())
def test_after_the_click_only_a_useless_file_leads_back(rotation, evidence):
    """Principle 1: after the click getting the new token to work is all that counts."""
    outcome = plan(rotation, evidence, NOW)
    after = outcome.intent if isinstance(outcome, Act) else outcome.to

    if rotation.state in AFTER_THE_CLICK and after.state not in {*AFTER_THE_CLICK, State.DONE}:
        assert after.state is State.AWAITING_TOKEN
        assert after.envelope is None
