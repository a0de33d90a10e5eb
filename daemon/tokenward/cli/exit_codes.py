"""Exit codes: one table from what happened to what scripts see."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from tokenward.model.finding import Code, Retryable, TokenwardError


class Exit(IntEnum):
    """What the program says when it ends. Signals come on top: 128 and the signal's number."""

    WELL = 0
    """It went well, or there was nothing to do."""
    FAILED = 1
    USED_WRONGLY = 2
    NEEDS_PERSON = 3
    """Something is there that only a person can do."""
    REFUSED = 4
    """A safety check said no; nothing was changed."""
    UNREACHABLE = 5
    """The daemon, a target or Apple could not be reached."""
    LOCKED = 6
    """Another process holds what is needed."""
    TRY_AGAIN = 75
    """It may work later. Source: sysexits(3), EX_TEMPFAIL."""
    CONFIGURATION = 78
    """The configuration is wrong. Source: sysexits(3), EX_CONFIG."""
    INTERRUPTED = 130
    """128 and SIGINT."""


EXITS: Final[Mapping[Code, Exit]] = {
    Code.NOT_REGULAR: Exit.REFUSED,
    Code.OWNER: Exit.REFUSED,
    Code.SIZE: Exit.REFUSED,
    Code.PARTIAL: Exit.REFUSED,
    Code.NOT_A_CERTIFICATE: Exit.REFUSED,
    Code.PRIVATE_KEY: Exit.REFUSED,
    Code.CHAIN: Exit.REFUSED,
    Code.WEAK: Exit.REFUSED,
    Code.UNKNOWN_SERVICE: Exit.USED_WRONGLY,
    Code.KEYHOLDER: Exit.REFUSED,
    Code.NOT_FROM_TARGET: Exit.REFUSED,
    Code.DUPLICATE: Exit.WELL,
    Code.NOT_AN_ENVELOPE: Exit.REFUSED,
    Code.DAMAGED: Exit.REFUSED,
    Code.NO_KEY: Exit.REFUSED,
    Code.WRONG_KEY: Exit.REFUSED,
    Code.VALUE_MISSING: Exit.REFUSED,
    Code.EXPIRED: Exit.REFUSED,
    Code.OLDER: Exit.REFUSED,
    Code.AMBIGUOUS_SERVICE: Exit.REFUSED,
    Code.UNTRUSTED_WAY: Exit.REFUSED,
    Code.WRONG_SERVER: Exit.REFUSED,
    Code.UNCONFIRMED: Exit.REFUSED,
    Code.OTHER_SERVICE: Exit.REFUSED,
    Code.NOT_AN_EVENT: Exit.USED_WRONGLY,
    Code.UNKNOWN_KIND: Exit.USED_WRONGLY,
    Code.AMBIGUOUS_PERSON: Exit.REFUSED,
    Code.NO_ROTATION: Exit.WELL,
    Code.TOO_LATE: Exit.REFUSED,
    Code.NOT_USABLE: Exit.REFUSED,
    Code.NOT_CLEAR: Exit.REFUSED,
    Code.HELD_BY_OTHER: Exit.REFUSED,
    Code.WATCHED: Exit.REFUSED,
    Code.RETIRED: Exit.REFUSED,
    Code.TARGET_UNREACHABLE: Exit.UNREACHABLE,
    Code.TARGET_REFUSED: Exit.FAILED,
    Code.TARGET_ANSWER: Exit.FAILED,
    Code.CONSUMER_KEY_MISMATCH: Exit.REFUSED,
    Code.APPLE_UNREACHABLE: Exit.UNREACHABLE,
    Code.TERMS_UNSIGNED: Exit.NEEDS_PERSON,
    Code.APPLE_REFUSED: Exit.FAILED,
    Code.ISSUER_FAILED: Exit.FAILED,
    Code.CONFIGURATION: Exit.CONFIGURATION,
    Code.STORE: Exit.FAILED,
    Code.SEAL: Exit.CONFIGURATION,
}
"""What each finding comes to. ``WELL`` stands where there is simply nothing to do."""

_BY_NUMBER: Final = {code.number: found for code, found in EXITS.items()}


def exit_of_number(number: str | None) -> Exit:
    """Return what the finding with this printed *number* comes to; an unknown one has failed."""
    return _BY_NUMBER.get(number or "", Exit.FAILED)


def exit_of(error: TokenwardError) -> Exit:
    """Return what *error* comes to: who can do something about it goes before what its finding says."""
    if _is_locked(error):
        return Exit.LOCKED
    found = EXITS.get(error.finding.code, Exit.FAILED)
    return Exit.TRY_AGAIN if isinstance(error, Retryable) and found is not Exit.UNREACHABLE else found


def _is_locked(error: TokenwardError) -> bool:
    if error.finding.code is not Code.STORE:
        return False
    from tokenward.store.lock import LockedByAnother  # the store is heavy; whoever raised this has loaded it

    return isinstance(error, LockedByAnother)
