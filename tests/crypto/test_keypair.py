from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tokenward.crypto import KeyUnusable, load_keypair, load_private_key, make_keypair
from tokenward.model.certificate import Keypair
from tokenward.model.secret import Secret


def test_a_certificate_made_here_is_what_apple_takes(openssl, keypair, now):
    """A5, B3.1: RSA 2048, signed by itself, key usage critical, own serial and name, by a second opinion."""
    certificate = keypair.certificate
    said = openssl("x509", "-in", "cert.pem", "-noout", "-text").decode()

    assert certificate.warnings == ()
    assert (certificate.key_bits, certificate.subject, certificate.recipient.serial_number) == (2048, "CN=Main MDM", 7)
    assert certificate.not_before == now
    assert certificate.not_after == now + timedelta(days=730)
    assert "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment" in said
    assert "sha256WithRSAEncryption" in said
    assert openssl("verify", "-CAfile", "cert.pem", "-no_check_time", "cert.pem") == b"cert.pem: OK\n"


def test_the_private_key_is_not_printed(keypair, loaded):
    """B5.8: promise 4, neither by the keypair nor by the loaded one."""
    number = str(loaded.private_key.private_numbers().d)

    assert number not in repr(loaded)
    assert repr(keypair).endswith("private_key=***)")


def test_each_keypair_has_a_key_of_its_own(keypair, namesake):
    """B3.1: the same name and number do not make the same key."""
    assert keypair.certificate.key_digest != namesake.certificate.key_digest
    assert keypair.certificate.recipient == namesake.certificate.recipient


def test_microseconds_do_not_trouble_a_certificate(now):
    """B3.1: a certificate knows whole seconds."""
    made = make_keypair("x", 2**158, now + timedelta(microseconds=5), timedelta(days=1)).certificate

    assert made.not_before == now
    assert made.recipient.serial_number == 2**158


def test_a_key_of_another_certificate_is_refused(keypair, namesake):
    """B5.1: rows that were mixed up are found before they do harm."""
    with pytest.raises(KeyUnusable, match="another certificate"):
        load_keypair(Keypair(keypair.certificate, namesake.private_key))


def test_what_is_no_rsa_key_is_refused():
    """B5.1: promise 5."""
    curve = ec.generate_private_key(ec.SECP256R1())
    for secret in (b"", b"x", b"\x30\x80", curve.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())):
        with pytest.raises(KeyUnusable):
            load_private_key(Secret(secret))
