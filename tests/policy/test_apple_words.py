"""What Apple's words mean."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.model.token import TokenState
from tokenward.policy.apple_words import (
    WORDS,
    Place,
    find_quoted_refusal,
    find_refusal,
    is_lost_session,
    parse_account,
)

DETAIL = {
    "server_name": "Main MDM",
    "server_uuid": "3f2c0000-aaaa-4000-8000-00000000bbbb",
    "admin_id": "kim@corp.example",
    "facilitator_id": "old@corp.example",
    "org_name": "Example Corporation",
    "urls": [],
}


@pytest.mark.parametrize(
    ("place", "body", "verdict"),
    [
        (Place.SESSION, "token_expiredForbidden", TokenState.EXPIRED),
        (Place.SESSION, "token_expiredUnauthorized", TokenState.EXPIRED),
        (Place.SESSION, "EXPIRED_TOKEN", TokenState.EXPIRED),
        (Place.SESSION, "token_rejectedForbidden", TokenState.REJECTED),
        (Place.CALL, "token_rejected", TokenState.REJECTED),
        (Place.SESSION, "signature_invalidForbidden", TokenState.SUPERSEDED),
        (Place.SESSION, "T_C_NOT_SIGNED", TokenState.TERMS_UNSIGNED),
        (Place.CALL, '"T_C_NOT_SIGNED"', TokenState.TERMS_UNSIGNED),
        (Place.CALL, '  "t_c_not_signed"\r\n', TokenState.TERMS_UNSIGNED),
        (Place.SESSION, "ACCESS_DENIED", None),
        (Place.SESSION, "FORBIDDEN", TokenState.REJECTED),
        (Place.CALL, "FORBIDDEN", None),
        (Place.SESSION, "oauth_problem_adviceUnauthorized", TokenState.REJECTED),
        (Place.SESSION, "oauth_problem_adviceBad Request", None),
        (Place.SESSION, "timestamp_refusedUnauthorized", None),
        (Place.SESSION, "nonce_usedUnauthorized", None),
        (Place.SESSION, "consumer_key_unknownUnauthorized", TokenState.REJECTED),
        (Place.CALL, "UNAUTHORIZED", None),
    ],
)
def test_a_word_is_told_by_how_the_body_begins(place, body, verdict):
    """B1.1, B10.2: quotes, blanks, case and a glued reason phrase do not matter; where it was said does."""
    refusal = find_refusal(place, body.encode())
    assert refusal is not None
    assert refusal.verdict is verdict


@pytest.mark.parametrize("body", ["", "<html>token_rejected</html>", '{"code":"token_rejected"}', "Not Found"])
def test_other_words_mean_nothing(body):
    """B10.2: what Apple did not say is no verdict."""
    assert find_refusal(Place.SESSION, body.encode()) is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("DEP auth error: 403 T_C_NOT_SIGNED", TokenState.TERMS_UNSIGNED),
        ('apple said: "token_rejectedForbidden"', TokenState.REJECTED),
        ("Access_Denied", None),
    ],
)
def test_a_word_inside_a_products_own_sentence_is_found(text, verdict):
    """Products pass Apple's words on inside sentences of their own."""
    refusal = find_quoted_refusal(text)
    assert refusal is not None
    assert refusal.verdict is verdict


@pytest.mark.parametrize("text", ["", "403 Forbidden", "401 Unauthorized", "token is bad"])
def test_what_any_server_says_is_no_word_of_apples(text):
    """A status phrase says nothing about the token."""
    assert find_quoted_refusal(text) is None


def test_only_the_answer_that_a_wrong_clock_would_also_have_had_asks_for_the_clock():
    """B10.2: bad clocks give no verdict."""
    assert [word.start for word in WORDS if word.refusal.needs_right_clock] == ["oauth_problem_adviceunauthorized"]


def test_no_row_stands_behind_one_that_hides_it():
    """The first row that fits counts, so a longer word must stand before its own beginning."""
    for place in Place:
        rows = [word.start for word in WORDS if place in word.places]
        for index, start in enumerate(rows):
            assert not any(start.startswith(earlier) for earlier in rows[:index]), start


@pytest.mark.parametrize(
    ("status", "body", "is_lost"),
    [(401, b"", True), (403, b'"FORBIDDEN"', True), (403, b"T_C_NOT_SIGNED", False), (400, b"FORBIDDEN", False)],
)
def test_a_lost_session_is_told_from_a_refused_token(status, body, is_lost):
    """Log in again, once, and only then judge."""
    assert is_lost_session(status, body) is is_lost


def test_an_account_detail_tells_whose_the_token_is():
    """B1.4, B5.4: the identity is compared without dashes and case; the newer name of the downloader counts."""
    detail = parse_account(json.dumps(DETAIL).encode())
    assert detail is not None
    assert detail.server_uuid == "3F2C0000AAAA4000800000000000BBBB"
    assert (detail.server_name, detail.downloader) == ("Main MDM", "kim@corp.example")
    assert detail.organisation == "Example Corporation"


def test_the_older_name_of_the_downloader_will_do():
    """Protocol versions differ, and either may be missing."""
    older = {key: value for key, value in DETAIL.items() if key != "admin_id"}
    detail = parse_account(json.dumps(older).encode())
    assert detail is not None
    assert detail.downloader == "old@corp.example"


@pytest.mark.parametrize("uuid", [None, "", "main", 7, "3F2C0000AAAA400080000000000BBBBZ"])
def test_nothing_follows_from_a_detail_without_a_service(uuid):
    """No conclusion without ``server_uuid``."""
    assert parse_account(json.dumps(DETAIL | {"server_uuid": uuid}).encode()) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_raising(body):
    """Promise 5: bad input, from anywhere."""
    for place in Place:
        find_refusal(place, body)
    parse_account(body)


def test_deeply_nested_json_is_no_account():
    """Promise 5: the parser's own limit is no crash."""
    assert parse_account(b"[" * 200_000) is None
