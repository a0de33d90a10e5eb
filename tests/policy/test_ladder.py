from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.situations import DAY, HOUR, MINUTE, NOW
from tokenward.policy.ladder import TOLD, Level, Listener, level_at, moves_at, next_level_at

DUE = NOW + 8 * DAY


@pytest.mark.parametrize(
    ("days", "level"),
    [
        (0, Level.ASKED),
        (3.9, Level.ASKED),
        (4, Level.REMINDED),
        (6, Level.DEPUTY_TOLD),
        (8, Level.MOVED),
        (99, Level.MOVED),
    ],
)
def test_the_ladder_is_climbed_by_shares_of_the_time_that_there_is(days: float, level: Level) -> None:
    """B11.1: reminder at half, deputy told at three quarters, moved to at the end."""
    assert level_at(NOW + days * DAY, NOW, DUE, alarm=False) is level


def test_each_level_says_when_the_next_one_is_due() -> None:
    """B11.1: the due time of a row, never a sleeping task."""
    assert next_level_at(NOW, NOW, DUE, alarm=False) == NOW + 4 * DAY
    assert next_level_at(NOW + 4 * DAY, NOW, DUE, alarm=False) == NOW + 6 * DAY
    assert next_level_at(NOW + 6 * DAY, NOW, DUE, alarm=False) == DUE
    assert next_level_at(DUE, NOW, DUE, alarm=False) is None


def test_only_an_alarm_is_for_on_call_and_it_is_at_once() -> None:
    """B11.1: a dead token, a running outage or nobody left."""
    assert level_at(NOW, NOW, DUE, alarm=True) is Level.ON_CALL
    assert next_level_at(NOW, NOW, DUE, alarm=True) is None
    assert [level for level, told in TOLD.items() if Listener.ON_CALL in told] == [Level.ON_CALL]


def test_operators_hear_with_the_deputy() -> None:
    """B11.1: not before."""
    assert [level for level, told in TOLD.items() if Listener.OPERATORS in told] == [
        Level.DEPUTY_TOLD,
        Level.MOVED,
        Level.ON_CALL,
    ]


def test_a_date_that_has_come_already_leaves_time_to_answer() -> None:
    """B7.3: due at once with a living token is one quiet question, not the whole ladder in a minute."""
    assert level_at(NOW + MINUTE, NOW, NOW, alarm=False) is Level.ASKED
    assert moves_at(NOW, NOW, alarm=False) == NOW + DAY
    assert moves_at(NOW, NOW, alarm=True) == NOW + HOUR
    assert moves_at(NOW, DUE, alarm=True) == DUE


@given(st.integers(-100, 1000), st.integers(0, 2000), st.integers(0, 2000))
def test_levels_never_go_down_and_change_exactly_when_they_say(hours: int, first: int, later: int) -> None:
    """B11.1: for any due date, even one before the opening."""
    due_at = NOW + hours * HOUR
    earlier, now = (NOW + timedelta(hours=n) for n in sorted((first, later)))
    level = level_at(earlier, NOW, due_at, alarm=False)
    next_at = next_level_at(earlier, NOW, due_at, alarm=False)

    reached = level_at(now, NOW, due_at, alarm=False)

    assert reached >= level
    assert (reached > level) == (next_at is not None and now >= next_at)
