import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from tokenward.simulator.api_clients import add_client
from tokenward.simulator.assertion import NotBelieved, client_of
from tokenward.simulator.seed import Seed, first_world
from tokenward.simulator.state import Product

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
WORLD, NEW = add_client(first_world(Seed()), Product.BUSINESS, "administrator", NOW)
CLIENT = NEW.client


def encoded(data: bytes) -> str:
    """Return *data* in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def a_jwt() -> str:
    """Return an assertion that is believed."""
    issued_at = int(NOW.timestamp())
    claims = {
        "iss": CLIENT.id,
        "sub": CLIENT.id,
        "aud": WORLD.switches.audience,
        "iat": issued_at,
        "exp": issued_at + 60,
    }
    parts = ({"alg": "ES256", "kid": CLIENT.key_id}, claims)
    signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    key = load_pem_private_key(NEW.private_key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    numbers = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{encoded(b''.join(number.to_bytes(32, 'big') for number in numbers))}"


JWT = a_jwt()


def test_what_the_client_signed_is_believed():
    """A11: and only for the client that is named."""
    assert client_of(WORLD, CLIENT.id, JWT, NOW) == CLIENT
    with pytest.raises(NotBelieved):
        client_of(WORLD, "BUSINESSAPI.other", JWT, NOW)


@given(at=st.integers(0, len(JWT) - 2), letter=st.sampled_from("AQgw.-_=! é"))
def test_one_changed_letter_is_not_believed(at, letter):
    """A11: whichever it is. The very last one has bits that count for nothing."""
    spoilt = JWT[:at] + letter + JWT[at + 1 :]
    if spoilt != JWT:
        with pytest.raises(NotBelieved):
            client_of(WORLD, CLIENT.id, spoilt, NOW)


@given(st.text() | st.lists(st.binary(max_size=40), max_size=4).map(lambda parts: ".".join(map(encoded, parts))))
def test_any_other_text_is_not_believed(text):
    """A11: and raises nothing else."""
    with pytest.raises(NotBelieved):
        client_of(WORLD, CLIENT.id, text, NOW)
