"""Signing a login."""

from datetime import UTC, datetime

import pytest

from tokenward.apple.oauth import authorization
from tokenward.model.secret import Secret
from tokenward.model.token import ServerToken

TOKEN = ServerToken(
    Secret("CK_test"), Secret("CS_test"), Secret("AT_test"), Secret("AS_test"), datetime(2027, 11, 24, tzinfo=UTC)
)
AT = datetime.fromtimestamp(1795492800, UTC)


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("https://mdmenrollment.apple.com/session", "DAwltJpbXtnHiZBjsSYCnXiXlgc%3D"),
        ("http://127.0.0.1:8080/session", "ONLBTRd43tFLnQruDzl%2Fu7mwvdg%3D"),
    ],
)
def test_a_login_is_signed_as_a_second_implementation_signs_it(url, signature):
    """RFC 5849 section 3.4: the vector was worked out by hand with a plain HMAC."""
    header = authorization(url, TOKEN, AT, "0011223344556677").reveal_text()
    assert f'oauth_signature="{signature}"' in header


def test_a_login_carries_what_apple_asks_for_and_none_of_the_secrets():
    """Apple, "Authenticating for Automated Device Enrollment"; promise 4."""
    header = authorization("https://mdmenrollment.apple.com/session", TOKEN, AT, "0011223344556677")
    text = header.reveal_text()
    for part in (
        'OAuth realm="ADM"',
        'oauth_consumer_key="CK_test"',
        'oauth_token="AT_test"',
        'oauth_signature_method="HMAC-SHA1"',
        'oauth_timestamp="1795492800"',
        'oauth_nonce="0011223344556677"',
        'oauth_version="1.0"',
    ):
        assert part in text
    assert "CS_test" not in text
    assert "AS_test" not in text
    assert str(header) == "***"
