import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1.rfc5849 import signature

from tokenward.simulator.oauth import (
    BadParameters,
    Keys,
    Login,
    authorization,
    base_url,
    is_signed,
    parse_authorization,
    sign,
)

KEYS = Keys("CS_test", "AS_test")
PARAMETERS = {
    "oauth_consumer_key": "CK_test",
    "oauth_token": "AT_test",
    "oauth_signature_method": "HMAC-SHA1",
    "oauth_timestamp": "1795492800",
    "oauth_nonce": "0011223344556677",
    "oauth_version": "1.0",
}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://mdmenrollment.apple.com/session", "DAwltJpbXtnHiZBjsSYCnXiXlgc="),
        ("http://127.0.0.1:8080/session", "ONLBTRd43tFLnQruDzl/u7mwvdg="),
    ],
)
def test_a_known_request_gets_the_known_signature(url, expected):
    """RFC 5849 section 3.4, by values on which two other implementations agree."""
    assert sign("GET", url, PARAMETERS.items(), KEYS) == expected


@given(key=st.text(min_size=1), nonce=st.text(min_size=1), secret=st.text())
def test_any_values_are_signed_as_another_library_signs_them(key, nonce, secret):
    """RFC 5849 section 3.6: also characters beyond ASCII and the reserved ones."""
    parameters = {**PARAMETERS, "oauth_consumer_key": key, "oauth_nonce": nonce}
    normalised = signature.normalize_parameters(parameters.items())
    text = signature.signature_base_string("GET", "http://127.0.0.1:8080/session", normalised)
    expected = signature.sign_hmac_sha1_with_client(
        text, type("Client", (), {"client_secret": secret, "resource_owner_secret": "AS_test"})
    )
    assert sign("GET", "http://127.0.0.1:8080/session", parameters.items(), Keys(secret, "AS_test")) == expected


@pytest.mark.parametrize(
    ("url", "signed_as"),
    [
        ("HTTPS://MDMenrollment.Apple.com:443/session", "https://mdmenrollment.apple.com/session"),
        ("http://127.0.0.1:80/session?x=1", "http://127.0.0.1/session"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("http://[::1]:8080/session", "http://[::1]:8080/session"),
    ],
)
def test_the_signed_address_is_normalised(url, signed_as):
    """RFC 5849 section 3.4.1.2."""
    assert base_url(url) == signed_as


def test_a_header_of_our_own_is_read_and_found_good():
    """The small device management service signs what Apple's side accepts."""
    header = authorization("GET", "http://a.example/session", Login("CK_ä/1", "AT_1", 1795492800, "n"), KEYS)

    parameters = parse_authorization(header)

    assert parameters["oauth_consumer_key"] == "CK_ä/1"
    assert is_signed("GET", "http://a.example/session", parameters, KEYS)
    assert not is_signed("POST", "http://a.example/session", parameters, KEYS)


@given(st.text())
def test_no_header_does_more_than_be_refused(header):
    """Bad input is answered, never a crash."""
    with pytest.raises(BadParameters):
        parse_authorization(f"OAuth {header}")
