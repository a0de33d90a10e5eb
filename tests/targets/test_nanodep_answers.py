"""What NanoDEP's answers mean, without a server."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.model.finding import Code, TokenwardError
from tokenward.model.token import TokenState
from tokenward.targets.nanodep.answers import apple_reading, parse_token, refusal
from tokenward.wire.answer import Answer


@pytest.mark.parametrize(
    ("status", "body", "verdict", "answered"),
    [
        (502, "token_rejectedForbidden", TokenState.REJECTED, True),
        (502, "token_expiredForbidden", TokenState.EXPIRED, True),
        (502, '"FORBIDDEN"', TokenState.REJECTED, True),
        (502, "oauth_problem_adviceUnauthorized", None, True),
        (502, "", None, False),
        (502, "<html>Bad Gateway</html>", None, True),
        (403, "signature_invalidForbidden", TokenState.SUPERSEDED, True),
        (403, "T_C_NOT_SIGNED", TokenState.TERMS_UNSIGNED, True),
        (403, "Forbidden", None, True),
        (401, "UNAUTHORIZED", None, True),
        (429, "TOO_MANY_REQUESTS", None, False),
        (503, "token_rejected", None, False),
        (200, "{}", None, True),
    ],
)
def test_apples_words_through_the_proxy_are_read_as_apples(status, body, verdict, answered):
    """B10.2: a failed login is 502 with Apple's words; outages and unknown words give no verdict."""
    reading = apple_reading(Answer(status, {}, body.encode()))
    assert (reading.verdict, reading.answered) == (verdict, answered)
    assert reading.why


def test_a_refusal_of_nanodeps_own_is_not_apples():
    """NanoDEP asks for its API key with the same status that Apple has for an old session."""
    own = Answer(401, {"www-authenticate": 'Basic realm="depserver"'}, b"Unauthorized")
    assert "NanoDEP does not let" in apple_reading(own).why


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("crypto/rsa: decryption error", Code.WRONG_KEY),
        ("pkcs7: no enveloped recipient for provided certificate", Code.WRONG_KEY),
        ('malformed MIME header: missing colon: "junk"', Code.DAMAGED),
        ("unexpected EOF", Code.DAMAGED),
        ("mismatched consumer key", Code.CONSUMER_KEY_MISMATCH),
        ("resource not found: txn rolled back: getting cert_staging.main", Code.NO_KEY),
    ],
)
def test_each_error_text_has_its_own_finding(text, code):
    """B5.1: told apart, though NanoDEP answers 500 to all of them."""
    assert refusal(Answer(500, {}, json.dumps({"error": text}).encode())).code is code


@given(st.integers(201, 599), st.binary(max_size=200))
def test_any_answer_is_a_finding_or_a_foreseen_error_and_quotes_nothing(status, body):
    """Promise 4, promise 5: whatever is answered, it is judged, and its words go nowhere."""
    marked = b"s3cret" + body
    try:
        text = refusal(Answer(status, {}, marked)).text()
    except TokenwardError as error:
        text = error.finding.text()
    assert "s3cret" not in text


@given(st.binary(max_size=300))
def test_any_body_is_a_whole_token_or_none(body):
    """Promise 5: bad input never raises."""
    assert parse_token(Answer(200, {}, body)) is None
