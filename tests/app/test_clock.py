"""The machine's clock, which may be set under our feet, and the demonstration's, which may be stepped."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tokenward.app import clock as clock_module
from tokenward.app.clock import JUMP, SETTLING, SteppedClock, SystemClock

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@dataclass
class Machine:
    """A wall clock that can be set, and a steady one that can't."""

    wall: float = START.timestamp()
    steady: float = 1000.0

    def time(self) -> float:
        """Return what the wall clock says."""
        return self.wall

    def monotonic(self) -> float:
        """Return what the steady clock says."""
        return self.steady

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def machine(monkeypatch):
    """The machine that the clock reads."""
    machine = Machine()
    monkeypatch.setattr(clock_module, "time", machine)
    return machine


def test_it_tells_the_time_aware_and_in_utc(machine):
    """C4."""
    assert SystemClock().now() == START


def test_time_that_passes_is_no_jump_however_long_nobody_asks(machine):
    """C4: a night without a call is a night."""
    clock = SystemClock()
    machine.pass_by(86_400)

    assert clock.now() == START + timedelta(days=1)
    assert (clock.jumps, clock.is_settled) == (0, True)


@pytest.mark.parametrize("by", [3600.0, -3600.0, 86_400 * 400.0], ids=["ahead", "back", "over a year"])
def test_a_jump_is_noticed_and_time_is_believed_again_minutes_later(machine, by):
    """C4: meanwhile nothing is done that the passing of time alone would bring about."""
    clock = SystemClock()
    machine.wall += by

    assert clock.now() == START + timedelta(seconds=by)
    assert (clock.jumps, clock.last_jump) == (1, timedelta(seconds=by))
    assert not clock.is_settled

    machine.pass_by(SETTLING.total_seconds() - 1)
    assert not clock.is_settled
    machine.pass_by(1)
    assert clock.is_settled
    assert clock.jumps == 1


def test_whoever_asks_whether_time_may_be_believed_notices_the_jump(machine):
    """C4: also when nobody has asked for the time since."""
    clock = SystemClock()
    machine.wall += 86_400 * 400

    assert not clock.is_settled


def test_a_second_jump_makes_it_wait_anew(machine):
    """C4."""
    clock = SystemClock()
    machine.wall += 3600
    clock.now()
    machine.pass_by(SETTLING.total_seconds() - 1)
    machine.wall -= 3600
    clock.now()
    machine.pass_by(SETTLING.total_seconds() - 1)

    assert not clock.is_settled
    assert clock.jumps == 2


def test_drift_is_no_jump_even_when_it_adds_up(machine):
    """C4: a clock that is slewed by seconds an hour stays believed."""
    clock = SystemClock()
    for _ in range(100):
        machine.pass_by(3600)
        machine.wall += JUMP.total_seconds() - 1
        clock.now()

    assert (clock.jumps, clock.is_settled) == (0, True)


def test_a_stepped_clock_runs_on_by_itself_and_knows_no_jump(machine):
    """C4: the demonstration's clock: real time plus an offset."""
    clock = SteppedClock()
    clock.step(timedelta(days=321))
    clock.step(timedelta(hours=1))
    machine.pass_by(2)

    assert clock.now() == START + timedelta(days=321, hours=1, seconds=2)
    assert clock.is_settled
