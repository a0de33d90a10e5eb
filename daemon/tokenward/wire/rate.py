"""How often something may be done: a bucket of tries for each name, refilled as time goes by."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

_MOST_NAMES = 10_000
"""Names are what strangers send; beyond this many the longest unused go."""


@dataclass(slots=True)
class Rate:
    """At most ``tries`` at once, and as many again over each ``period``."""

    tries: int
    period: timedelta
    _buckets: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def allows(self, name: str, now: datetime) -> bool:
        """Return whether *name* may do it at *now*, and count that it does."""
        left, since = self._buckets.pop(name, (float(self.tries), now))
        left = min(self.tries, left + self.tries * max((now - since) / self.period, 0.0))
        allowed = left >= 1
        self._buckets[name] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _MOST_NAMES:
            del self._buckets[next(iter(self._buckets))]
        return allowed
