import pytest

from fakes.apple_side import AppleSide, a_keypair, opened
from tokenward.crypto import parse_envelope
from tokenward.wire.smime import smime_text

KEYPAIR = a_keypair("smime")


@pytest.fixture
def envelope():
    """Return what Apple's portal gives out."""
    return parse_envelope(AppleSide().download(KEYPAIR.certificate))


def test_a_file_as_the_portal_writes_it_stays_as_it_is(envelope):
    """Every line, and every line's end."""
    assert smime_text(envelope).encode() == envelope.original


def test_line_ends_of_another_kind_stay_too(envelope):
    """What a mail program made of it is still the same file."""
    original = envelope.original.replace(b"\n", b"\r\n")
    assert smime_text(parse_envelope(original)).encode() == original


@pytest.mark.parametrize("form", ["der", "bare", "blank", "mark"])
def test_what_is_no_text_or_has_no_headers_is_written_as_the_portal_would(envelope, form):
    """Products look for the headers; the content is the same."""
    body = envelope.original.partition(b"\n\n")[2]
    original = {
        "der": envelope.cms,
        "bare": body,
        "blank": b"\n" + envelope.original,
        "mark": b"\xef\xbb\xbf" + envelope.original,
    }[form]

    text = smime_text(parse_envelope(original))

    assert text.startswith("Content-Type: application/pkcs7-mime")
    assert opened(text.encode(), KEYPAIR) == opened(envelope.original, KEYPAIR)
    assert parse_envelope(text.encode()).digest == envelope.digest
