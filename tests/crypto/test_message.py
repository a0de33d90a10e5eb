from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.apple_envelope import VALUES, apple_message, one_line_of_json
from tokenward.crypto import CannotBeOpened, ValueMissing
from tokenward.crypto.message import parse_message

EXPIRES_AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
FORMS = {
    "Apple's": apple_message(),
    "CRLF throughout": apple_message().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "LF throughout": apple_message().replace(b"\r\n", b"\n"),
    "no headers": apple_message().partition(b"\r\n\r\n")[2],
    "no markers": one_line_of_json(),
    "headers, no markers": b"Content-Type: text/plain\r\n\r\n" + one_line_of_json(),
    "a byte order mark": b"\xef\xbb\xbf" + one_line_of_json(),
    "more members": one_line_of_json({"note": {"a": [1, None]}, **VALUES, "ünknown": True}),
}


@pytest.mark.parametrize("plain", FORMS.values(), ids=FORMS)
def test_the_message_is_read_in_every_form(plain):
    """A3: with and without markers and headers; what is not known is left alone."""
    token = parse_message(plain)

    assert token.access_secret.reveal_text() == VALUES["access_secret"]
    assert token.expires_at == EXPIRES_AT


@pytest.mark.parametrize(
    "text",
    ["2027-03-01T09:00:00Z", "2027-03-01T09:00:00+00:00", "2027-03-01T10:00:00+0100", "2027-03-01T09:00:00.000Z"],
)
def test_the_expiry_is_read_in_every_form_with_an_offset(text):
    """A9: Apple's dates were not always of one form."""
    assert parse_message(one_line_of_json({**VALUES, "access_token_expiry": text})).expires_at == EXPIRES_AT


@pytest.mark.parametrize(
    "text", ["2027-03-01T09:00:00", "2027-03-01", "soon", "9999-12-31T23:59:59-01:00", "2027-13-01T00:00:00Z"]
)
def test_an_expiry_that_is_no_instant_is_missing(text):
    """A9, B5.1: a time without offset could be any of 26 hours."""
    with pytest.raises(ValueMissing) as refused:
        parse_message(one_line_of_json({**VALUES, "access_token_expiry": text}))

    assert refused.value.names == ("access_token_expiry",)


@pytest.mark.parametrize(
    ("tail", "issued_at"),
    [
        ("O1772355600000", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("O1772355600123", datetime(2026, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)),
        ("O9999999999999", None),
        ("O1111111111111", None),
        ("O177235560000", None),
        ("1772355600000", None),
        ("", None),
    ],
)
def test_the_issue_time_is_a_hint_taken_only_where_plausible(tail, issued_at):
    """B4.3: before the expiry, and not by years."""
    assert parse_message(one_line_of_json({**VALUES, "access_token": "AT_x" + tail})).issued_at == issued_at


@given(st.one_of(st.binary(max_size=300), st.text().map(str.encode), st.just(b"{}"), st.just(b'{"a": 1e999}')))
def test_garbage_is_refused_and_nothing_else(plain):
    """B5.1: what a wrong key leaves."""
    with pytest.raises((CannotBeOpened, ValueMissing)):
        parse_message(plain)


@pytest.mark.parametrize("tail", [b"}", one_line_of_json(), b"{}", b" and {more}"], ids=repr)
def test_a_second_object_is_refused(tail):
    """B5.1: which of the two is meant, nobody can say."""
    with pytest.raises(CannotBeOpened):
        parse_message(apple_message() + tail)
