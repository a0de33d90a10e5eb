from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.situations import DAY, HOUR, MINUTE, NOW
from tokenward.model.event import EventKind
from tokenward.model.token import TokenState
from tokenward.policy.probing import (
    BY_HEALTH,
    RAISED_BY,
    SECOND_LOOK,
    DatedVerdict,
    confirmed,
    probe_times,
    regular_interval,
    second_look_at,
    spread,
)

VALID, REJECTED = TokenState.VALID, TokenState.REJECTED


def test_a_suspicion_is_probed_at_once_then_ever_more_rarely_for_a_week() -> None:
    """9: password.changed is probed at 0, 15 min, 2 h, 24 h, then daily for a week."""
    after = [at - NOW for at in probe_times(NOW)]

    assert after == [timedelta(), 15 * MINUTE, 2 * HOUR, *(n * DAY for n in range(1, 9))]


def test_how_often_is_asked_depends_on_who_can_be_asked() -> None:
    """B10.1: daily by secrets, else every quarter of an hour; every 30 s while claimed."""
    assert regular_interval(holds_secrets=True, is_claimed=False) == DAY
    assert regular_interval(holds_secrets=False, is_claimed=False) == 15 * MINUTE
    assert regular_interval(holds_secrets=True, is_claimed=True) == timedelta(seconds=30)


def test_one_rejection_is_not_believed() -> None:
    """B10.2: a second look is due two minutes later."""
    once = [(NOW, REJECTED)]

    assert confirmed(once) is None
    assert second_look_at(once) == NOW + SECOND_LOOK


def test_the_same_answer_too_soon_is_not_a_second_one() -> None:
    """B10.2: two answers of one moment say no more than one."""
    twice = [(NOW + MINUTE, REJECTED), (NOW, REJECTED)]

    assert confirmed(twice) is None
    assert second_look_at(twice) == NOW + SECOND_LOOK


def test_the_same_answer_two_minutes_later_counts() -> None:
    """B10.2: then nothing waits for a further look."""
    twice = [(NOW + 2 * MINUTE, REJECTED), (NOW + MINUTE, REJECTED), (NOW, REJECTED)]

    assert confirmed(twice) is REJECTED
    assert second_look_at(twice) is None


def test_another_answer_in_between_begins_anew() -> None:
    """B10.2: rejected, valid, rejected is no confirmation."""
    mixed = [(NOW + 9 * MINUTE, REJECTED), (NOW + 5 * MINUTE, VALID), (NOW, REJECTED)]

    assert confirmed(mixed) is None
    assert second_look_at(mixed) == NOW + 11 * MINUTE


def test_an_answer_that_starts_nothing_counts_at_once() -> None:
    """B10.2: only what would start something needs a second."""
    assert confirmed([(NOW, VALID)]) is VALID
    assert confirmed([]) is None
    assert second_look_at([]) is None


def test_each_verdict_raises_its_own_event() -> None:
    """9: token.rejected, token.superseded, token.expired and terms.unsigned come from probes."""
    assert RAISED_BY == {
        TokenState.REJECTED: EventKind.TOKEN_REJECTED,
        TokenState.SUPERSEDED: EventKind.TOKEN_SUPERSEDED,
        TokenState.EXPIRED: EventKind.TOKEN_EXPIRED,
        TokenState.TERMS_UNSIGNED: EventKind.TERMS_UNSIGNED,
    }


@given(st.lists(st.tuples(st.integers(0, 600), st.sampled_from(TokenState)), max_size=8))
def test_whatever_counts_and_starts_something_was_said_twice_at_a_distance(said: list[tuple[int, TokenState]]) -> None:
    """B10.2: and whatever does not count is waited for."""
    verdicts: list[DatedVerdict] = [
        (NOW + timedelta(seconds=after), verdict) for after, verdict in sorted(said, reverse=True)
    ]

    counted = confirmed(verdicts)

    if counted in RAISED_BY:
        assert any(v is counted and verdicts[0][0] - at >= SECOND_LOOK for at, v in verdicts)
    assert (second_look_at(verdicts) is None) == (counted is not None or not verdicts)


@pytest.mark.parametrize("verdict", list(RAISED_BY))
def test_two_equal_verdicts_confirm_each_other(verdict: TokenState) -> None:
    """B10.2: for each of those that start something."""
    assert confirmed([(NOW + SECOND_LOOK, verdict), (NOW, verdict)]) is verdict


def test_many_services_are_not_asked_together() -> None:
    """B10.1: spread out in time, by the service's id alone, so a restart does not change it."""
    intervals = {spread(BY_HEALTH, f"service-{number}") for number in range(50)}

    assert len(intervals) == 50
    assert all(BY_HEALTH * 0.9 <= interval <= BY_HEALTH for interval in intervals)
    assert spread(BY_HEALTH, "main") == spread(BY_HEALTH, "main")
