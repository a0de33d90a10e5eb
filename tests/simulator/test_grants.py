"""The token endpoint of Apple's Business and School Manager APIs."""

import json
import time

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

DAY = 86400


def refused_with(answer: httpx2.Response) -> str:
    """Return the word of a bare refusal."""
    assert answer.status_code == 400, answer.text
    assert answer.json().keys() == {"error"}
    return str(answer.json()["error"])


@pytest.mark.parametrize("path", ["/auth/oauth2/token", "/auth/oauth2/v2/token"])
def test_a_signed_assertion_is_worth_an_access_token_for_an_hour(path, caller):
    """A11: both addresses of the endpoint give one, without a refresh token."""
    answer = caller.ask_for_token(path)

    assert answer.status_code == 200
    granted = answer.json()
    assert granted.pop("access_token")
    assert granted == {"token_type": "Bearer", "expires_in": 3600, "scope": "business.api"}
    assert answer.headers["cache-control"] == "no-store"


def test_an_assertion_may_be_used_again_while_it_lasts(caller):
    """A11: one assertion is good for as many access tokens as one likes, up to 180 days."""
    now = int(time.time())
    assertion = caller.assertion(iat=now, exp=now + 180 * DAY)
    tokens = {caller.ask_for_token(assertion=assertion).json()["access_token"] for _ in range(2)}
    assert len(tokens) == 2


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://account.apple.com/auth/oauth2/token"},
        {"aud": ["https://account.apple.com/auth/oauth2/v2/token"]},
        {"aud": None},
        {"iss": "BUSINESSAPI.other"},
        {"sub": "BUSINESSAPI.other"},
        {"sub": None},
        {"iat": None},
        {"exp": None},
        {"exp": True},
        {"exp": "1795492800"},
        {"exp": 10**400},
        {"iat": -(10**400)},
        {"iat": float("nan")},
        {"exp": float("inf")},
    ],
    ids=str,
)
def test_a_claim_that_does_not_fit_is_an_invalid_client(claims, caller):
    """A11: the audience has v2 in it, issuer and subject are the client, and both instants are there."""
    assert refused_with(caller.ask_for_token(assertion=caller.assertion(**claims))) == "invalid_client"


@pytest.mark.parametrize(
    ("issued", "expires", "word"),
    [
        (50, 600, None),
        (70, 600, "invalid_client"),
        (-600, -50, None),
        (-600, -70, "invalid_client"),
        (0, 180 * DAY + 1, "invalid_client"),
        (600, 300, "invalid_client"),
    ],
    ids=["a-little-early", "early", "just-over", "over", "too-long", "backwards"],
)
def test_the_clock_may_differ_by_a_minute(issued, expires, word, caller):
    """A11: 60 s either way, and never more than 180 days."""
    now = int(time.time())
    answer = caller.ask_for_token(assertion=caller.assertion(iat=now + issued, exp=now + expires))
    assert (refused_with(answer) if word else answer.status_code) == (word or 200)


def test_the_simulators_clock_decides(caller, stand_in):
    """A11: an hour ahead, a fresh assertion of ten minutes is over; and so is an access token."""
    token = caller.token()
    assert caller.ask("GET", "/users", token).status_code == 200
    stand_in.admin("POST", "/clock", {"offset_seconds": 3601})
    assert refused_with(caller.ask_for_token()) == "invalid_client"
    assert caller.ask("GET", "/users", token).status_code == 401


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS256"}, {"kid": "other"}, {"kid": 7}], ids=str)
def test_a_header_that_does_not_fit_is_an_invalid_client(header, caller):
    """A11: ES256 with the client's own key id, nothing else."""
    assert refused_with(caller.ask_for_token(assertion=caller.assertion(header=header))) == "invalid_client"


def test_a_signature_in_der_or_by_another_key_is_an_invalid_client(caller):
    """A11: the signature is r and s with 32 bytes each. RFC 7518 section 3.4."""
    signed, _, _ = caller.assertion().rpartition(".")
    stranger = ec.generate_private_key(ec.SECP256R1())
    for key in (caller.key, stranger):
        der = caller.encoded(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        assert refused_with(caller.ask_for_token(assertion=f"{signed}.{der}")) == "invalid_client"
    zeros = caller.encoded(bytes(64))
    assert refused_with(caller.ask_for_token(assertion=f"{signed}.{zeros}")) == "invalid_client"


@pytest.mark.parametrize("assertion", ["x", "a.b", "a.b.c", "..", "!.!.!", "e30.e30.e30", "W10.W10.W10"])
def test_what_is_no_jwt_is_an_invalid_client(assertion, caller):
    """A11: bad input has one answer too."""
    assert refused_with(caller.ask_for_token(assertion=assertion)) == "invalid_client"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"client_id": "BUSINESSAPI.unknown"}, "invalid_client"),
        ({"scope": "school.api"}, "invalid_scope"),
        ({"scope": "business.api school.api"}, "invalid_scope"),
        ({"scope": None}, "invalid_request"),
        ({"client_assertion": None}, "invalid_request"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
    ],
    ids=str,
)
def test_a_field_that_does_not_fit_is_refused_with_a_word(changes, word, caller):
    """A11: RFC 6749 section 5.2, with nothing but the word."""
    assert refused_with(caller.ask_for_token(**changes)) == word


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("application/x-www-form-urlencoded", b"grant_type=client_credentials&grant_type=client_credentials"),
        ("application/x-www-form-urlencoded", b"\xff"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=b" % number for number in range(40))),
    ],
    ids=["json", "twice", "bytes", "many"],
)
def test_another_body_is_an_invalid_request(content_type, body, stand_in):
    """A11: form-encoded, each field once."""
    url = f"{stand_in.business}/auth/oauth2/token"
    answer = stand_in.client.post(url, content=body, headers={"content-type": content_type})
    assert refused_with(answer) == "invalid_request"


def test_the_audience_can_be_set(caller, stand_in):
    """A11: for a client that knows of one address only."""
    stand_in.admin("POST", "/switches", {"audience": "http://127.0.0.1/token"})
    assert refused_with(caller.ask_for_token()) == "invalid_client"
    assert caller.ask_for_token(assertion=caller.assertion(aud="http://127.0.0.1/token")).status_code == 200


def test_a_key_is_shown_once_and_kept_by_nobody(caller, stand_in):
    """A11: the state has the public key, the overview neither; and no access token is readable anywhere."""
    token = caller.token()
    state = (stand_in.directory / "state.json").read_text()
    shown = json.dumps([stand_in.admin("GET", path) for path in ("/state", "/requests")])

    assert caller.key_id in shown
    assert "PRIVATE KEY" not in state
    assert "PUBLIC KEY" not in shown
    assert token not in state + shown


def test_an_outage_of_the_endpoint_can_be_scripted(caller, stand_in):
    """A11: 429 with Retry-After, then it works again."""
    headers = {"Retry-After": "60"}
    stand_in.admin("POST", "/faults", {"where": "oauth", "status": 429, "headers": headers})
    answer = caller.ask_for_token()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert caller.ask_for_token().status_code == 200
