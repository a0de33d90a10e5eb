"""The buttons at one service's card: when each may be pressed, and what it asks for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Final

from starlette.requests import Request

from tokenward.model.event import EventKind
from tokenward.model.instant import format_instant
from tokenward.web.handover.cards import Card, Stage
from tokenward.web.handover.deeds import Deeds, Said
from tokenward.web.handover.upload import uploaded, word


@dataclass(frozen=True, slots=True)
class Pressed:
    """One press: by whom, at which card, with what in the form."""

    request: Request
    person: str
    card: Card
    zone: tzinfo
    """The person's own time."""


Do = Callable[[Deeds, Pressed], Awaitable[Said | None]]
"""Does what was pressed; returns what is to be said where it was refused."""

MORNING: Final = time(8)
"""When a reminder comes on the day that was chosen, in the person's own time."""


@dataclass(frozen=True, slots=True)
class Press:
    """One button."""

    do: Do
    stages: frozenset[Stage]
    """Where it may be pressed."""
    waits_for: frozenset[Stage] = frozenset()
    """Stages that are over in a moment, so that the answer waits for it."""
    is_so_in: frozenset[Stage] = frozenset()
    """Stages in which what is asked for is so already: pressed twice, or in two windows."""


async def _start(deeds: Deeds, pressed: Pressed) -> Said | None:
    return await deeds.about(EventKind.CLAIM, pressed.person, pressed.card)


async def _file(deeds: Deeds, pressed: Pressed) -> Said | None:
    return await deeds.file(pressed.person, pressed.card, await uploaded(pressed.request))


async def _lost(deeds: Deeds, pressed: Pressed) -> Said | None:
    """Ask for a new download once: the second press of a double click must not throw the next certificate away."""
    asked_in = await word(pressed.request, "visit")
    if asked_in and asked_in != str(pressed.card.rotation.visit):
        return None
    return await deeds.about(EventKind.FILE_LOST, pressed.person, pressed.card)


async def _deputy(deeds: Deeds, pressed: Pressed) -> Said | None:
    return await deeds.about(EventKind.HAND_OVER, pressed.person, pressed.card)


async def _handed_off(deeds: Deeds, pressed: Pressed) -> Said | None:
    return await deeds.about(EventKind.HANDED_OFF, pressed.person, pressed.card)


async def _remind(deeds: Deeds, pressed: Pressed) -> Said | None:
    day = _day(await word(pressed.request, "day"))
    until = "" if day is None else format_instant(datetime.combine(day, MORNING, pressed.zone).astimezone(UTC))
    return await deeds.about(EventKind.REMIND_LATER, pressed.person, pressed.card, until=until)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


_OPEN: Final = frozenset(Stage) - {Stage.DONE}
_NOT_CLICKED: Final = frozenset({Stage.READY, Stage.LOCKED, Stage.STUCK, Stage.LOOKING, Stage.STEPS})

PRESSES: Final[Mapping[str, Press]] = {
    "start": Press(
        _start,
        stages=frozenset({Stage.READY, Stage.STUCK}),
        waits_for=frozenset({Stage.READY, Stage.LOOKING}),
        is_so_in=frozenset({Stage.LOOKING, Stage.STEPS}),
    ),
    # After the click nothing holds a file back, whatever the page showed when it was downloaded.
    "file": Press(_file, _OPEN),
    "lost": Press(_lost, frozenset({Stage.FIND, Stage.STEPS, Stage.READY}), is_so_in=frozenset({Stage.PREPARING})),
    "deputy": Press(_deputy, _NOT_CLICKED),
    "handed-off": Press(_handed_off, frozenset({Stage.HAND_OFF}), is_so_in=frozenset({Stage.UNDER_WAY, Stage.DONE})),
    "remind": Press(_remind, frozenset({Stage.READY, Stage.LOCKED, Stage.STUCK})),
}
"""By the last part of the address."""
