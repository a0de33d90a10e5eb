import base64
import hashlib
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.apple_envelope import HEADERS, apple_cms, apple_file, apple_message
from tokenward.crypto import (
    Damaged,
    EnvelopeTooLarge,
    FileKind,
    NotAnEnvelope,
    make_keypair,
    parse_certificate,
    parse_envelope,
    to_pem,
)
from tokenward.model.certificate import KeyRecipient
from tokenward.model.finding import Code, NeedsCustodian

REFUSED = (NotAnEnvelope, Damaged, EnvelopeTooLarge)


@pytest.fixture(scope="module")
def cms(genuine) -> bytes:
    """Return the CMS inside the genuine file."""
    return parse_envelope(genuine).cms


def test_a_genuine_file_is_read_without_any_key(genuine, keypair):
    """A3: whom it is for, how it is encrypted, and its id; the file itself is kept as it came."""
    envelope = parse_envelope(genuine)

    assert envelope.original == genuine
    assert envelope.recipients == (keypair.certificate.recipient,)
    assert keypair.certificate.is_named_by(envelope.recipients[0])
    assert (envelope.content_cipher, envelope.key_transport) == ("aes128_cbc", "rsaes_pkcs1v15")
    assert envelope.digest == hashlib.sha256(envelope.cms).hexdigest()
    assert envelope.warnings == ()


def test_the_stand_in_for_apples_file_has_its_golden_shape(openssl, cms):
    """A3: the elements and lengths of the published specimens, listed by an independent reader."""
    listing = openssl("asn1parse", "-inform", "DER", given=cms).decode()
    shape = [line[line.index("d=") :].split(":")[0:4] for line in listing.splitlines()]
    depths_and_kinds = [(int(parts[0][2:].split()[0]), line_kind(parts)) for parts in shape]

    assert cms.startswith(bytes.fromhex("308006092a864886f70d010703a0803080020100318201"))
    assert cms.endswith(b"\0" * 10)
    assert depths_and_kinds == [
        (0, "inf SEQUENCE"),
        (1, "OBJECT"),
        (1, "inf cont [ 0 ]"),
        (2, "inf SEQUENCE"),
        (3, "INTEGER"),
        (3, "SET"),
        (4, "SEQUENCE"),
        (5, "INTEGER"),
        (5, "SEQUENCE"),
        (6, "SEQUENCE"),
        (7, "SET"),
        (8, "SEQUENCE"),
        (9, "OBJECT"),
        (9, "UTF8STRING"),
        (6, "INTEGER"),
        (5, "SEQUENCE"),
        (6, "OBJECT"),
        (6, "NULL"),
        (5, "OCTET STRING"),
        (3, "inf SEQUENCE"),
        (4, "OBJECT"),
        (4, "SEQUENCE"),
        (5, "OBJECT"),
        (5, "OCTET STRING"),
        (4, "inf cont [ 0 ]"),
        (5, "OCTET STRING"),
        (5, "EOC"),
        (4, "EOC"),
        (3, "EOC"),
        (2, "EOC"),
        (1, "EOC"),
    ]


def line_kind(parts: list[str]) -> str:
    """Return the kind of element in a line of ``openssl asn1parse``, with ``inf`` where its length is indefinite."""
    words = ":".join(parts)
    kind = words.split(": ", 1)[1].split(":")[0].strip() if ": " in words else words
    name = " ".join(kind.removesuffix("[HEX DUMP]").split())
    return f"inf {name}" if "l=inf" in words else name


WRAPPINGS = {
    "CMS as it is": lambda cms: cms,
    "no headers": base64.encodebytes,
    "base64 in one line": base64.b64encode,
    "CRLF": lambda cms: apple_file(cms).replace(b"\n", b"\r\n"),
    "a byte order mark": lambda cms: b"\xef\xbb\xbf" + apple_file(cms),
    "blank lines in front": lambda cms: b"\r\n \n" + apple_file(cms),
    "blanks behind the lines": lambda cms: apple_file(cms).replace(b"\n", b" \t\n"),
    "no newline at the end": lambda cms: apple_file(cms).rstrip(),
    "MIME-Version in front": lambda cms: b"MIME-Version: 1.0\n" + apple_file(cms),
    "a folded header": lambda cms: apple_file(cms).replace(b"; name", b";\n name"),
    "another content type": lambda cms: apple_file(cms).replace(b"pkcs7-mime", b"octet-stream"),
    "headers before raw CMS": lambda cms: HEADERS + b"\n" + cms,
    "armour": lambda cms: b"-----BEGIN CMS-----\n" + base64.encodebytes(cms) + b"-----END CMS-----\n",
    "other armour": lambda cms: b"-----BEGIN PKCS7-----\n" + base64.encodebytes(cms) + b"-----END PKCS7-----\n",
}


@pytest.mark.parametrize("wrapping", WRAPPINGS.values(), ids=WRAPPINGS)
def test_wrappings_do_not_matter(cms, wrapping):
    """A3: what browsers, mail programs and editors do to a file; its id stays the same."""
    raw = wrapping(cms)

    envelope = parse_envelope(raw)

    assert envelope.original == raw
    assert envelope.digest == hashlib.sha256(cms).hexdigest()


def test_a_recipient_may_be_a_key_identifier(openssl, keypair):
    """A3: the certificate's own identifier is what the envelope names."""
    raw = openssl("cms", "-encrypt", "-keyid", "-aes-128-cbc", "-outform", "DER", "cert.pem", given=b"x")

    (recipient,) = parse_envelope(raw).recipients

    assert isinstance(recipient, KeyRecipient)
    assert keypair.certificate.is_named_by(recipient)


def test_triple_des_is_taken_and_warned_about(openssl):
    """A3: old programs still offer it."""
    raw = openssl("cms", "-encrypt", "-des3", "-outform", "DER", "cert.pem", given=b"x")

    envelope = parse_envelope(raw)

    assert envelope.content_cipher == "tripledes_cbc"
    assert "out of date" in envelope.warnings[0]


def test_an_envelope_for_a_password_names_nobody(openssl):
    """B5.1: it is an envelope, and no key can open it."""
    raw = openssl(*("cms", "-encrypt", "-pwri_password", "x", "-aes-128-cbc", "-outform", "DER"), given=b"x")

    envelope = parse_envelope(raw)

    assert envelope.recipients == ()
    assert "no RSA key" in envelope.warnings[0]


def test_what_is_no_envelope_is_named(openssl, keypair):
    """B5.1: a certificate in the folder for tokens is called one."""
    with pytest.raises(NotAnEnvelope) as refused:
        parse_envelope(to_pem(keypair.certificate))

    finding = refused.value.finding
    assert refused.value.kind is FileKind.CERTIFICATE
    assert finding.code is Code.NOT_AN_ENVELOPE
    assert finding.happened == "This is a certificate, not a server token file."
    assert "folder for certificates" in finding.do


def test_a_signed_message_is_no_envelope(openssl):
    """B5.1: the same container with another content."""
    openssl("pkey", "-inform", "DER", "-in", "key.der", "-out", "key.pem")
    raw = openssl("cms", "-sign", "-signer", "cert.pem", "-inkey", "key.pem", "-nodetach", given=b"x")

    with pytest.raises(NotAnEnvelope) as refused:
        parse_envelope(raw)

    assert refused.value.kind is FileKind.PKCS7


def test_a_file_cut_at_any_byte_is_refused(genuine):
    """B5.1: nothing that was cut short passes; from the headers on it is called damaged."""
    whole = len(genuine.rstrip())
    for size in range(whole):
        with pytest.raises((NotAnEnvelope, Damaged)) as refused:
            parse_envelope(genuine[:size])
        if size > len(HEADERS):
            assert isinstance(refused.value, Damaged), size


def test_a_cms_cut_at_any_byte_is_refused(cms):
    """B5.1: the same without the text around it."""
    for size in range(len(cms)):
        with pytest.raises((NotAnEnvelope, Damaged)):
            parse_envelope(cms[:size])


@pytest.mark.parametrize("more", [b"\0", b"x" * 40, b"\0\0"], ids=repr)
def test_something_behind_the_end_is_damage(cms, more):
    """B5.1: two files in one, or a broken transfer."""
    with pytest.raises(Damaged):
        parse_envelope(apple_file(cms + more))


def test_a_ciphertext_that_is_no_whole_number_of_blocks_is_damage(openssl):
    """B5.1: known without any key."""
    raw = openssl("cms", "-encrypt", "-aes-128-cbc", "-outform", "DER", "cert.pem", given=b"x" * 10)
    position = raw.rindex(b"\x80\x10") + 1
    altered = raw[:position] + b"\x0f" + raw[position + 1 : -1]

    with pytest.raises(Damaged):
        parse_envelope(altered)


def test_a_huge_file_is_not_looked_into(genuine):
    """B5.1: promise 5, bad input never grows memory without bound."""
    with pytest.raises(EnvelopeTooLarge) as refused:
        parse_envelope(genuine + b"A" * 70_000)

    assert refused.value.finding.code is Code.SIZE
    assert parse_envelope(genuine, cap=len(genuine))
    with pytest.raises(EnvelopeTooLarge):
        parse_envelope(genuine, cap=len(genuine) - 1)


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_garbage_is_refused_and_nothing_else(raw):
    """B5.1: any bytes at all."""
    with pytest.raises(REFUSED) as refused:
        parse_envelope(raw)
    assert isinstance(refused.value, NeedsCustodian)


@given(st.binary(max_size=300), st.sampled_from(sorted(WRAPPINGS)))
def test_garbage_in_every_wrapping_is_refused_and_nothing_else(content, wrapping):
    """B5.1: also where it is announced as an envelope."""
    with pytest.raises(REFUSED):
        parse_envelope(WRAPPINGS[wrapping](content))


@given(data=st.data())
def test_a_mutated_cms_is_read_or_refused(cms, data):
    """B5.1: every byte may be any other."""
    altered = bytearray(cms)
    for _ in range(data.draw(st.integers(1, 4))):
        altered[data.draw(st.integers(0, len(cms) - 1))] = data.draw(st.integers(0, 255))
    try:
        envelope = parse_envelope(bytes(altered))
    except REFUSED:
        return
    assert envelope.digest == hashlib.sha256(altered).hexdigest()


@pytest.mark.parametrize("unit", [b"\x30\x80", b"\xa0\x80", b"\x30\x84\x00\x00\xff\xff", b"\x24\x80"], ids=bytes.hex)
@pytest.mark.parametrize("depth", [5, 13, 16_000])
def test_deep_nesting_is_refused(unit, depth):
    """B5.1: promise 5, no input exhausts the stack."""
    with pytest.raises(REFUSED):
        parse_envelope((unit * depth)[:64_000])
    with pytest.raises(REFUSED):
        parse_envelope(base64.b64encode((unit * depth)[:48_000]))


@pytest.mark.parametrize(
    "filler",
    [b"-----BEGIN CMS-----", b"{", b"[", b"<", b"a: ", b"\n\n", b"MIAG", b"M\n", b"\0", "é".encode()],
    ids=repr,
)
def test_the_largest_files_are_answered_at_once(filler):
    """B5.1: promise 5, work in proportion to size; a quadratic search would need seconds."""
    raw = (filler * 64_000)[: 64 * 1024]

    def refuse() -> None:
        with pytest.raises(REFUSED):
            parse_envelope(raw)

    assert min(timeit.repeat(refuse, number=1, repeat=3)) < 0.2


def test_a_negative_serial_number_is_compared_as_bytes(openssl, now):
    """A3: Apple's own published sample has one."""
    pem = openssl(
        *(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "negative.pem",
            "-subj",
            "/CN=Old",
            "-days",
            "30",
        ),
        *("-set_serial", "-1234567"),
    )
    certificate = parse_certificate(pem, now)

    envelope = parse_envelope(apple_file(apple_cms(certificate, apple_message())))

    assert certificate.recipient.serial_number == -1234567
    assert certificate.is_named_by(envelope.recipients[0])


def test_two_certificates_of_one_key_are_two_recipients(keypair, now, genuine):
    """B5.1: the name decides, not the key alone."""
    other = make_keypair("Main MDM 2", 7, now, keypair.certificate.not_after - now).certificate

    assert not other.is_named_by(parse_envelope(genuine).recipients[0])
