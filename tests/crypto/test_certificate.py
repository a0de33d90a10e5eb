import base64
import re
import textwrap
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509
from asn1crypto.keys import PublicKeyInfo, RSAPublicKey
from hypothesis import given
from hypothesis import strategies as st

from tokenward.crypto import (
    FileKind,
    NotACertificate,
    PrivateKeyExposed,
    SeveralCertificates,
    TooLarge,
    UnfitKey,
    parse_certificate,
    read_imprints,
    to_pem,
)
from tokenward.model.finding import Code, NeedsOperator

REFUSED = (NotACertificate, PrivateKeyExposed, SeveralCertificates, TooLarge, UnfitKey)
NOW = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def pem(keypair) -> bytes:
    """Return a certificate as PEM."""
    return to_pem(keypair.certificate)


@pytest.fixture(scope="module")
def der(keypair) -> bytes:
    """Return the same certificate as DER."""
    whole: bytes = keypair.certificate.der
    return whole


def req(openssl, *arguments: str) -> bytes:
    """Return a self-signed certificate with *arguments*, made by openssl."""
    usual = "req -x509 -newkey rsa:2048 -nodes -keyout made.pem -subj /O=Example/CN=Made -days 9"
    made: bytes = openssl(*usual.split(), *arguments)
    return made


FORMS = {
    "PEM": lambda pem, der: pem,
    "DER": lambda pem, der: der,
    "CRLF": lambda pem, der: pem.replace(b"\n", b"\r\n"),
    "bare CR": lambda pem, der: pem.replace(b"\n", b"\r"),
    "a byte order mark": lambda pem, der: b"\xef\xbb\xbf" + pem,
    "indented lines": lambda pem, der: textwrap.indent(pem.decode(), "    ").encode(),
    "text around": lambda pem, der: "Liebe Grüße\n".encode() + pem + b"-- \nKim",
    "base64 in one line": lambda pem, der: (
        b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(der) + b"\n-----END CERTIFICATE-----"
    ),
    "all in one line": lambda pem, der: pem.replace(b"\n", b" "),
    "no final newline": lambda pem, der: pem.rstrip(),
    "an older label": lambda pem, der: pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
    "base64 of DER": lambda pem, der: base64.encodebytes(der),
    "base64 of PEM": lambda pem, der: base64.encodebytes(pem),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_certificate_is_taken_in_every_form(pem, der, keypair, form):
    """A5: by content, whatever the file is called."""
    assert parse_certificate(form(pem, der), NOW) == keypair.certificate


def test_the_text_that_openssl_prints_above_is_left_alone(openssl, pem, keypair):
    """A5: ``openssl x509 -text`` is what many people send."""
    printed = openssl("x509", "-text", given=pem)

    assert parse_certificate(printed, NOW) == keypair.certificate


def test_what_is_read_agrees_with_openssl(openssl):
    """A3, A5: names, numbers and dates, by a second opinion."""
    pem = req(openssl, "-set_serial", "0x00a1b2c3")
    certificate = parse_certificate(pem, NOW)
    said = openssl(
        *(
            "x509",
            "-noout",
            "-subject",
            "-issuer",
            "-serial",
            "-fingerprint",
            "-sha256",
            "-ext",
            "subjectKeyIdentifier",
        ),
        *("-nameopt", "RFC2253"),
        given=pem,
    ).decode()

    assert f"subject={certificate.subject}\n" in said
    assert f"issuer={certificate.issuer}\n" in said
    assert int(re.findall("serial=(.*)", said)[0], 16) == certificate.recipient.serial_number
    assert certificate.fingerprint in said.replace(":", "").lower()
    assert certificate.key_identifier.hex() in said.replace(":", "").lower()
    assert certificate.key_bits == 2048
    assert certificate.not_after - certificate.not_before == timedelta(days=9)


def test_a_certificate_without_key_identifier_gets_the_usual_one(openssl):
    """A3: RFC 5280 section 4.2.1.2, first method; so that a recipient by key identifier is found."""
    with_it = parse_certificate(req(openssl), NOW)
    openssl("req", "-new", "-key", "made.pem", "-subj", "/CN=v1", "-out", "made.csr")
    without = parse_certificate(openssl("x509", "-req", "-in", "made.csr", "-signkey", "made.pem"), NOW)

    assert with_it.key_identifier == without.key_identifier
    assert with_it.key_digest == without.key_digest
    assert with_it.fingerprint != without.fingerprint


@pytest.mark.parametrize("place", ["before", "after", "alone", "in UTF-16", "as DER", "as bare base64", "encrypted"])
def test_a_private_key_in_the_file_is_refused_as_exposed(openssl, pem, keypair, place):
    """A5: whatever else stands in the file."""
    secret = keypair.private_key.reveal()
    key = openssl("pkey", "-inform", "DER", given=secret)
    raw = {
        "before": key + pem,
        "after": pem + key,
        "alone": key,
        "in UTF-16": (pem + key).decode().encode("utf-16"),
        "as DER": secret,
        "as bare base64": base64.b64encode(key),
        "encrypted": openssl(
            "pkcs8", "-topk8", "-inform", "DER", "-outform", "DER", "-passout", "pass:x", given=secret
        ),
    }[place]

    with pytest.raises(PrivateKeyExposed) as refused:
        parse_certificate(raw, NOW)

    assert refused.value.finding.code is Code.PRIVATE_KEY
    assert "exposed" in refused.value.finding.means


def test_several_certificates_are_refused(pem):
    """A5: which one is meant cannot be known."""
    with pytest.raises(SeveralCertificates) as refused:
        parse_certificate(pem + pem, NOW)

    assert refused.value.finding.code is Code.CHAIN
    assert "2 certificates" in refused.value.finding.happened


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-newkey", "rsa:1024"), "RSA with 1024 bits"),
        (("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "EC"),
        (("-newkey", "ed25519"), "ED25519"),
        (("-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"), "RSASSA_PSS"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_that_apple_cannot_use_is_refused(openssl, arguments, said):
    """A5: not RSA, or too short."""
    pem = openssl("req", "-x509", *arguments, "-nodes", "-keyout", "weak.pem", "-subj", "/CN=Weak", "-days", "9")

    with pytest.raises(UnfitKey) as refused:
        parse_certificate(pem, NOW)

    assert refused.value.finding.code is Code.WEAK
    assert said in refused.value.finding.happened


def test_a_key_of_unwieldy_size_is_refused(der):
    """A5: more than 8192 bits; made by hand, for finding such primes takes minutes."""
    certificate = x509.Certificate.load(der)
    key = RSAPublicKey({"modulus": (1 << 8200) + 1, "public_exponent": 65537})
    certificate["tbs_certificate"]["subject_public_key_info"] = PublicKeyInfo.wrap(key, "rsa")

    with pytest.raises(UnfitKey, match="8201 bits"):
        parse_certificate(certificate.dump(force=True), NOW)


def test_a_refused_certificate_still_says_whose_it_is(openssl, pem, keypair):
    """A5: subject and validity, of each that can be read, whatever else stands in the file."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    other = openssl("req", "-x509", *curve, "-nodes", "-keyout", "ec.pem", "-subj", "/CN=EC")
    key = openssl("pkey", "-inform", "DER", given=keypair.private_key.reveal())
    trusted = openssl("x509", "-trustout", given=pem)

    for raw in (other + key + pem, b"text\n" + other + trusted, other + pem[:300] + b"\n" + pem):
        first, second = read_imprints(raw)
        assert (first.subject, second.subject) == ("CN=EC", keypair.certificate.subject)
        assert (second.not_before, second.not_after) == (keypair.certificate.not_before, keypair.certificate.not_after)


def test_what_cannot_be_read_says_nothing_of_itself(pem, der, keypair):
    """A5: nothing is guessed."""
    assert read_imprints(der[:-1]) == read_imprints(keypair.private_key.reveal()) == ()
    assert read_imprints(pem + b" " * 64 * 1024) == ()


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (FileKind.PKCS12, ("pkcs12", "-export", "-in", "cert.pem", "-nokeys", "-passout", "pass:x")),
        (FileKind.PKCS7, ("crl2pkcs7", "-nocrl", "-certfile", "cert.pem")),
        (FileKind.PKCS7, ("crl2pkcs7", "-nocrl", "-certfile", "cert.pem", "-outform", "DER")),
        (FileKind.CSR, ("req", "-new", "-key", "key.der", "-keyform", "DER", "-subj", "/CN=x")),
        (FileKind.CSR, ("req", "-new", "-key", "key.der", "-keyform", "DER", "-subj", "/CN=x", "-outform", "DER")),
        (FileKind.TRUSTED_CERTIFICATE, ("x509", "-in", "cert.pem", "-trustout")),
        (FileKind.PUBLIC_KEY, ("x509", "-in", "cert.pem", "-pubkey", "-noout")),
        (FileKind.PUBLIC_KEY, ("pkey", "-in", "key.der", "-inform", "DER", "-pubout", "-outform", "DER")),
        (FileKind.ENVELOPE, ("cms", "-encrypt", "-aes-128-cbc", "cert.pem")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_certificate_is_named(openssl, kind, command):
    """A5: anything else is refused with the reason."""
    raw = openssl(*command)

    with pytest.raises(NotACertificate) as refused:
        parse_certificate(raw, NOW)

    finding = refused.value.finding
    assert refused.value.kind is kind
    assert finding.code is Code.NOT_A_CERTIFICATE
    assert finding.happened == f"This is {kind.phrase}, not a certificate."


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", FileKind.EMPTY),
        (b"\xef\xbb\xbf \r\n", FileKind.EMPTY),
        (b"ssh-rsa AAAAB3NzaC1yc2E kim@corp.example", FileKind.SSH_KEY),
        (b"<!doctype html><title>Sign in</title>", FileKind.WEB_PAGE),
        ("-----BEGIN CERTIFICATE-----".encode("utf-16"), FileKind.UTF16),
        (b"see attachment", FileKind.TEXT),
    ],
    ids=repr,
)
def test_other_files_are_named_too(raw, kind):
    """A5: what people drop by mistake."""
    with pytest.raises(NotACertificate) as refused:
        parse_certificate(raw, NOW)

    assert refused.value.kind is kind


def test_a_damaged_certificate_is_called_one(pem, der):
    """A5: cut short, followed by something, or with broken base64."""
    for raw in (pem[:500], der[:-1], der + b"\0", pem.replace(b"\nM", b"\n!"), b"-----BEGIN CERTIFICATE-----"):
        with pytest.raises(NotACertificate) as refused:
            parse_certificate(raw, NOW)
        assert refused.value.kind is FileKind.CERTIFICATE
        assert refused.value.finding.happened == "This certificate cannot be read."


def test_an_expired_certificate_is_taken_and_warned_about(der, keypair):
    """A5: whether Apple takes one is not known, so a person decides."""
    late = keypair.certificate.not_after + timedelta(seconds=1)

    assert "expired" in parse_certificate(der, late).warnings[0]
    assert "not valid before" in parse_certificate(der, NOW - timedelta(days=1)).warnings[0]
    assert parse_certificate(der, NOW).warnings == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-sha1",), "out of date"),
        (("-addext", "keyUsage=digitalSignature"), "key encipherment"),
        (("-set_serial", "-5"), "negative"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_unusual_is_warned_about(openssl, arguments, said):
    """A5: taken, for such certificates have been in use."""
    later = NOW + timedelta(days=1)
    pem = req(openssl, *arguments)
    certificate = parse_certificate(pem, later)

    assert any(said in warning for warning in certificate.warnings)


def test_the_written_form_is_what_every_loader_takes(openssl, pem, der):
    """A5: LF, 64 columns, final newline."""
    assert max(map(len, pem.splitlines())) == 64
    assert b"\r" not in pem
    assert pem.endswith(b"-----END CERTIFICATE-----\n")
    assert openssl("x509", "-outform", "DER", given=pem) == der
    assert openssl("x509", given=pem) == pem


def test_a_huge_file_is_not_looked_into(pem):
    """A5: promise 5, bad input never grows memory without bound."""
    with pytest.raises(TooLarge) as refused:
        parse_certificate(pem + b"\n" * 70_000, NOW)

    assert refused.value.finding.code is Code.SIZE


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_garbage_is_refused_and_nothing_else(raw):
    """A5: any bytes at all."""
    with pytest.raises(REFUSED) as refused:
        parse_certificate(raw, NOW)
    assert isinstance(refused.value, NeedsOperator)


@given(st.binary(max_size=300))
def test_garbage_in_armour_is_refused_and_nothing_else(content):
    """A5: also where it is announced as a certificate."""
    armoured = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(content) + b"-----END CERTIFICATE-----\n"
    with pytest.raises(REFUSED):
        parse_certificate(armoured, NOW)


def test_a_certificate_with_any_byte_changed_is_read_or_refused(der):
    """A5: no byte of it makes the reader fail in a way of its own."""
    for index in range(len(der)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            altered = der[:index] + bytes((der[index] ^ mask,)) + der[index + 1 :]
            try:
                certificate = parse_certificate(altered, NOW)
            except REFUSED:
                continue
            assert certificate.der == altered


@given(data=st.data())
def test_a_mutated_certificate_is_read_or_refused(der, data):
    """A5: pieces cut out, put in and overwritten."""
    altered = bytearray(der)
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(altered)))
        altered[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        parse_certificate(bytes(altered), NOW)
    except REFUSED:
        return


@pytest.mark.parametrize("depth", [3, 12, 20_000])
def test_deep_nesting_is_refused(depth):
    """A5: promise 5, no input exhausts the stack."""
    for unit in (b"\x30\x80", b"\x30\x82\x7f\xff"):
        with pytest.raises(REFUSED):
            parse_certificate((unit * depth)[:60_000], NOW)
