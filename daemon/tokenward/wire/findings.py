"""Findings that every adapter over HTTP has to make, whatever the product."""

from http import HTTPStatus
from typing import Final

from tokenward.model.finding import Code, Finding
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
