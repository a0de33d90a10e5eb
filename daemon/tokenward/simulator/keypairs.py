"""The keys that the small device management service makes for itself."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tokenward.simulator.state import Keypair


def make_keypair(common_name: str, validity_days: int, now: datetime) -> Keypair:
    """Return a new RSA-2048 key with a self-signed certificate as NanoDEP makes it.

    The serial number is always 1, the validity starts ten minutes ago, and the key usage is critical. A
    validity of no or negative days is granted too, and then useless.
    """
    key = generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    not_before = now - timedelta(minutes=10)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(1)
        .public_key(key.public_key())
        .not_valid_before(not_before)
        .not_valid_after(max(now + timedelta(days=validity_days), not_before))
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return Keypair(certificate.public_bytes(Encoding.PEM).decode(), private_key.decode())
