import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from tokenward.simulator.certificates import CertificateRefused, parse_upload

PEM = serialization.Encoding.PEM
SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "main")])


def test_pem_and_der_give_the_same_certificate(pair):
    """The portal takes .pem and .der."""
    assert parse_upload(pair.pem) == pair.der
    assert parse_upload(base64.b64encode(pair.der).decode()) == pair.der
    assert parse_upload("Subject: main\r\n" + pair.pem.replace("\n", "\r\n")) == pair.der


def elliptic(pair) -> str:
    """Return a certificate on an elliptic curve."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(SUBJECT).issuer_name(SUBJECT).serial_number(9)
    builder = builder.not_valid_before(pair.certificate.not_valid_before_utc)
    builder = builder.not_valid_after(pair.certificate.not_valid_after_utc).public_key(key.public_key())
    return builder.sign(key, hashes.SHA256()).public_bytes(PEM).decode()


def request(pair) -> str:
    """Return a certificate signing request."""
    key = serialization.load_pem_private_key(pair.key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    builder = x509.CertificateSigningRequestBuilder().subject_name(SUBJECT)
    return builder.sign(key, hashes.SHA256()).public_bytes(PEM).decode()


def archive(pair) -> str:
    """Return a PKCS#12 archive in base64."""
    key = serialization.load_pem_private_key(pair.key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    data = pkcs12.serialize_key_and_certificates(b"main", key, pair.certificate, None, serialization.NoEncryption())
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "make",
    [
        lambda pair: pair.pem + pair.key_file.read_text(),
        lambda pair: pair.key_file.read_text(),
        lambda pair: pair.pem * 2,
        lambda pair: pair.pem.replace("BEGIN CERT", "BEGIN TRUSTED CERT").replace("END CERT", "END TRUSTED CERT"),
        lambda pair: pair.pem[: len(pair.pem) // 2],
        lambda pair: pair.pem.replace("M", "!", 1),
        lambda pair: base64.b64encode(pair.der[:-20]).decode(),
        lambda pair: base64.b64encode(pair.pem.encode()).decode(),
        lambda pair: "",
        elliptic,
        request,
        archive,
    ],
    ids=[
        "with-key",
        "key",
        "chain",
        "trusted",
        "cut",
        "damaged",
        "cut-der",
        "pem-twice",
        "empty",
        "ec",
        "csr",
        "p12",
    ],
)
def test_what_is_not_one_rsa_certificate_is_refused(make, pair):
    """The portal takes one X.509 certificate with an RSA key, and nothing else."""
    with pytest.raises(CertificateRefused):
        parse_upload(make(pair))


def test_a_short_key_is_refused(make_pair):
    """RSA with fewer than 2048 bits."""
    with pytest.raises(CertificateRefused, match="2048"):
        parse_upload(make_pair(bits=1024).pem)
