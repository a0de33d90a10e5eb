from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.policy.backoff import PATIENT, URGENT, Pace, next_attempt_at

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def seconds(attempts: int, retry_after: float | None = None, jitter: float = 0, pace: Pace = PATIENT) -> float:
    """Return how long the wait after *attempts* failures is."""
    return (next_attempt_at(NOW, attempts, retry_after, jitter, pace) - NOW).total_seconds()


def test_waits_double_from_five_seconds_up_to_ten_minutes() -> None:
    """B2.1: giving up does not exist, so the longest wait is what remains."""
    assert [seconds(n) for n in (1, 2, 3, 7, 8, 500)] == [5, 10, 20, 320, 600, 600]


def test_after_the_click_waits_are_shorter() -> None:
    """A10: from two seconds to a minute."""
    assert [seconds(n, pace=URGENT) for n in (1, 2, 5, 6, 500)] == [2, 4, 32, 60, 60]


def test_what_the_other_side_asks_for_is_not_undercut() -> None:
    """B2.1: `Retry-After` counts where it is longer than our own wait."""
    assert seconds(1, 120) == 120
    assert seconds(8, 120) == 600


def test_what_the_other_side_asks_for_has_a_limit() -> None:
    """B2.1: nobody can send us away for a year."""
    assert seconds(1, 1e12) == 3600
    assert seconds(1, float("inf"), pace=URGENT) == 300


@pytest.mark.parametrize("nonsense", [-5.0, float("nan"), float("-inf")])
def test_nonsense_counts_as_nothing(nonsense: float) -> None:
    """B2.1: a broken header does not stop the attempts."""
    assert seconds(1, nonsense) == 5


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_chance_only_ever_shortens_and_never_by_more_than_a_quarter(attempts: int, jitter: float) -> None:
    """B2.1: so that a promised time is kept."""
    whole = seconds(attempts)

    assert whole * 0.75 - 1e-5 <= seconds(attempts, jitter=jitter) <= whole


def test_no_failure_yet_waits_as_after_the_first() -> None:
    """B2.1: the table has no hole at zero."""
    assert next_attempt_at(NOW, 0, None, 0) == NOW + timedelta(seconds=5)
