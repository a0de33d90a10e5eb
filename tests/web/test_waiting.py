"""One word for what a rotation waits for."""

from dataclasses import replace

import pytest

from tokenward.model.rotation import OPEN_STATES, Blocked, State
from tokenward.model.target import BlockReason
from tokenward.web.waiting import waiting_for
from web.scene import DAY, HOUR, NOW, a_rotation

BLOCKED = {
    BlockReason.CERTIFICATE_MISSING: "certificate",
    BlockReason.TARGET_UNREACHABLE: "target",
    BlockReason.TARGET_REFUSED: "target",
    BlockReason.KEY_MISMATCH: "target",
    BlockReason.INSTALL_FAILED: "target",
    BlockReason.HAND_OFF: "person",
    BlockReason.PROOF_PENDING: "target",
    BlockReason.APPLE_UNREACHABLE: "apple",
    BlockReason.TERMS_UNSIGNED: "person",
    BlockReason.NOBODY_USABLE: "person",
    BlockReason.WRONG_SERVER: "person",
    BlockReason.HELD: "person",
    BlockReason.ISSUER_FAILED: "issuer",
}


@pytest.mark.parametrize("reason", BlockReason)
@pytest.mark.parametrize("state", OPEN_STATES)
def test_what_blocks_a_rotation_is_what_it_waits_for_whatever_its_state(state, reason):
    """B2.1: the reason comes first."""
    blocked = Blocked(reason, "do this", NOW + HOUR, NOW)

    assert waiting_for(a_rotation(state=state, blocked=blocked), NOW, needs_person=True) == BLOCKED[reason]


@pytest.mark.parametrize(
    ("state", "by_person", "by_program"),
    [
        (State.OPENED, "time", "time"),
        (State.CERTIFICATE_READY, "time", "time"),
        (State.REGISTERED, "time", "time"),
        (State.AWAITING_TOKEN, "person", "issuer"),
        (State.RECEIVED, "time", "time"),
        (State.CHECKED, "target", "target"),
        (State.INSTALLED, "target", "target"),
        (State.PROVEN, "time", "time"),
        (State.DONE, None, None),
        (State.CANCELLED, None, None),
    ],
)
def test_a_rotation_that_nothing_blocks_waits_for_what_its_state_asks(state, by_person, by_program):
    """B4.7: the click is a person's or the issuer's; after it the target is next."""
    rotation = a_rotation(state=state, wake_at=NOW + HOUR)

    assert waiting_for(rotation, NOW, needs_person=True) == by_person
    assert waiting_for(rotation, NOW, needs_person=False) == by_program


def test_a_rotation_that_is_due_now_waits_for_nothing():
    """B2.1: it is at work."""
    rotation = replace(a_rotation(state=State.OPENED), wake_at=NOW - DAY)

    assert waiting_for(rotation, NOW, needs_person=True) is None
