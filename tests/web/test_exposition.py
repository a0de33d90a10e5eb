"""What a scraper may ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.web.exposition import _accepts_openmetrics

PIECES = st.lists(
    st.sampled_from(["application/openmetrics-text", "text/plain", ";", ",", "version", "=", "1.0.0", "2", "é", " "])
)


@given(PIECES.map("".join) | st.text())
def test_no_header_breaks_the_choice_of_a_format(accept):
    """Promise 5: whatever is sent, one of both is chosen."""
    assert _accepts_openmetrics(accept) in {True, False}


@pytest.mark.parametrize(
    ("accept", "is_accepted"),
    [
        ("application/openmetrics-text", True),
        ("text/plain, application/openmetrics-text; q=0.5; version=1.0.0", True),
        ("application/openmetrics-text; version=2.0.0", False),
        ("application/openmetrics-text-but-not-quite", False),
    ],
)
def test_openmetrics_is_given_to_who_takes_its_first_version(accept, is_accepted):
    """C8: everybody else gets the text format."""
    assert _accepts_openmetrics(accept) is is_accepted
