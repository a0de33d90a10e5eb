"""A person's link: the address of everything that is open for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

READABLE_FOR: Final = timedelta(hours=24)
"""How long a link can still be read after nothing is open for its person any more."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link. What stands in its address is derived from person and number, and kept nowhere."""

    person: str
    number: int
    """Counts up: whoever is asked again after the last link ended gets another one."""
    made_at: datetime
    ended_at: datetime | None = None
    """Since when nothing is open for the person."""
    is_revoked: bool = False
    """Whether it ended because the question is somebody else's now."""

    def is_readable(self, now: datetime) -> bool:
        """Return whether it shows anything, if only how things ended."""
        if self.ended_at is None:
            return True
        return not self.is_revoked and now < self.ended_at + READABLE_FOR
