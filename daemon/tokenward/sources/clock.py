"""What the passing of time brings about, as events: tokens that run out, announced departures that draw near."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from tokenward.model.event import Event
from tokenward.model.finding import Retryable
from tokenward.policy.asking import Situation
from tokenward.policy.horizon import due_confirmations, due_events
from tokenward.sources import TakesEvents

log = structlog.get_logger(__name__)


class KnowsServices(Protocol):
    """Knows every configured service."""

    async def situation(self) -> Situation:
        """Return how things stand with each of them now."""
        ...


class ClockSource:
    """Asks, each time the metronome ticks, what time has brought about. Which moments matter is the policy's affair."""

    def __init__(self, intake: TakesEvents, services: KnowsServices) -> None:
        """Hand what is due about *services* to *intake*."""
        self._intake = intake
        self._services = services
        self._told: frozenset[str] = frozenset()

    async def tick(self) -> None:
        """Hand in what is due. What was handed in at an earlier tick and is still due is not repeated until a restart.

        What the store could not take stays due, and comes again with the next tick.
        """
        due = await asyncio.to_thread(_due, await self._services.situation())
        self._told &= {event.key for event in due}
        for event in due:
            if event.key not in self._told:
                await self._tell(event)

    async def _tell(self, event: Event) -> None:
        try:
            await self._intake.submit(event)
        except Retryable as error:
            log.warning("clock.waits", service=event.service, kind=event.shown_kind, error=str(error))
            return
        self._told |= {event.key}


def _due(situation: Situation) -> Sequence[Event]:
    of_services = (event for facts in situation.services for event in due_events(facts, situation.now))
    return [*of_services, *due_confirmations(situation)]
