"""What telling people needs of the store."""

from datetime import datetime
from typing import Protocol

from tokenward.rotation.record import Message


class Waiting(Protocol):
    """A message that waits to be sent."""

    @property
    def id(self) -> int:
        """Its number in the outbox."""
        ...

    @property
    def message(self) -> Message:
        """What is to be said, and to whom."""
        ...


class Letters(Protocol):
    """The outbox, as its sender sees it."""

    async def pending(self, now: datetime, limit: int) -> tuple[Waiting, ...]:
        """Return the messages that may be sent now, the oldest first."""
        ...

    async def sent(self, message: Waiting, at: datetime) -> None:
        """Put on record that *message* was sent."""
        ...
