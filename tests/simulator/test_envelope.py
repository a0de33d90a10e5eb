import base64
from datetime import UTC, datetime

import pytest
from asn1crypto import cms

from tokenward.simulator.certificates import recipient_of
from tokenward.simulator.envelope import file_name, write_envelope
from tokenward.simulator.state import Encoding, Service, Token

HEADERS = (
    b'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data\n'
    b"Content-Transfer-Encoding: base64\n"
    b'Content-Disposition: attachment; filename="smime.p7m"\n'
    b"Content-Description: S/MIME Encrypted Message\n"
    b"\n"
)
ISSUED_AT = datetime(2026, 11, 24, 4, 0, 0, 123000, UTC)
OPENABLE = sorted(set(Encoding) - {Encoding.TRUNCATE, Encoding.WRONG_KEY})


@pytest.fixture
def token() -> Token:
    """Return a token as long as a real one."""
    return Token(
        service="0" * 32,
        consumer_key="CK_" + "0" * 96,
        consumer_secret="CS_" + "1" * 40,
        access_token="AT_O123456789O" + "2" * 40 + "O1795492800123",
        access_secret="AS_" + "3" * 40,
        issued_at=ISSUED_AT,
        expires_at=datetime(2027, 11, 24, 4, 0, 0, tzinfo=UTC),
        downloader="kim@corp.example",
    )


def body_of(file: bytes) -> bytes:
    """Return the CMS."""
    return base64.b64decode(file.split(b"\n\n", 1)[1])


def test_the_outside_is_apples_four_headers_and_columns_of_76(token, pair):
    """Apple's known form: no MIME-Version, LF, a newline at the end."""
    file = write_envelope(token, recipient_of(pair.der))

    assert file.startswith(HEADERS)
    lines = file.removeprefix(HEADERS).split(b"\n")
    assert lines[-1] == b""
    assert {len(line) for line in lines[:-2]} == {76}
    assert 0 < len(lines[-2]) <= 76


def test_the_middle_is_ber_with_indefinite_lengths_at_five_levels(token, pair):
    """Apple's known form: AES-128-CBC, RSA PKCS#1 v1.5, one recipient by issuer and serial number."""
    recipient = recipient_of(pair.der)
    data = body_of(write_envelope(token, recipient))

    assert data.startswith(bytes.fromhex("308006092a864886f70d010703a0803080020100") + b"\x31\x82")
    assert data[20:].find(recipient.issuer + recipient.serial) > 0
    assert bytes.fromhex("300d06092a864886f70d0101010500 04820100") in data
    assert bytes.fromhex("308006092a864886f70d010701 301d0609608648016503040102 0410") in data
    assert bytes.fromhex("a08004820200") in data
    assert data.endswith(b"\x00" * 10)


def test_the_inside_has_mixed_line_ends_markers_and_the_five_values_in_order(token, pair):
    """Apple's known form, seen by an opener of another make."""
    content = pair.open(write_envelope(token, recipient_of(pair.der)))

    assert content.decode() == (
        "Content-Type: text/plain;charset=UTF-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        "-----BEGIN MESSAGE-----\n"
        f'{{"consumer_key":"{token.consumer_key}","consumer_secret":"{token.consumer_secret}",'
        f'"access_token":"{token.access_token}","access_secret":"{token.access_secret}",'
        '"access_token_expiry":"2027-11-24T04:00:00Z"}\n'
        "-----END MESSAGE-----\n"
    )


@pytest.mark.parametrize("encoding", OPENABLE)
def test_every_other_encoding_opens_too(encoding, token, pair):
    """Each switch gives a file that is odd, not broken."""
    file = write_envelope(token, recipient_of(pair.der), {encoding})

    assert pair.secrets(file)["access_token"] == token.access_token
    if encoding is not Encoding.GCM:
        raw = file.lstrip(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        assert cms.ContentInfo.load(body_of(raw), strict=True)["content_type"].native == "enveloped_data"


def test_a_negative_serial_number_is_copied_as_it_stands(token, make_pair, pair):
    """Apple's sample of 2014 names a recipient whose serial number is negative."""
    certificate = pair.der
    altered = certificate.replace(b"\x02\x01\x07", b"\x02\x01\x83", 1)
    recipient = recipient_of(altered)

    assert recipient.serial == b"\x02\x01\x83"
    assert recipient.issuer + recipient.serial in body_of(write_envelope(token, recipient))


def test_the_file_name_carries_service_and_issue_time(token):
    """The portal's name for the file; blanks stay."""
    assert file_name(Service("0" * 32, "Main MDM"), token) == "Main MDM_Token_2026-11-24T04-00-00Z_smime.p7m"
