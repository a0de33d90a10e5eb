"""What the store knows, for those who only ask: the clock source, the command line's wait, the outbox's sender."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime

from tokenward.model.instant import Clock
from tokenward.model.person import NO_CHANNEL
from tokenward.notify.ports import Result, Tried, Waiting
from tokenward.policy.asking import Situation
from tokenward.rotation.links import situation_of
from tokenward.rotation.ports import World
from tokenward.rotation.record import Settlement
from tokenward.store.ledger import SqliteLedger
from tokenward.store.outbox import QueuedMessage
from tokenward.store.transaction import Transaction


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
        """Return the messages that may be sent now: on-call's first, then the oldest of each reader in turn."""
        return await self._ledger.read(lambda change: change.outbox.pending(now, limit))

    async def settle(self, messages: tuple[Waiting, ...], tried: tuple[Tried, ...], at: datetime) -> None:
        """Put on record that *messages* are done with, sent or suppressed, and how."""

        def work(change: Transaction) -> None:
            for one in messages:
                change.outbox.mark_sent(one.id, at)
                _tally(change, one, tried)

        await self._ledger.write(work)

    async def withdraw(self, messages: tuple[Waiting, ...], at: datetime) -> None:
        """Put on record that *messages* were never said, so that their reasons can come up again."""

        def work(change: Transaction) -> None:
            for one in messages:
                change.outbox.withdraw(one.id, at)
                _tally(change, one, (Tried(NO_CHANNEL, Result.SUPPRESSED),))

        await self._ledger.write(work)

    async def put_off(
        self, messages: tuple[Waiting, ...], until: datetime, tried: tuple[Tried, ...] = (), why: str | None = None
    ) -> None:
        """Leave *messages* alone until then; with *why*, because sending them failed."""

        def work(change: Transaction) -> None:
            for one in messages:
                if why is None:
                    change.outbox.put_off(one.id, until)
                else:
                    change.outbox.mark_failed(one.id, why, until)
                _tally(change, one, tried)

        await self._ledger.write(work)


def _tally(change: Transaction, waiting: Waiting, tried: tuple[Tried, ...]) -> None:
    for one in tried:
        labels = {"channel": one.channel, "template": waiting.message.template, "result": one.result.value}
        change.tallies.add("tokenward_notifications_total", labels)


class Correspondence:
    """What letters are made of: how things stand, and where each person's page is."""

    def __init__(
        self, situations: Situations, links: Callable[[], Awaitable[Mapping[str, str]]], root: Callable[[], str]
    ) -> None:
        """Put the keys that *links* gives behind *root*, which the configuration names."""
        self._situations = situations
        self._links = links
        self._root = root

    async def situation(self) -> Situation:
        """Return how things stand with every service now."""
        return await self._situations.situation()

    async def links(self) -> Mapping[str, str]:
        """Return the address of everybody's present page, by person."""
        return {person: f"{self._root()}/handover/{key}" for person, key in (await self._links()).items()}
