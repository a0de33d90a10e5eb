"""The buttons at one service's card: when each may be pressed, and what it asks for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from starlette.requests import Request

from tokenward.model.event import EventKind
from tokenward.model.instant import format_instant
from tokenward.web.handover.cards import Card, Stage
from tokenward.web.handover.deeds import Deeds, Said
from tokenward.web.handover.upload import uploaded, word

Do = Callable[[Deeds, Request, str, Card], Awaitable[Said | None]]
"""Does what was pressed, for a person at a card; returns what is to be said where it was refused."""

MORNING: Final = time(8, tzinfo=UTC)
"""When a reminder comes on the day that was chosen."""


@dataclass(frozen=True, slots=True)
class Press:
    """One button."""

    do: Do
    stages: frozenset[Stage]
    """Where it may be pressed."""
    waits_for: frozenset[Stage] = frozenset()
    """Stages that are over in a moment, so that the answer waits for it."""


async def _start(deeds: Deeds, _: Request, person: str, card: Card) -> Said | None:
    return await deeds.about(EventKind.CLAIM, person, card)


async def _file(deeds: Deeds, request: Request, person: str, card: Card) -> Said | None:
    return await deeds.file(person, card, await uploaded(request))


async def _lost(deeds: Deeds, _: Request, person: str, card: Card) -> Said | None:
    return await deeds.about(EventKind.FILE_LOST, person, card)


async def _deputy(deeds: Deeds, _: Request, person: str, card: Card) -> Said | None:
    return await deeds.about(EventKind.HAND_OVER, person, card)


async def _remind(deeds: Deeds, request: Request, person: str, card: Card) -> Said | None:
    day = _day(await word(request, "day"))
    until = "" if day is None else format_instant(datetime.combine(day, MORNING))
    return await deeds.about(EventKind.REMIND_LATER, person, card, until=until)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


_OPEN: Final = frozenset(Stage) - {Stage.DONE}
_NOT_CLICKED: Final = frozenset({Stage.READY, Stage.LOCKED, Stage.STUCK, Stage.LOOKING, Stage.STEPS})

PRESSES: Final[Mapping[str, Press]] = {
    "start": Press(_start, frozenset({Stage.READY, Stage.STUCK}), frozenset({Stage.READY, Stage.LOOKING})),
    # After the click nothing holds a file back, whatever the page showed when it was downloaded.
    "file": Press(_file, _OPEN),
    "lost": Press(_lost, frozenset({Stage.FIND, Stage.STEPS, Stage.READY})),
    "deputy": Press(_deputy, _NOT_CLICKED),
    "remind": Press(_remind, frozenset({Stage.READY, Stage.LOCKED, Stage.STUCK})),
}
"""By the last part of the address."""
