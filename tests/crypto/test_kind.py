import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.apple_envelope import VALUES, apple_message, one_line_of_json
from tokenward.crypto import FileKind, kind_of
from tokenward.crypto.remedies import remedy_for_certificate, remedy_for_envelope

CONTENT_TOKEN = json.dumps({"token": "abc", "expDate": "2027-01-01T00:00:00+0000", "orgName": "Example"}).encode()
CASES = [
    (b"", FileKind.EMPTY),
    (b" \r\n", FileKind.EMPTY),
    (one_line_of_json(), FileKind.OPENED_TOKEN),
    (apple_message()[apple_message().index(b"-----") :], FileKind.OPENED_TOKEN),
    (base64.b64encode(CONTENT_TOKEN), FileKind.CONTENT_TOKEN),
    (CONTENT_TOKEN, FileKind.CONTENT_TOKEN),
    (b'{"specversion": "1.0", "type": "identity.password.changed"}', FileKind.EVENT),
    (b'{"name": 1}', FileKind.JSON),
    (b"{not json", FileKind.TEXT),
    (b"{" * 5_000, FileKind.TEXT),
    (b'{"a":' * 50_000, FileKind.TEXT),
    (b"PK\x03\x04rest", FileKind.ARCHIVE),
    (b"\x1f\x8brest", FileKind.ARCHIVE),
    (b"x" * 257 + b"ustar", FileKind.ARCHIVE),
    (b"<html>", FileKind.WEB_PAGE),
    (b'<?xml version="1.0"?><plist>', FileKind.PROPERTY_LIST),
    (b"bplist00", FileKind.PROPERTY_LIST),
    (b"\xff\xfeh\0i\0", FileKind.UTF16),
    ("Grüße\tan Kim\r\n".encode(), FileKind.TEXT),
    (b"\x89PNG\r\n\x1a\n\0\0", FileKind.UNKNOWN),
    (b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMI", FileKind.ENVELOPE),
    (b"Content-Type: application/x-pkcs7-mime; smime-type=signed-data\n\n", FileKind.PKCS7),
]


@pytest.mark.parametrize(("raw", "kind"), CASES, ids=lambda value: repr(value)[:40])
def test_a_file_is_known_by_its_content(raw, kind):
    """B5.1: whatever its name says."""
    assert kind_of(raw) is kind


@pytest.mark.parametrize("form", ["PEM", "DER"])
@pytest.mark.parametrize(
    ("algorithm", "more"),
    [
        ("RSA", ()),
        ("RSA", ("-traditional",)),
        ("EC", ()),
        ("EC", ("-traditional",)),
        ("ED25519", ()),
    ],
    ids=["RSA", "RSA, PKCS#1", "EC", "EC, SEC 1", "ED25519"],
)
def test_every_form_of_private_key_is_known(openssl, algorithm, more, form):
    """A5: none slips through as something else."""
    curve = ("-pkeyopt", "ec_paramgen_curve:P-256") if algorithm == "EC" else ()
    openssl("genpkey", "-algorithm", algorithm, *curve, "-out", "some.pem")

    assert kind_of(openssl("pkey", "-in", "some.pem", "-outform", form, *more)) is FileKind.PRIVATE_KEY


@pytest.mark.parametrize("label", [b"OPENSSH PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"DSA PRIVATE KEY"])
def test_armour_around_any_private_key_is_enough(label):
    """A5: other forms of the same danger, also where the file was cut short."""
    assert kind_of(b"-----BEGIN " + label + b"-----\nb3Bl") is FileKind.PRIVATE_KEY


def test_a_push_certificate_is_told_from_the_certificate_for_tokens(openssl):
    """B5.1: it comes from another of Apple's portals and looks alike."""
    subject = "/UID=com.apple.mgmt.External.1234/CN=APSP:1234"
    pem = openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "push.pem", "-subj", subject, "-days", "9")
    )

    assert kind_of(pem) is FileKind.PUSH_CERTIFICATE


def test_every_kind_has_its_phrase_and_its_remedies():
    """B5.1: each with its own sentence."""
    assert len({kind.phrase for kind in FileKind}) == len(FileKind)
    for kind in FileKind:
        for remedy in (remedy_for_certificate(kind), remedy_for_envelope(kind)):
            assert remedy[0].isupper()
            assert remedy.endswith(".")


@given(st.one_of(st.binary(max_size=300), st.text().map(str.encode), st.binary(max_size=200).map(base64.b64encode)))
def test_any_bytes_have_a_kind(raw):
    """B5.1: telling never fails."""
    assert kind_of(raw) in FileKind


@given(st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(json.dumps))
def test_any_json_has_a_kind(text):
    """B5.1: also where it says something else than expected."""
    assert kind_of(text.encode()) in FileKind


def test_the_values_of_a_token_are_in_no_phrase():
    """B5.8: a kind says nothing of the content."""
    assert not any(value in kind.phrase for kind in FileKind for value in VALUES.values())
