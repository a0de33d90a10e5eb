"""From ``installed`` to ``proven``: the service must be seen to work with the new token."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.registration import Registration
from tokenward.model.rotation import Rotation, State
from tokenward.model.target import BlockReason, Obstacle, Proof
from tokenward.policy.backoff import URGENT
from tokenward.rotation.evidence import Evidence, Unanswered
from tokenward.rotation.installing import with_installation
from tokenward.rotation.moves import WRONG_SERVER, again_at, ask_again, enter, is_other_server, reason_for, stand_still
from tokenward.rotation.outcome import Advance, Outcome, Retry, Wait

PATIENCE: Final = timedelta(hours=24)
"""How long the wanted rung may take before it is somebody's business."""
ENROLMENT_WORKS: Final = 2
"""The rung at which the outage is over."""
HEARD_BY_APPLE: Final = 4
"""The rung of Apple's own word that the service spoke to it."""


def plan_installed(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    """Return the next move towards the wanted rung of proof. The rung is recorded as it is, never rounded up."""
    if rotation.vouched_at is not None:
        return Advance(_by_word(rotation, now), "a person vouches for it")
    proof = evidence.proof
    if not isinstance(proof, Proof):
        return _ask_later(rotation, proof, now)
    if proof.is_foreign or is_other_server(evidence, proof.server_uuid):
        return stand_still(ask_again(rotation, now), WRONG_SERVER, now)
    proof = _witnessed(proof, rotation, evidence.registration)
    seen = _recorded(rotation, proof, now)
    if proof.rung >= evidence.wanted_rung:
        return Advance(_without_outage(enter(seen, State.PROVEN, now), now), proof.why)
    if now - rotation.entered_at >= PATIENCE:
        return stand_still(seen, _pending(proof, evidence.wanted_rung), now)
    return Wait(_next_look(seen, now), again_at(seen, seen.attempts + 1, now, URGENT), proof.why)


def _by_word(rotation: Rotation, now: datetime) -> Rotation:
    """Return *rotation* proven by nothing but a person's word; the clock of an outage stops with it."""
    return _without_outage(replace(enter(rotation, State.PROVEN, now), rung=0), now)


def _without_outage(rotation: Rotation, now: datetime) -> Rotation:
    return replace(rotation, outage_ended_at=now) if rotation.has_running_outage else rotation


def _witnessed(proof: Proof, rotation: Rotation, registration: Registration | None) -> Proof:
    """Return *proof*, raised where Apple itself heard the service after the new token was handed over (B8.4).

    What was done by hand is shown by nothing else, so there the word that it was done is enough to look. Apple must
    have heard it from where it heard it before: a probe of somebody else's moves the same record.
    """
    first = rotation.installations[0]
    handed_over_at = first.attempted_at
    if registration is None or handed_over_at is None or (proof.rung < ENROLMENT_WORKS and not first.by_hand):
        return proof
    heard_at = registration.last_connected_at
    same_place = rotation.witness_ip in {None, registration.last_connected_ip}
    if heard_at is None or heard_at <= handed_over_at or not same_place:
        return proof
    why = f"Apple heard the service at {heard_at:%H:%M:%S} UTC, after the new token was handed over."
    return replace(proof, rung=max(proof.rung, HEARD_BY_APPLE), why=why)


def _recorded(rotation: Rotation, proof: Proof, now: datetime) -> Rotation:
    first = replace(rotation.installations[0], rung=proof.rung)
    seen = replace(
        with_installation(rotation, first),
        rung=proof.rung,
        server_uuid=proof.server_uuid or rotation.server_uuid,
        downloader=proof.downloader or rotation.downloader,
    )
    if proof.rung >= ENROLMENT_WORKS and seen.outage_started_at and not seen.outage_ended_at:
        return replace(seen, outage_ended_at=now)
    return seen


def _next_look(rotation: Rotation, now: datetime) -> Rotation:
    return replace(rotation, attempts=rotation.attempts + 1, attempted_at=now)


def _ask_later(rotation: Rotation, proof: Unanswered | None, now: datetime) -> Outcome:
    remedy = proof.finding.do if proof else "nothing: it is asked again"
    after = again_at(rotation, rotation.attempts + 1, now, URGENT)
    reason = reason_for(proof.finding.code) if proof else BlockReason.TARGET_UNREACHABLE
    return Retry(after, reason, remedy, _next_look(rotation, now))


def _pending(proof: Proof, wanted: int) -> Obstacle:
    return Obstacle(
        BlockReason.PROOF_PENDING,
        f"look at the product's log of Apple's device sync: proof reached rung {proof.rung} of {wanted} ({proof.why}); "
        "if you see it work, vouch for it with `tokenward ack --as-proven`",
    )
