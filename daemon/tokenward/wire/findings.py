"""Findings that every adapter over HTTP has to make, whatever the product."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import BlockReason, Obstacle, Preflight, Reading
from tokenward.wire.answer import Answer

KEPT_OUT: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""Statuses by which a server refuses whoever asks."""


def kept_out(title: str, answer: Answer, do: str) -> Finding:
    """Return the finding for a credential that a server does not take; *do* says which setting to mend."""
    return Finding(
        Code.TARGET_REFUSED,
        f"{title} does not let Tokenward in: it answered {answer.status}.",
        "Nothing was changed there.",
        do,
    )


def let_in(title: str, answer: Answer, do: str) -> Answer:
    """Return *answer*, once it is sure that the server let us in; *do* as for ``kept_out``.

    Raises:
        NeedsOperator: The server does not take the credential.
    """
    if answer.status in KEPT_OUT:
        raise NeedsOperator(kept_out(title, answer, do))
    return answer


def not_exactly_one(title: str, what: str, there: Sequence[str], setting: str) -> Finding:
    """Return the finding for a target that can mean several of a product's tokens, or none.

    *what* is what the product calls the place of one, *there* says in a few words which it has, and *setting* is the
    key of the target that names one.
    """
    listed = "; ".join(there[:_MOST_LISTED])
    return Finding(
        Code.TARGET_REFUSED,
        f"{title} does not have exactly one {what} that the target can mean.",
        f"It has {listed}." if listed else "It has none at all.",
        f"Set the target's {setting} to one of them." if listed else f"Add the first one in {title}'s own console.",
    )


_MOST_LISTED: Final = 10


def unexpected(title: str, answer: Answer, what: str) -> Finding:
    """Return the finding for an answer that nobody foresaw; *what* goes on with "it answered 500 and …".

    The body is never repeated: nobody knows what is in it.
    """
    return Finding(
        Code.TARGET_ANSWER,
        f"{title} answered {answer.status} and {what}.",
        "It is looked at again by itself.",
        f"If it lasts, look at the log of {title}; its words can quote secrets and are not repeated here.",
    )


def no_date(title: str, place: str) -> Finding:
    """Return the finding for a *place* for a token of which a product shows no date of expiry."""
    return Finding(
        Code.TARGET_ANSWER,
        f"{title} shows no date of expiry for {place:.120}.",
        "Whether a token is there can't be told.",
        f"Look at it in {title}'s console, and hand the token's file over there if it has none.",
    )


def refusal_by_status(title: str, answer: Answer, let_us_in: str) -> Finding:
    """Return why a product did not take a file, as far as the status alone tells; *let_us_in* as for ``kept_out``.

    Raises:
        Retryable: It was turned away for now: nothing was taken.
        OutcomeUnknown: The product is out of order, and may have taken it.
    """
    if answer.status in KEPT_OUT:
        return kept_out(title, answer, let_us_in)
    if answer.status in _TURNED_AWAY:
        raise Retryable(unexpected(title, answer, "took nothing"), answer.retry_after_seconds)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise OutcomeUnknown(unexpected(title, answer, "did not say whether it took the token"))
    return unexpected(title, answer, "did not take the token")


_TURNED_AWAY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def in_the_way(error: Retryable | NeedsOperator) -> Preflight:
    """Return the preflight of a target that could not be asked."""
    is_away = isinstance(error, Retryable)
    reason = BlockReason.TARGET_UNREACHABLE if is_away else BlockReason.TARGET_REFUSED
    return Preflight((Obstacle(reason, error.finding.do),))


def no_verdict(error: Retryable | NeedsOperator) -> Reading:
    """Return the health of a target that could not be asked: an outage says nothing about the token."""
    return Reading(None, error.finding.happened, answered=isinstance(error, NeedsOperator))
