"""What NanoDEP's answers mean. Its error texts are never repeated: they can quote a line of the token."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ValidationError

from tokenward.model.finding import Code, Finding, OutcomeUnknown, Retryable
from tokenward.model.target import Reading
from tokenward.model.token import ServerToken, TokenState
from tokenward.policy.apple_words import Place, find_refusal, parse_account
from tokenward.wire.answer import Answer
from tokenward.wire.findings import KEPT_OUT, kept_out, unexpected
from tokenward.wire.reading import find_in
from tokenward.wire.token_values import TokenValues

TITLE: Final = "NanoDEP"
CHECK_API_KEY: Final = "Set the target's api_key to the value that depserver was started with (-api or NANODEP_API)."


class _Version(BaseModel):
    version: str


class _Names(BaseModel):
    dep_names: tuple[str, ...] | None


class _Error(BaseModel):
    error: str


def parse_token(answer: Answer) -> ServerToken | None:
    """Return the token in *answer*, or None where there is no whole one."""
    if not answer.is_ok:
        return None
    shown = find_in(TokenValues, answer)
    return shown.token if shown else None


def parse_names(answer: Answer) -> tuple[str, ...] | None:
    """Return the names in *answer*, none of them where it says null; None where it lists nothing at all."""
    if not answer.is_ok:
        return None
    try:
        return _Names.model_validate_json(answer.body).dep_names or ()
    except ValidationError:
        return None


def is_version(answer: Answer) -> bool:
    """Return whether *answer* is NanoDEP's to the question for its version."""
    try:
        _Version.model_validate_json(answer.body)
    except ValidationError:
        return False
    return answer.is_ok


def is_nothing_held(answer: Answer) -> bool:
    """Return whether *answer* says that no token is stored under the name."""
    return "resource not found" in _error_text(answer)


# --- Apple, through the proxy -------------------------------------------------------------------------------

_RESTART: Final = (
    "If a new token has just been installed, restart depserver: it may still use the session of the old one."
)


def apple_reading(answer: Answer) -> Reading:
    """Return what Apple told NanoDEP, which passed it on.

    502 carries Apple's words where NanoDEP's login failed, and nothing where Apple was not reached. Other
    refusals are Apple's own, to a call on the session that NanoDEP still has.
    """
    if answer.is_ok:
        return _account_reading(answer)
    if answer.status == HTTPStatus.UNAUTHORIZED and "www-authenticate" in answer.headers:
        return Reading(None, kept_out(TITLE, answer, CHECK_API_KEY).happened)
    if answer.status == HTTPStatus.BAD_GATEWAY and answer.body.strip():
        return _refusal_reading(Place.SESSION, answer)
    if answer.is_outage:
        return Reading(None, f"NanoDEP has no answer from Apple; it answered {answer.status}.", answered=False)
    reading = _refusal_reading(Place.CALL, answer)
    return reading if reading.verdict is None else Reading(reading.verdict, f"{reading.why} {_RESTART}")


def _account_reading(answer: Answer) -> Reading:
    detail = parse_account(answer.body)
    if detail is None:
        return Reading(None, "NanoDEP passed on an answer of Apple's that names no service.")
    why = f"Apple answers NanoDEP with its token, for {detail.server_name or detail.server_uuid}."
    return Reading(TokenState.VALID, why, downloader=detail.downloader, server_uuid=detail.server_uuid)


def _refusal_reading(place: Place, answer: Answer) -> Reading:
    refusal = find_refusal(place, answer.body)
    if refusal is None:
        return Reading(None, f"NanoDEP passed on {answer.status} with words that are not known here.")
    if refusal.needs_right_clock:
        return Reading(None, f"{refusal.why} NanoDEP's clock may be wrong, which would have had the same answer.")
    return Reading(refusal.verdict, refusal.why)


# --- Refused envelopes --------------------------------------------------------------------------------------

WRONG_KEY: Final = Finding(
    Code.WRONG_KEY,
    "This token was made for another key than the one that NanoDEP has staged.",
    "Nothing was installed. The old token has most likely been dead since this one was downloaded.",
    "Upload the certificate that Tokenward shows now in Apple's portal, then download the token once more.",
)
NO_KEY: Final = Finding(
    Code.NO_KEY,
    "NanoDEP has no staged key under this name.",
    "Nothing was installed, and nobody can open this token any more.",
    "Check dep_name and NanoDEP's storage; then a new certificate and a new download are needed.",
)
NOT_READ: Final = Finding(
    Code.DAMAGED,
    "NanoDEP cannot read this file as a token file.",
    "Nothing was installed.",
    "Hand over the file exactly as Apple's portal gave it; download it once more if that copy is lost.",
)
VALUE_MISSING: Final = Finding(
    Code.VALUE_MISSING,
    "NanoDEP opened the file, and one of the four secrets of a token is missing in it.",
    "Nothing was installed.",
    "Download the token once more in Apple's portal and hand over that file.",
)
CONSUMER_KEY_MISMATCH: Final = Finding(
    Code.CONSUMER_KEY_MISMATCH,
    "NanoDEP holds a token with another consumer key and asks whether this one is meant for it.",
    "The old token is still stored. That another person downloaded the new one is the usual reason.",
    "Nothing at once: made for this rotation's certificate, it is handed over again by force.",
)


@dataclass(frozen=True, slots=True)
class _Row:
    """How NanoDEP's error text is recognised, and what it means here."""

    text: str
    """Folded; occurs anywhere in the error."""
    finding: Finding


_PARSERS: Final = (
    "malformed mime",
    "eof",
    "base64",
    "pkcs7",
    "asn1",
    "json",
    "invalid character",
    "invalid data len",
    "padding",
    "parsing time",
)
_ERRORS: Final = (
    _Row("mismatched consumer key", CONSUMER_KEY_MISMATCH),
    _Row("resource not found", NO_KEY),
    _Row("crypto/", WRONG_KEY),
    _Row("no enveloped recipient", WRONG_KEY),
    *(_Row(text, NOT_READ) for text in _PARSERS),
)
"""The first row that fits counts."""


def refusal(answer: Answer) -> Finding:
    """Return why NanoDEP did not take an envelope: its errors are 500 with a text, a missing value is 400.

    Raises:
        Retryable: It is out of order and took nothing.
        OutcomeUnknown: The answer does not tell whether it was taken.
    """
    if answer.status in KEPT_OUT:
        return kept_out(TITLE, answer, CHECK_API_KEY)
    if answer.status == HTTPStatus.BAD_REQUEST:
        return VALUE_MISSING
    if answer.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        raise Retryable(unexpected(TITLE, answer, "took nothing"), answer.retry_after_seconds)
    text = _error_text(answer)
    for known in _ERRORS:
        if known.text in text:
            return known.finding
    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return unexpected(TITLE, answer, "did not take the token")
    raise OutcomeUnknown(unexpected(TITLE, answer, "did not say whether it took the token"))


def _error_text(answer: Answer) -> str:
    if answer.status != HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    try:
        return _Error.model_validate_json(answer.body).error.casefold()
    except ValidationError:
        return ""
