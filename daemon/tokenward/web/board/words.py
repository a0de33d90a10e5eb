"""How the board says in words what the record holds as values. Every word that anybody may read stands here. Pure."""

from collections.abc import Mapping
from typing import Final

from tokenward.model.organisation import Portal
from tokenward.model.person import Standing
from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import OPEN_STATES, Cause, State
from tokenward.model.service import Keyholder
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, TokenState
from tokenward.policy.standing import PLANNED_CHANGE
from tokenward.web.board.view import RotationView
from tokenward.web.steps import GUIDES
from tokenward.web.vitals import Signal

TOKEN_STATES: Final[Mapping[TokenState, tuple[str, str]]] = {
    TokenState.VALID: ("good", "valid"),
    TokenState.UNKNOWN: ("neutral", "not known"),
    TokenState.SUSPECT: ("warn", "suspect"),
    TokenState.TERMS_UNSIGNED: ("warn", "terms not accepted"),
    TokenState.REJECTED: ("bad", "rejected"),
    TokenState.SUPERSEDED: ("bad", "superseded"),
    TokenState.EXPIRED: ("bad", "expired"),
}
"""Each with the kind of its badge."""

TOKEN_MEANINGS: Final[Mapping[TokenState, str]] = {
    TokenState.VALID: "Apple answers it, as far as can be seen.",
    TokenState.UNKNOWN: "Nobody who can be asked tells whether it works.",
    TokenState.SUSPECT: "Something happened after which it may be dead; it is being asked after.",
    TokenState.TERMS_UNSIGNED: "Apple answers nothing until its new terms are accepted.",
    TokenState.REJECTED: "Apple does not take it any more.",
    TokenState.SUPERSEDED: "A newer one was downloaded, which ended this one.",
    TokenState.EXPIRED: "Its year is over.",
}

BASES: Final[Mapping[Basis, str]] = {
    Basis.DECRYPTED: "as the token itself says",
    Basis.READ_BACK: "as the product says",
    Basis.STATED: "as somebody stated",
    Basis.ESTIMATED: "an estimate",
}

CAUSES: Final[Mapping[Cause, str]] = {
    Cause.REJECTED: "dead token",
    Cause.CUSTODIAN: PLANNED_CHANGE,
    Cause.PASSWORD: "changed password",
    Cause.CERTIFICATE: "new certificate",
    Cause.EXPIRY: "end of the token’s year",
    Cause.SUPPLIED: "supplied token",
    Cause.MANUAL: "asked for by a person",
    Cause.UNLINKED: "not linked yet",
}

STAGES: Final[Mapping[State, str]] = {
    State.OPENED: "Opened",
    State.CERTIFICATE_READY: "Certificate ready",
    State.REGISTERED: "Certificate registered",
    State.AWAITING_TOKEN: "Waiting for the token",
    State.RECEIVED: "File received",
    State.CHECKED: "File checked, being installed",
    State.INSTALLED: "Installed",
    State.PROVEN: "Proven to work",
    State.DONE: "Done",
    State.CANCELLED: "Cancelled",
}

BLOCKS: Final[Mapping[BlockReason, str]] = {
    BlockReason.CERTIFICATE_MISSING: "A certificate is missing",
    BlockReason.TARGET_UNREACHABLE: "The target can’t be reached",
    BlockReason.TARGET_REFUSED: "The target refuses",
    BlockReason.KEY_MISMATCH: "The key does not fit",
    BlockReason.TERMS_UNSIGNED: "Apple’s terms are not accepted",
    BlockReason.APPLE_UNREACHABLE: "Apple can’t be reached",
    BlockReason.NOBODY_USABLE: "Nobody can be asked",
    BlockReason.ISSUER_FAILED: "The issuer failed",
    BlockReason.WRONG_SERVER: "The token is of another service",
    BlockReason.INSTALL_FAILED: "The installation fails",
    BlockReason.HAND_OFF: "The file is to be handed over by hand",
    BlockReason.PROOF_PENDING: "The proof is still missing",
    BlockReason.HELD: "Held until an operator lets it go on",
}

RUNGS: Final = (
    "a person’s word",
    "the target took the token",
    "the target shows the token",
    "the target has spoken with Apple by the token",
    "Apple says that the service has been there",
    "Tokenward itself has spoken with Apple by the token",
)
"""What was seen, by the rung of proof."""

KEYHOLDERS: Final[Mapping[Keyholder, str]] = {
    Keyholder.TOKENWARD: "Tokenward",
    Keyholder.TARGET: "the target",
    Keyholder.OPERATOR: "an operator",
}

REGISTERED: Final[Mapping[RegisteredBy, str]] = {
    RegisteredBy.API: "put to Apple by its API",
    RegisteredBy.KNOWN: "at Apple already",
    RegisteredBy.PERSON: "left to the person",
    RegisteredBy.ISSUER: "left to the issuer",
}

STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.UNKNOWN: "",
    Standing.ACTIVE: "",
    Standing.PASSWORD_CHANGED: "the password changed",
    Standing.LOCKED: "the account is locked for a time",
    Standing.ROLE_LOST: "the role may be gone",
    Standing.DEPARTED: "has left",
}

SIGNALS: Final[Mapping[Signal, str]] = {
    Signal.PASSWORD: "a changed password",
    Signal.DEPARTURE: "a departure",
    Signal.ROLE: "a lost role",
}


def portal_name(portal: Portal) -> str:
    """Return the name that people know the portal by."""
    return GUIDES[portal].portal


def rung_words(rung: int) -> str:
    """Return the rung with what was seen for it."""
    return f"rung {rung}: {RUNGS[rung]}"


def causes_words(causes: tuple[Cause, ...]) -> str:
    """Return *causes* in one line."""
    return ", ".join(CAUSES[cause] for cause in causes)


def stages(rotation: RotationView) -> tuple[tuple[str, str], ...]:
    """Return the stages of *rotation* that was not cancelled: what is behind it, where it is, what lies ahead."""
    order = (*OPEN_STATES, State.DONE)
    reached = order.index(rotation.state)
    present = "done" if rotation.state is State.DONE else "stuck" if rotation.blocked else "now"
    return tuple(
        ("done" if number < reached else present if number == reached else "ahead", STAGES[state])
        for number, state in enumerate(order)
    )
