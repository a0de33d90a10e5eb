"""From Apple's answers to readings."""

import json

import pytest

from tokenward.apple.verdicts import account_reading, refusal_reading
from tokenward.model.token import TokenState
from tokenward.policy.apple_words import Place
from tokenward.wire.answer import Answer

UUID = "3F2C0000AAAA4000800000000000BBBB"


def test_an_account_detail_is_a_token_that_works():
    """B10.1: valid, and whose it is."""
    body = json.dumps({"server_uuid": UUID, "admin_id": "kim@corp.example"}).encode()
    reading = account_reading(Answer(200, {}, body))
    assert (reading.verdict, reading.server_uuid, reading.downloader) == (TokenState.VALID, UUID, "kim@corp.example")


def test_an_answer_that_names_no_service_is_no_verdict():
    """B10.1: cannot tell, never valid."""
    assert account_reading(Answer(200, {}, b"{}")).verdict is None


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_throttling_and_outages_are_no_verdict_whatever_their_words(status):
    """B10.2."""
    reading = refusal_reading(Place.SESSION, Answer(status, {}, b"token_rejected"), 0.0)
    assert (reading.verdict, reading.answered) == (None, False)


@pytest.mark.parametrize(
    ("skew", "verdict"), [(0.0, TokenState.REJECTED), (200.0, TokenState.REJECTED), (-600.0, None), (None, None)]
)
def test_a_rejection_without_a_reason_counts_only_with_a_right_clock(skew, verdict):
    """B10.2: a wrong clock has the same answer."""
    answer = Answer(401, {}, b"oauth_problem_adviceUnauthorized")
    assert refusal_reading(Place.SESSION, answer, skew).verdict is verdict


def test_words_that_are_not_known_are_not_repeated():
    """A body is somebody else's text and goes into no message."""
    reading = refusal_reading(Place.SESSION, Answer(418, {}, b"<b>teapot</b>"), 0.0)
    assert reading.verdict is None
    assert "teapot" not in reading.why
