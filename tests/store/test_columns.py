from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.model.instant import BadInstant
from tokenward.store.columns import instant, items, list_text, micros, words, words_text


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_an_instant_comes_back_exactly_and_in_utc(moment):
    """C2: every microsecond survives, whatever offset it was given in."""
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        return  # there is no such instant in UTC
    found = instant(micros(moment))
    assert found == expected
    assert found.utcoffset() == timedelta()


@given(st.datetimes(), st.datetimes())
def test_instants_sort_as_their_columns_do(one, other):
    """C2: what is due is found by comparing columns."""
    one, other = one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)
    assert (one < other) == (micros(one) < micros(other))


def test_a_naive_instant_is_refused():
    """A time without an offset could mean any of 26 hours."""
    with pytest.raises(BadInstant):
        micros(datetime(2026, 11, 24))  # noqa: DTZ001  naive on purpose


def test_what_is_missing_stays_missing():
    """An unknown time is no time."""
    assert micros(None) is None
    assert instant(None) is None


@given(st.dictionaries(st.text(), st.text()))
def test_words_come_back_and_equal_words_give_equal_texts(given_words):
    """C8: the labels of a total are found again, in whatever order they are named."""
    assert words(words_text(given_words)) == given_words
    assert words_text(dict(reversed(given_words.items()))) == words_text(given_words)


@given(st.lists(st.text()))
def test_lists_come_back(given_items):
    """C2: causes and warnings keep their order."""
    assert items(list_text(given_items)) == tuple(given_items)
