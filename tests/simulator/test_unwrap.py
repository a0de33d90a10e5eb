import base64
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenward.simulator.certificates import recipient_of
from tokenward.simulator.envelope import write_envelope
from tokenward.simulator.keypairs import make_keypair
from tokenward.simulator.state import Token
from tokenward.simulator.unwrap import CannotOpen, open_envelope, parse_secrets

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
KEYPAIR = make_keypair("main", 1, NOW)
TOKEN = Token("0" * 32, "CK_1", "CS_1", "AT_1", "AS_1", NOW, NOW, "kim@corp.example")
_PEM_BODY = "".join(KEYPAIR.certificate.splitlines()[1:-1])
FILE = write_envelope(TOKEN, recipient_of(base64.b64decode(_PEM_BODY)))
HEADERS, _, BODY = FILE.partition(b"\n\n")
CMS = base64.b64decode(BODY)


def test_an_envelope_gives_its_five_values():
    """The untouched file."""
    secrets = open_envelope(FILE, KEYPAIR)
    assert (secrets.consumer_key, secrets.access_token_expiry) == ("CK_1", "2026-11-24T04:00:00Z")


@given(st.binary())
def test_garbage_is_refused_in_words(data):
    """Bad input is answered, never a crash."""
    with pytest.raises(CannotOpen):
        open_envelope(data, KEYPAIR)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(CMS) - 1), byte=st.integers(0, 255), cut=st.integers(1, len(CMS)))
def test_a_damaged_envelope_is_refused_in_words(at, byte, cut):
    """One byte changed and the end cut off, anywhere: opened or refused, nothing else."""
    damaged = (CMS[:at] + bytes((byte,)) + CMS[at + 1 :])[:cut]
    with suppress(CannotOpen):
        open_envelope(HEADERS + b"\n\n" + base64.b64encode(damaged), KEYPAIR)


@given(st.binary() | st.text().map(str.encode) | st.just(b"[" * 100_000))
def test_what_is_no_token_inside_is_refused_in_words(text):
    """The decrypted text is foreign too."""
    with suppress(CannotOpen):
        assert parse_secrets(text)
