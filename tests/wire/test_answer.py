"""Answers as values."""

from datetime import UTC, datetime, timedelta

import pytest

from tokenward.wire.answer import Answer

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
AT_NOON = {"date": "Tue, 24 Nov 2026 12:00:00 GMT"}


@pytest.mark.parametrize(
    ("status", "is_ok", "is_outage"),
    [
        (200, True, False),
        (204, True, False),
        (302, False, False),
        (404, False, False),
        (429, False, True),
        (503, False, True),
    ],
)
def test_a_status_is_a_success_an_outage_or_neither(status, is_ok, is_outage):
    """B10.2: throttling and outages say nothing about what was asked; a redirect is no success."""
    answer = Answer(status, {}, b"")
    assert (answer.is_ok, answer.is_outage) == (is_ok, is_outage)


def test_the_text_form_shows_neither_headers_nor_body():
    """Answers of products hold tokens and sessions."""
    assert "s3cret" not in repr(Answer(200, {"x-session": "s3cret"}, b"s3cret"))


def test_the_difference_of_the_clocks_is_known_where_the_other_side_shows_one():
    """A wrong clock must not pass for a rejected token."""
    assert Answer(200, AT_NOON, b"").skew_seconds(NOON + timedelta(minutes=5)) == 300
    assert Answer(200, {}, b"").skew_seconds(NOON) is None


def test_the_wanted_wait_is_measured_against_the_answers_own_date():
    """A date in Retry-After is the other side's."""
    later = AT_NOON | {"retry-after": "Tue, 24 Nov 2026 12:01:00 GMT"}
    assert Answer(429, later, b"").retry_after_seconds == 60
