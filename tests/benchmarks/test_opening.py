"""Opening a token, beside the one step of it that cannot be spared."""

import subprocess

import pytest
from asn1crypto.cms import ContentInfo
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.report import compare
from benchmarks.rounds import each, in_turns
from fakes.apple_envelope import apple_cms, apple_file, apple_message
from fuzz.parsers import keypair
from tokenward.crypto import open_envelope, parse_envelope, to_pem
from tokenward.crypto.cms import parse_layers

pytestmark = pytest.mark.bench

ROUNDS = 15
ENVELOPES = 100
SPAWNS = 3
GROSS_LOSS = 2.5


def test_opening_a_token_costs_little_more_than_its_private_key_operation(tmp_path):
    """C5: the key is held, and every envelope is another one, so that nothing is remembered from before."""
    own = keypair()
    plain = [apple_cms(own.certificate, apple_message()) for _ in range(ENVELOPES)]
    keys = [parse_layers(cms).key_transports[0].encrypted_key for cms in plain]
    (tmp_path / "key.pem").write_bytes(pem_of(own.private_key))
    (tmp_path / "token.p7m").write_bytes(apple_file(plain[0]))
    (tmp_path / "cert.pem").write_bytes(to_pem(own.certificate))
    decrypt = ("openssl", "cms", "-decrypt", "-inform", "SMIME", "-in", "token.p7m", "-inkey", "key.pem")

    measured = in_turns(
        {
            "RSA private operation, bare": each(lambda one: own.private_key.decrypt(one, PKCS1v15()), keys),
            "CMS in DER to token": each(lambda raw: open_envelope(parse_envelope(raw), own), map(in_der, plain)),
            "CMS in Apple's BER to token": each(lambda raw: open_envelope(parse_envelope(raw), own), plain),
            "S/MIME file to token": each(lambda raw: open_envelope(parse_envelope(raw), own), map(apple_file, plain)),
            "`openssl cms -decrypt`, spawned": each(
                lambda _: subprocess.run(decrypt, cwd=tmp_path, check=True, capture_output=True), range(SPAWNS)
            ),
        },
        ROUNDS,
    )

    goals = {"CMS in DER to token": "≤ 1.2", "CMS in Apple's BER to token": "≤ 1.2", "S/MIME file to token": "≤ 1.5"}
    compare("opening", "µs", measured, goals)
    assert measured["S/MIME file to token"].ratio < GROSS_LOSS
    spawned = measured["`openssl cms -decrypt`, spawned"].ratio
    assert spawned / measured["S/MIME file to token"].ratio > 15 / GROSS_LOSS


def in_der(cms: bytes) -> bytes:
    """Return *cms* with each length in front, as other programs write it."""
    return ContentInfo.load(cms).dump(force=True)


def pem_of(key) -> bytes:
    """Return *key* as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
