"""A file of every kind that people hand over, made afresh: by openssl, and by what writes tokens as Apple does."""

import base64
import gzip
import json
import subprocess
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import x509
from asn1crypto.keys import PublicKeyInfo, RSAPublicKey

from fakes.apple_envelope import VALUES, apple_cms, apple_file, apple_message, one_line_of_json
from tokenward.crypto import make_keypair, to_pem
from tokenward.model.certificate import Keypair

APPLE_NAME = "Main MDM_Token_2026-11-24T09-30-00Z_smime.p7m"
ENVELOPES = {
    "envelope-der.p7m": ("-aes128",),
    "envelope-aes192.p7m": ("-aes192", "-stream"),
    "envelope-aes256.p7m": ("-aes256",),
    "envelope-3des.p7m": ("-des3", "-stream"),
    "envelope-gcm.p7m": ("-aes-256-gcm",),
    "envelope-gcm128.p7m": ("-aes-128-gcm", "-stream"),
    "envelope-two.p7m": ("-aes128", "sha1.pem"),
    "envelope-camellia.p7m": ("-camellia128",),
    "envelope-oaep.p7m": ("-aes128", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"),
    "envelope-keyid.p7m": ("-aes128", "-keyid"),
}
UNUSUAL = {
    "sha1": ("-sha1", "-set_serial", "7"),
    "signing-only": ("-addext", "keyUsage=digitalSignature", "-set_serial", "8"),
    "negative": ("-set_serial", "-5"),
}
"""What is warned about and taken: by how openssl makes it."""
KEYS = {
    "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "weak": ("rsa:1024",),
    "push": ("rsa:2048",),
}
CONTENT_TOKEN = {"token": "secret-of-apps", "expDate": "2027-01-01T00:00:00+0000", "orgName": "Example"}
EVENT = {
    "specversion": "1.0",
    "id": "hr-42",
    "source": "urn:corp:hr",
    "type": "identity.password.changed",
    "subject": "kim@corp.example",
}


def make_files(folder: Path, keypair: Keypair, second: Keypair) -> Mapping[str, Path]:
    """Return the files by name, made in *folder* around the certificates of *keypair* and of *second*."""
    pem, der, now = to_pem(keypair.certificate), keypair.certificate.der, datetime.now(UTC)
    (folder / "key.der").write_bytes(keypair.private_key.reveal())
    (folder / "plain").write_bytes(apple_message())
    files = {
        "certificate.pem": pem,
        "certificate.der": der,
        "certificate-crlf.pem": b"\xef\xbb\xbfA certificate\r\n" + pem.replace(b"\n", b"\r\n"),
        "certificate-base64.cer": base64.encodebytes(der),
        "certificate-pem-in-base64.cer": base64.b64encode(pem),
        "certificate-der.pem": der,
        "certificate-indented.pem": textwrap.indent(pem.decode(), "    ").encode(),
        "certificate-expired.pem": _made_at(now - timedelta(days=30)),
        "certificate-not-yet.pem": _made_at(now + timedelta(days=30)),
        "certificate-utf16.pem": pem.decode().encode("utf-16"),
        "certificate-damaged.pem": pem[:400] + b"\n-----END CERTIFICATE-----\n",
        "certificate-huge.der": _with_a_huge_key(der),
        "chain.pem": pem + to_pem(second.certificate),
        APPLE_NAME: apple_file(apple_cms(keypair.certificate, apple_message())),
        "envelope.der": apple_cms(keypair.certificate, apple_message()),
        "envelope-damaged.p7m": apple_file(apple_cms(keypair.certificate, apple_message())[:-40]),
        "token.json": one_line_of_json(),
        "token-unusual.json": one_line_of_json({**VALUES, "consumer_key": "0a1b"}),
        "token-incomplete.json": b'{"consumer_key":"CK_secret"}',
        "content.vpptoken": base64.b64encode(json.dumps(CONTENT_TOKEN).encode()),
        "event.json": json.dumps(EVENT).encode(),
        "event-bad.json": json.dumps({**EVENT, "subject": "Kim Lee"}).encode(),
        "other.json": b'{"name": 1}',
        "empty.p7m": b"",
        "page.p7m": b"<!doctype html><title>Sign in</title>",
        "profile.mobileconfig": b'<?xml version="1.0"?><plist>',
        "archive.zip": b"PK\x03\x04rest",
        "archive.gz": gzip.compress(pem),
        "note.txt": b"Nothing to see here.\n",
        "picture.png": b"\x89PNG\r\n\x1a\n\0\0",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    made = [*files, *_made_by_openssl(folder)]
    return {name: folder / name for name in made}


def _made_at(begin: datetime) -> bytes:
    """Return a certificate that is good for nine days from *begin*."""
    return to_pem(make_keypair("Main MDM", 4712, begin, timedelta(days=9)).certificate)


def _with_a_huge_key(der: bytes) -> bytes:
    """Return the certificate *der* around a key of 8201 bits; made by hand, for finding such primes takes minutes."""
    certificate = x509.Certificate.load(der)
    key = RSAPublicKey({"modulus": (1 << 8200) + 1, "public_exponent": 65537})
    certificate["tbs_certificate"]["subject_public_key_info"] = PublicKeyInfo.wrap(key, "rsa")
    huge: bytes = certificate.dump(force=True)
    return huge


def _made_by_openssl(folder: Path) -> list[str]:
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)

    openssl("pkey", "-in", "key.der", "-inform", "DER", "-out", "private-key.pem")
    openssl("x509", "-in", "certificate.pem", "-trustout", "-addtrust", "serverAuth", "-out", "trusted.pem")
    openssl("pkey", "-in", "private-key.pem", "-pubout", "-out", "public-key.pem")
    openssl("req", "-new", "-key", "private-key.pem", "-subj", "/CN=main", "-out", "request.csr")
    pair = ("-inkey", "private-key.pem", "-in", "certificate.pem")
    openssl("pkcs12", "-export", *pair, "-passout", "pass:", "-out", "pair.p12")
    openssl("crl2pkcs7", "-nocrl", "-certfile", "certificate.pem", "-out", "certificates.p7b")
    openssl("dsaparam", "-out", "dsa-parameters", "2048")
    openssl("gendsa", "-out", "dsa-key", "dsa-parameters")
    openssl("req", "-x509", "-key", "dsa-key", "-subj", "/CN=dsa", "-days", "9", "-out", "dsa.pem")
    openssl("x509", "-in", "certificate.pem", "-text", "-out", "certificate-with-text.pem")
    for name, options in UNUSUAL.items():
        signed = ("-key", "private-key.pem", "-subj", f"/CN={name}", "-days", "9")
        openssl("req", "-x509", *signed, *options, "-out", f"{name}.pem")
    for name, key in KEYS.items():
        subject = "/UID=com.apple.mgmt.External.1/CN=APSP" if name == "push" else f"/CN={name}"
        made = ("-newkey", *key, "-nodes", "-keyout", f"{name}-key", "-subj", subject, "-days", "9")
        openssl("req", "-x509", *made, "-out", f"{name}.pem")
    for name, options in ENVELOPES.items():
        recipient = ("-recip", "certificate.pem", *options) if "-keyopt" in options else (*options, "certificate.pem")
        openssl("cms", "-encrypt", "-binary", "-in", "plain", "-outform", "SMIME", "-out", name, *recipient)
    together = (folder / "certificate.pem").read_bytes() + (folder / "private-key.pem").read_bytes()
    (folder / "together.pem").write_bytes(together)
    ssh = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ kim@corp.example\n"
    (folder / "id_rsa.pub").write_text(ssh)
    others = ("certificate-with-text", *UNUSUAL, "private-key", "together", "trusted", "public-key", "dsa", *KEYS)
    names = [f"{name}.pem" for name in others]
    return [*names, "request.csr", "pair.p12", "certificates.p7b", "id_rsa.pub", *ENVELOPES]
