"""What the words of Apple's device assignment API mean for a token. A table, whoever brought the answer here.

Bodies are plain text: a bare word, the same in double quotes, or an OAuth problem word glued to the HTTP
reason phrase (``token_rejectedForbidden``). So words are told by how the body begins; case does not matter.
"""

import json
import re
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final

from tokenward.model.token import TokenState

_HEX: Final = re.compile(r"[0-9A-F]{32}")
_LONGEST_WORD: Final = 200  # bytes; nothing that Apple says this way is longer


class Place(Enum):
    """Which question was refused."""

    SESSION = "session"
    """The login, which the token signs."""
    CALL = "call"
    """A later call, which a session carries."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refusal by Apple says about the token."""

    verdict: TokenState | None
    """None: it says nothing about the token."""
    why: str
    """The same for people, in one sentence."""
    needs_right_clock: bool = False
    """Whether the caller's wrong clock would have had the same answer."""


@dataclass(frozen=True, slots=True)
class Word:
    """One row: how a body begins, where, and what that means."""

    start: str
    """Folded."""
    refusal: Refusal
    places: tuple[Place, ...] = tuple(Place)


def _says(start: str, verdict: TokenState | None, why: str, *places: Place, needs_right_clock: bool = False) -> Word:
    return Word(start, Refusal(verdict, why, needs_right_clock), places or tuple(Place))


WORDS: Final[tuple[Word, ...]] = (
    _says("token_expired", TokenState.EXPIRED, "Apple says that the token has expired."),
    _says("expired_token", TokenState.EXPIRED, "Apple says that the token has expired."),
    _says("token_rejected", TokenState.REJECTED, "Apple rejects the token: it was revoked or replaced."),
    _says("token_revoked", TokenState.REJECTED, "Apple says that the token was revoked."),
    _says(
        "signature_invalid",
        TokenState.SUPERSEDED,
        "Apple no longer takes the token's signature: a newer token was downloaded.",
    ),
    _says(
        "t_c_not_signed",
        TokenState.TERMS_UNSIGNED,
        "Apple waits for somebody to accept its new terms in the portal.",
    ),
    _says("access_denied", None, "Apple denies this service access; that says nothing about the token."),
    _says(
        "forbidden",
        TokenState.REJECTED,
        "Apple forbids the login: most likely the account that downloaded the token is gone.",
        Place.SESSION,
    ),
    _says("forbidden", None, "Apple no longer knows the session; that says nothing about the token.", Place.CALL),
    # One answer for an unknown key, a bad token, a bad signature, a used nonce and a wrong clock.
    _says(
        "oauth_problem_adviceunauthorized",
        TokenState.REJECTED,
        "Apple does not take the token and does not say why.",
        Place.SESSION,
        needs_right_clock=True,
    ),
    _says("oauth_problem_advice", None, "Apple did not understand the login; that says nothing about the token."),
    # unconfirmed: common OAuth problem words that no captured answer of Apple's has shown.
    _says("consumer_key_unknown", TokenState.REJECTED, "Apple does not know the token's consumer key."),
    _says("consumer_key_rejected", TokenState.REJECTED, "Apple rejects the token's consumer key."),
    _says("timestamp_refused", None, "Apple refused the login's time stamp: compare the clocks."),
    _says("nonce_used", None, "Apple had seen the login's nonce before; the next attempt has another one."),
    _says(
        "unauthorized",
        None,
        "Apple no longer knows the session; that says nothing about the token.",
        Place.CALL,
    ),
)
"""The first row that fits counts.

Source: Apple, "Interpreting Automated Device Enrollment error codes"; the OAuth problem words as products
that talk to Apple have logged them."""


def find_refusal(place: Place, body: bytes) -> Refusal | None:
    """Return what the *body* of a refusal means, or None where these are not Apple's words."""
    text = _folded(body)
    return next((word.refusal for word in WORDS if place in word.places and text.startswith(word.start)), None)


def find_quoted_refusal(text: str) -> Refusal | None:
    """Return what Apple's words mean that stand somewhere in a product's own *text*, or None where it has none.

    Only those that are nobody else's: "forbidden" and "unauthorized" are also the phrases of any HTTP status.
    """
    folded = text.casefold()
    return next((word.refusal for word in WORDS if "_" in word.start and word.start in folded), None)


def is_lost_session(status: int, body: bytes) -> bool:
    """Return whether a call was refused because Apple no longer knows its session: log in again, once."""
    return status == HTTPStatus.UNAUTHORIZED or (
        status == HTTPStatus.FORBIDDEN and _folded(body).startswith("forbidden")
    )


def _folded(body: bytes) -> str:
    return body[:_LONGEST_WORD].decode("ascii", "replace").strip().strip('"').strip().casefold()


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """Whose a token is, as far as Apple's account detail tells."""

    server_uuid: str
    """32 upper-case hexadecimal digits, without dashes."""
    server_name: str | None
    downloader: str | None
    """The Managed Apple Account that downloaded the token in use."""
    organisation: str | None = None


def parse_account(body: bytes) -> AccountDetail | None:
    """Return what an account detail says, or None where it names no service; then nothing follows from it.

    Source: Apple, "AccountDetail"; ``facilitator_id`` is the older name of ``admin_id``.
    """
    try:
        detail = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(detail, dict):
        return None
    uuid = (_text(detail.get("server_uuid")) or "").replace("-", "").upper()
    if _HEX.fullmatch(uuid) is None:
        return None
    downloader = _text(detail.get("admin_id")) or _text(detail.get("facilitator_id"))
    return AccountDetail(uuid, _text(detail.get("server_name")), downloader, _text(detail.get("org_name")))


def _text(value: object) -> str | None:
    """Return *value* where it is a text that can be kept and shown; half a character (a lone surrogate) can't."""
    return value if isinstance(value, str) and value and value.isprintable() else None
