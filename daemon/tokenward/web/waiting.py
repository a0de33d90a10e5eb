"""What a rotation waits for, in one word for machines. Pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from tokenward.model.rotation import Rotation, State
from tokenward.model.target import BlockReason


class WaitingFor(StrEnum):
    """Who or what has to do something before a rotation goes on."""

    CERTIFICATE = "certificate"
    """Somebody is to drop a certificate."""
    PERSON = "person"
    """Somebody is to act in Apple's portal or here."""
    ISSUER = "issuer"
    TARGET = "target"
    APPLE = "apple"
    TIME = "time"
    """Nobody: it is looked at again when its time has come."""


_BLOCKED: Final[Mapping[BlockReason, WaitingFor]] = {
    BlockReason.CERTIFICATE_MISSING: WaitingFor.CERTIFICATE,
    BlockReason.TARGET_UNREACHABLE: WaitingFor.TARGET,
    BlockReason.TARGET_REFUSED: WaitingFor.TARGET,
    BlockReason.KEY_MISMATCH: WaitingFor.TARGET,
    BlockReason.INSTALL_FAILED: WaitingFor.TARGET,
    BlockReason.HAND_OFF: WaitingFor.PERSON,
    BlockReason.PROOF_PENDING: WaitingFor.TARGET,
    BlockReason.APPLE_UNREACHABLE: WaitingFor.APPLE,
    BlockReason.TERMS_UNSIGNED: WaitingFor.PERSON,
    BlockReason.NOBODY_USABLE: WaitingFor.PERSON,
    BlockReason.WRONG_SERVER: WaitingFor.PERSON,
    BlockReason.HELD: WaitingFor.PERSON,
    BlockReason.ISSUER_FAILED: WaitingFor.ISSUER,
}


def waiting_for(rotation: Rotation, now: datetime, *, needs_person: bool) -> WaitingFor | None:
    """Return what the open *rotation* waits for; None while it is at work.

    What blocks it comes first, then what its state asks for; *needs_person* says whether its issuer is a person.
    """
    if rotation.blocked is not None:
        return _BLOCKED[rotation.blocked.reason]
    match rotation.state:
        case State.AWAITING_TOKEN:
            return WaitingFor.PERSON if needs_person else WaitingFor.ISSUER
        case State.CHECKED if rotation.waits_for_hand_off:
            return WaitingFor.PERSON
        case State.CHECKED | State.INSTALLED:
            return WaitingFor.TARGET
        case _:
            return WaitingFor.TIME if rotation.is_open and rotation.wake_at > now else None
