"""What Jamf Pro's last talk with Apple shows: whether a new token works, and how things stand."""

from datetime import datetime, timedelta
from typing import Final

from pydantic import AwareDatetime, Field

from tokenward.model.token import TokenState
from tokenward.wire.reading import Shown, mark_of

FRESH: Final = timedelta(hours=1)
"""For how long a good sync says how things stand. How often Jamf Pro speaks with Apple is not published."""
_SUCCESSFUL: Final = "SUCCESSFUL"
_CONNECTION_ERROR: Final = "CONNECTION_ERROR"


class Sync(Shown):
    """How it went when Jamf Pro spoke with Apple."""

    state: str = Field(alias="syncState")
    timestamp: AwareDatetime

    @property
    def mark(self) -> str:
        """By which it is known again."""
        return mark_of(self.state, self.timestamp)


def not_proven_by(sync: Sync | None, noted: str, since: datetime) -> str:
    """Return what *sync* still lacks to show that the new token works; empty where it lacks nothing."""
    if sync is None:
        return "has not spoken with Apple yet"
    if sync.timestamp <= since or sync.mark == noted:
        return "has not spoken with Apple since the token was handed over"
    return _not_well(sync)


def _not_well(sync: Sync) -> str:
    """Return how *sync* did not go well; empty where it did. Its own word is not repeated."""
    if sync.state == _SUCCESSFUL:
        return ""
    if sync.state == _CONNECTION_ERROR:
        return "could not reach Apple when it last tried"
    return "does not say that it went well when it last spoke with Apple"


def verdict_of(sync: Sync | None, now: datetime | None) -> tuple[TokenState | None, str]:
    """Return what *sync* says of the token at *now*, by Jamf Pro's own clock, and why."""
    if sync is None:
        return None, "Jamf Pro shows the token, and has not spoken with Apple yet."
    if trouble := _not_well(sync):
        return None, f"Jamf Pro shows the token, but {trouble}."
    at = f"{sync.timestamp:%Y-%m-%d %H:%M} UTC"
    if now is None or now - sync.timestamp > FRESH:
        return None, f"It went well when Jamf Pro last spoke with Apple, at {at}, too long ago to say how things stand."
    return TokenState.VALID, f"It went well when Jamf Pro last spoke with Apple, at {at}."
