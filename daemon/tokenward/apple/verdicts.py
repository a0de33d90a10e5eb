"""What Apple's answers to a probe say about a token."""

from typing import Final

from tokenward.model.target import Reading
from tokenward.model.token import TokenState
from tokenward.policy.apple_words import Place, find_refusal, parse_account
from tokenward.wire.answer import Answer

LARGEST_SKEW_SECONDS: Final = 240.0  # unconfirmed: Apple does not publish its tolerance; 300 s is common


def account_reading(answer: Answer) -> Reading:
    """Return what an account detail says: the token is valid, and whose it is."""
    detail = parse_account(answer.body)
    if detail is None:
        return Reading(None, "Apple's account detail names no service, so nothing follows from it.")
    why = f"Apple answers with this token, for {detail.server_name or detail.server_uuid}."
    return Reading(TokenState.VALID, why, downloader=detail.downloader, server_uuid=detail.server_uuid)


def refusal_reading(place: Place, answer: Answer, skew_seconds: float | None) -> Reading:
    """Return what a refusal says (B10.2): throttling, outages and bad clocks give no verdict.

    Args:
        place: Which question was refused.
        answer: Any answer but success.
        skew_seconds: By how much the clock here is ahead of Apple's; None where that is not known.
    """
    if answer.is_outage:
        return Reading(None, f"Apple answered {answer.status}: out of order or too busy.", answered=False)
    refusal = find_refusal(place, answer.body)
    if refusal is None:
        return Reading(None, f"Apple answered {answer.status} with words that are not known here.")
    if refusal.needs_right_clock and not _is_right(skew_seconds):
        return Reading(None, f"{refusal.why} The clock here may be wrong, which would have had the same answer.")
    return Reading(refusal.verdict, refusal.why)


def _is_right(skew_seconds: float | None) -> bool:
    return skew_seconds is not None and abs(skew_seconds) <= LARGEST_SKEW_SECONDS
