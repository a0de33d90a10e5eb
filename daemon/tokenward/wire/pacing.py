"""How often something is asked for that others have to work for: once for each occasion, and again after a pause."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(slots=True)
class Pacing:
    """Remembers, in memory alone, when something was last asked for."""

    pause: timedelta
    steady: Callable[[], float]
    """Seconds that only ever go forward."""
    _asked: tuple[object, float] | None = field(default=None, init=False)

    def allows(self, occasion: object) -> bool:
        """Return whether it may be asked for on *occasion*, and count that it is."""
        now = self.steady()
        if self._asked is not None and self._asked[0] == occasion and now - self._asked[1] < self.pause.total_seconds():
            return False
        self._asked = (occasion, now)
        return True
