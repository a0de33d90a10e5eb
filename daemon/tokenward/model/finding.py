"""What is wrong, what that means and what to do: one shape for command line, log, page, reason file and alert.

Errors are cut by **who acts next**, because that is all that an ``except`` wants to know::

    TokenwardError
      Retryable         nobody: it is tried again by itself
      NeedsOperator     whoever runs the daemon or the product
      NeedsCustodian    the person who downloads tokens
      OutcomeUnknown    nobody yet: the action may have happened, so look before doing it again
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Code(Enum):
    """A stable number for each finding, with the word that metrics use for it. ``docs/errors.md`` explains each."""

    # Dropped files
    NOT_REGULAR = ("TW101", "not_regular")
    OWNER = ("TW102", "owner")
    SIZE = ("TW103", "size")
    PARTIAL = ("TW104", "partial")
    NOT_A_CERTIFICATE = ("TW110", "not_a_certificate")
    PRIVATE_KEY = ("TW111", "private_key")
    CHAIN = ("TW112", "chain")
    WEAK = ("TW113", "weak")
    UNKNOWN_SERVICE = ("TW114", "unknown_service")
    KEYHOLDER = ("TW115", "not_wanted")
    NOT_FROM_TARGET = ("TW116", "not_from_target")
    DUPLICATE = ("TW117", "duplicate")
    # Envelopes
    NOT_AN_ENVELOPE = ("TW201", "not_an_envelope")
    DAMAGED = ("TW202", "damaged")
    NO_KEY = ("TW203", "no_key")
    WRONG_KEY = ("TW204", "wrong_key")
    VALUE_MISSING = ("TW205", "value_missing")
    EXPIRED = ("TW206", "expired")
    OLDER = ("TW207", "older")
    AMBIGUOUS_SERVICE = ("TW208", "ambiguous_service")
    UNTRUSTED_WAY = ("TW209", "untrusted_way")
    WRONG_SERVER = ("TW210", "wrong_server")
    UNCONFIRMED = ("TW211", "unconfirmed")
    OTHER_SERVICE = ("TW212", "other_service")
    # Events
    NOT_AN_EVENT = ("TW301", "not_an_event")
    UNKNOWN_KIND = ("TW302", "unknown_kind")
    AMBIGUOUS_PERSON = ("TW304", "ambiguous_person")
    NO_ROTATION = ("TW305", "no_rotation")
    TOO_LATE = ("TW306", "too_late")
    NOT_USABLE = ("TW307", "not_usable")
    NOT_CLEAR = ("TW308", "not_clear")
    HELD_BY_OTHER = ("TW309", "held_by_other")
    WATCHED = ("TW310", "watched")
    RETIRED = ("TW311", "retired")
    # Targets, issuers, Apple
    TARGET_UNREACHABLE = ("TW401", "target_unreachable")
    TARGET_REFUSED = ("TW402", "target_refused")
    TARGET_ANSWER = ("TW403", "target_answer")
    CONSUMER_KEY_MISMATCH = ("TW404", "consumer_key_mismatch")
    APPLE_UNREACHABLE = ("TW410", "apple_unreachable")
    TERMS_UNSIGNED = ("TW411", "terms_unsigned")
    APPLE_REFUSED = ("TW412", "apple_refused")
    ISSUER_FAILED = ("TW420", "issuer_failed")
    # The daemon itself
    CONFIGURATION = ("TW501", "configuration")
    STORE = ("TW502", "store")
    SEAL = ("TW503", "seal")

    def __init__(self, number: str, reason: str) -> None:
        """Name the finding by its printed *number* and by the *reason* that metric labels carry."""
        self.number = number
        self.reason = reason


_PRINTED: Final = re.compile(r"TW\d{3} (.*)\n  Means  (.*)\n  Do     (.*)\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in the three parts that a person needs. Never holds a secret or a whole body."""

    code: Code
    happened: str
    """What was found, in one sentence."""
    means: str
    """What follows from it, and what was or was not done."""
    do: str
    """The remedy, as something that the reader can do now."""

    def text(self) -> str:
        """Return the finding as it is printed everywhere, in three lines."""
        return f"{self.code.number} {self.happened}\n  Means  {self.means}\n  Do     {self.do}\n"

    def parts(self) -> dict[str, str]:
        """Return the finding as programs get it everywhere."""
        return {"code": self.code.number, "happened": self.happened, "means": self.means, "do": self.do}

    @staticmethod
    def sentences(text: str) -> str:
        """Return what ``text`` returned as running sentences, for a page: without number and headings."""
        found = _PRINTED.fullmatch(text)
        return " ".join(found.groups()) if found else text.strip()


class TokenwardError(Exception):
    """Something that Tokenward foresaw. Carries the finding that says whose turn it is."""

    def __init__(self, finding: Finding) -> None:
        """Wrap *finding*; its first part is the exception's text."""
        super().__init__(finding.happened)
        self.finding = finding


class Retryable(TokenwardError):
    """It will be tried again without anybody; the finding says why it did not work this time."""

    def __init__(self, finding: Finding, retry_after_seconds: float | None = None) -> None:
        """Wrap *finding*; *retry_after_seconds* is what the other side asked for, where it did."""
        super().__init__(finding)
        self.retry_after_seconds = retry_after_seconds


class NeedsOperator(TokenwardError):
    """Only whoever runs the daemon or the product can mend this."""


class NeedsCustodian(TokenwardError):
    """Only the person who downloads the token can mend this."""


class OutcomeUnknown(TokenwardError):
    """The request left and no answer came: it may have happened. The next look at the evidence tells."""
