"""What the store knows, for those who only ask: the clock source, the command line's wait, the outbox's sender."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from tokenward.model.instant import Clock
from tokenward.notify.ports import Waiting
from tokenward.policy.asking import Situation
from tokenward.rotation.links import situation_of
from tokenward.rotation.ports import World
from tokenward.rotation.record import Settlement
from tokenward.store.ledger import SqliteLedger
from tokenward.store.outbox import QueuedMessage


class Commits:
    """Tells whoever waits that something was committed."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._next = asyncio.Event()

    def happened(self) -> None:
        """Wake everybody who waits. To be called on the event loop's thread."""
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next commit."""
        await self._next.wait()


class Situations:
    """How things stand with every configured service."""

    def __init__(self, ledger: SqliteLedger, world: Callable[[], World], clock: Clock) -> None:
        """Ask *ledger* about the services of the present *world*."""
        self._ledger = ledger
        self._world = world
        self._clock = clock

    async def situation(self) -> Situation:
        """Return how things stand with each service, as of one moment."""
        world, now = self._world(), self._clock.now()
        return await self._ledger.read(lambda change: situation_of(change, world, now))


class EventSettlements:
    """What became of events."""

    def __init__(self, ledger: SqliteLedger, commits: Commits) -> None:
        """Look into *ledger* again after each of *commits*."""
        self._ledger = ledger
        self._commits = commits

    async def settled(self, event_id: int, timeout_seconds: float) -> Settlement | None:
        """Return what became of the event as soon as that is known; None when it is not within the time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                return await self._wait_for(event_id)
        return None

    async def _wait_for(self, event_id: int) -> Settlement:
        while True:
            committed = asyncio.create_task(self._commits.wait())
            try:
                found = await self._ledger.read(lambda change: change.inbox.settlement(event_id))
                if found is not None:
                    return found
                await committed
            finally:
                committed.cancel()


class OutboxLetters:
    """The outbox, for its sender."""

    def __init__(self, ledger: SqliteLedger) -> None:
        """Read from and write to *ledger*."""
        self._ledger = ledger

    async def pending(self, now: datetime, limit: int) -> tuple[QueuedMessage, ...]:
        """Return the messages that may be sent now, the oldest first."""
        return await self._ledger.read(lambda change: change.outbox.pending(now, limit))

    async def sent(self, message: Waiting, at: datetime) -> None:
        """Put on record that *message* was sent."""
        await self._ledger.write(lambda change: change.outbox.mark_sent(message.id, at))
