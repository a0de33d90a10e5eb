"""Keeps everything going: settles events, and steps every rotation that is due, each on its own.

A commit wakes it; the metronome's tick is only the safety net. Whatever it does can be cut off at any instruction,
for what is to be done next always follows from the store.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from tokenward.model.finding import Retryable
from tokenward.model.rotation import Rotation
from tokenward.rotation.engine import Engine
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import Tools
from tokenward.rotation.step import Stepper

log = structlog.get_logger("tokenward.worker")

AT_ONCE: Final = 8
"""How many rotations are stepped side by side."""
STORE_PAUSE_SECONDS: Final = 1.0
"""How long the worker rests when the store can't write."""
AFTER_A_FAULT: Final = timedelta(minutes=5)
"""When a rotation is looked at again after a fault of ours."""


class Worker:
    """One loop over inbox and due rotations."""

    def __init__(self, tools: Tools, engine: Engine, stepper: Stepper) -> None:
        """Work with *engine* and *stepper* until told to stop."""
        self._tools = tools
        self._engine = engine
        self._stepper = stepper
        self._wake = asyncio.Event()
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._has_begun = False
        self.last_pass_at: datetime | None = None
        self.can_write = True
        """Whether the store took what it was last given."""

    def wake(self) -> None:
        """Have it look again at once. To be called on the event loop's thread."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set; then let the steps in hand finish."""
        while not stop.is_set():
            self._wake.clear()
            await self._until_written(self._pass)
            self.last_pass_at = self._tools.clock.now()
            await self._wake.wait()
        if self._in_hand:
            await asyncio.gather(*self._in_hand.values(), return_exceptions=True)

    async def _until_written(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do *work*; a store that can't write is said, and tried again at the next turn."""
        try:
            await work()
            self.can_write = True
        except Retryable as error:
            self.can_write = False
            _say_unwritable(error)
            asyncio.get_running_loop().call_later(STORE_PAUSE_SECONDS, self.wake)

    async def _look_at_everything(self) -> None:
        """After a start every open rotation is looked at again, whatever it was waiting for."""
        now = self._tools.clock.now()

        def work(change: Change) -> None:
            for rotation in change.rotations.open_ones():
                change.rotations.update(replace(rotation, wake_at=min(rotation.wake_at, now)))

        await self._tools.ledger.write(work)

    async def _pass(self) -> None:
        if not self._has_begun:
            await self._look_at_everything()
            self._has_begun = True
        await self._engine.settle_pending()
        room = AT_ONCE - len(self._in_hand)
        if room <= 0:
            return
        now = self._tools.clock.now()
        due = await self._tools.ledger.read(lambda change: change.rotations.due(now, AT_ONCE * 2))
        for rotation in [one for one in due if one.id not in self._in_hand][:room]:
            self._take_in_hand(rotation)

    def _take_in_hand(self, rotation: Rotation) -> None:
        task = asyncio.create_task(self._step(rotation), name=f"rotation of {rotation.service}")
        self._in_hand[rotation.id] = task
        task.add_done_callback(lambda _done: self._put_down(rotation.id))

    def _put_down(self, rotation_id: str) -> None:
        del self._in_hand[rotation_id]
        self._wake.set()

    async def _step(self, rotation: Rotation) -> None:
        try:
            await self._move(rotation)
        except Retryable as error:
            _say_unwritable(error)
            await asyncio.sleep(STORE_PAUSE_SECONDS)

    async def _move(self, rotation: Rotation) -> None:
        try:
            while await self._stepper.step(rotation.id):
                pass
        except Retryable:
            raise
        except Exception:
            # A fault of ours stops this rotation for a while, never the daemon.
            log.exception("rotation.fault", service=rotation.service, rotation=rotation.id)
            await self._set_aside(rotation.id)

    async def _set_aside(self, rotation_id: str) -> None:
        now = self._tools.clock.now()

        def work(change: Change) -> None:
            current = change.rotations.find(rotation_id)
            if current is not None and current.is_open:
                change.rotations.update(replace(current, wake_at=now + AFTER_A_FAULT))
            change.tallies.add("tokenward_internal_errors_total", {"component": "rotation"})

        await self._tools.ledger.write(work)


def _say_unwritable(error: Retryable) -> None:
    log.warning("store.unwritable", happened=error.finding.happened, remedy=error.finding.do)
