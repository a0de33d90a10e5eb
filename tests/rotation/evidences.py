"""Rotations and evidence for the plans, each with a few words changed as the test needs it."""

from dataclasses import replace

from fakes.target import a_token
from fakes.values import NOW, a_rotation
from fakes.world import MINUTE
from tokenward.model.rotation import Installation, Rotation, State
from tokenward.model.target import BlockReason, Obstacle, Preflight
from tokenward.rotation.evidence import CertificateSource, Evidence

TOKEN = a_token("new")
UUID = "3F2C0000AAAA4000800000000000BBBB"
CLEAR = Preflight()
HERE = (Installation("nanodep", required=True),)


def the_evidence(**words) -> Evidence:
    """Return evidence that lets a person's rotation go on."""
    evidence = Evidence(
        source=CertificateSource.FETCHED,
        needs_person=True,
        actor="kim",
        account="kim@corp.example",
        preflight=CLEAR,
        fresh_name="tokenward-main-1",
    )
    return replace(evidence, **words)


def rotation_in(state: State, **words) -> Rotation:
    """Return a rotation of kim's in *state*."""
    return a_rotation(state=state, installations=HERE, actor="kim", visit=1, entered_at=NOW - MINUTE, **words)


def away(reason: BlockReason = BlockReason.TARGET_UNREACHABLE) -> Preflight:
    """Return a preflight with something in the way."""
    return Preflight((Obstacle(reason, "bring it back"),))
