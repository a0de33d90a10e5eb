from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fakes.values import NOW
from tokenward.wire.rate import Rate

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def test_as_many_as_are_allowed_and_no_more_until_time_went_by():
    """Promise 5: bad input never delays other work."""
    rate = Rate(3, MINUTE)

    assert [rate.allows("a", NOW) for _ in range(4)] == [True, True, True, False]
    assert rate.allows("b", NOW)
    assert not rate.allows("a", NOW + 19 * SECOND)
    assert rate.allows("a", NOW + 40 * SECOND)


@given(st.lists(st.integers(0, 600), max_size=60).map(sorted))
def test_no_hour_ever_sees_more_than_its_share(seconds):
    """Whatever the pattern: what is at once, and what each period adds."""
    rate = Rate(5, MINUTE)

    allowed = [at for at in seconds if rate.allows("a", NOW + at * SECOND)]

    assert all(sum(start <= at < start + 60 for at in allowed) <= 10 for start in allowed)


def test_a_clock_that_was_set_back_locks_nobody_out():
    """Promise 6: what is left stays, and grows again from there."""
    rate = Rate(2, MINUTE)
    assert rate.allows("a", NOW)
    assert rate.allows("a", NOW - timedelta(days=1))
    assert not rate.allows("a", NOW - timedelta(days=1))
    assert rate.allows("a", NOW - timedelta(days=1) + MINUTE)


def test_names_that_strangers_make_up_do_not_grow_memory():
    """Promise 5: never grows memory without bound."""
    rate = Rate(1, MINUTE)
    for number in range(10_500):
        rate.allows(str(number), NOW)

    assert len(rate._buckets) == 10_000
