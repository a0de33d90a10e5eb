"""The clocks: the machine's, which notices when it is set, and one that can be stepped for the demonstration."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

JUMP: Final = timedelta(seconds=60)
"""From here on a difference between wall clock and steady clock is a jump, and no drift."""
SETTLING: Final = timedelta(minutes=5)
"""How long what the passing of time alone would bring about waits after a jump."""


def real_time() -> datetime:
    """Return the machine's time, whatever clock the daemon goes by: timers run on it."""
    return datetime.fromtimestamp(time.time(), UTC)


@dataclass(slots=True)
class SystemClock:
    """The machine's clock. A jump of it is noticed by the steady clock beside it."""

    jumps: int = 0
    """How many jumps were noticed."""
    last_jump: timedelta = timedelta(0)
    """By how much the last one went ahead, or back."""
    _ahead: float = field(default_factory=lambda: time.time() - time.monotonic())
    _settled_at: float = 0.0

    def now(self) -> datetime:
        """Return the present, and take note of a jump since the last call."""
        wall, steady = time.time(), time.monotonic()
        moved = timedelta(seconds=wall - steady - self._ahead)
        self._ahead = wall - steady
        if abs(moved) >= JUMP:
            self.jumps += 1
            self.last_jump = moved
            self._settled_at = steady + SETTLING.total_seconds()
        return datetime.fromtimestamp(wall, UTC)

    @property
    def is_settled(self) -> bool:
        """Whether the clock may be believed: it did not jump in the last minutes, nor since the last call."""
        self.now()
        return time.monotonic() >= self._settled_at


@dataclass(slots=True)
class SteppedClock:
    """Real time plus an offset that can be stepped; it runs on by itself and knows no jumps."""

    offset: timedelta = timedelta(0)
    is_settled: bool = True
    jumps: int = 0
    last_jump: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the present plus the offset."""
        return real_time() + self.offset

    def step(self, by: timedelta) -> None:
        """Move ahead *by* that much at once."""
        self.offset += by
