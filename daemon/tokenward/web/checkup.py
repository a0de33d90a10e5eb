"""What the daemon sees when it looks at everything that it depends on: targets, clock, people and open rotations.

Looking is harmless: targets are asked what a preflight asks, and nothing is changed.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.routing import Route

from tokenward.model.checkup import Check, Grade
from tokenward.model.instant import Clock
from tokenward.rotation.ports import ServiceWorld, Target, World
from tokenward.web.answering import answering, json_bytes
from tokenward.web.board.words import BLOCKS
from tokenward.web.coverage import NOBODY, coverage_of
from tokenward.web.overview import Overview
from tokenward.web.read_model import ReadModel

AT_ONCE: Final = 8
SKEW_MATTERS: Final = 60.0
"""In seconds: Apple's OAuth refuses clocks that are further off."""


@dataclass(frozen=True, slots=True)
class Checkups:
    """Looks at everything, for whoever asks over the control socket."""

    read_model: ReadModel
    world: Callable[[], World]
    clock: Clock

    def routes(self) -> tuple[Route, ...]:
        """Return ``GET /v1/checkup``: ``{"checks": [{"about", "grade", "said", "do"}, …]}``."""
        return (Route("/v1/checkup", answering(self._checkup)),)

    async def _checkup(self, _: Request) -> bytes:
        world, now = self.world(), self.clock.now()
        targets = await _targets(world)
        known = await self.read_model.look(lambda views: tuple(_on_record(Overview.of_world(world, views, now))))
        return json_bytes({"checks": (*targets, *_clock(world), *known)})


async def _targets(world: World) -> tuple[Check, ...]:
    room = asyncio.Semaphore(AT_ONCE)

    async def look(served: ServiceWorld, target: Target) -> tuple[Check, ...]:
        async with room:
            return tuple(await _target(served, target))

    asked = (look(served, target) for served in world.services.values() for target in served.targets)
    return tuple(check for found in await asyncio.gather(*asked) for check in found)


async def _target(served: ServiceWorld, target: Target) -> list[Check]:
    about = f"target {served.service.id}/{target.id}"
    preflight = await target.gate.preflight()
    if not preflight.is_clear:
        return [Check(about, Grade.BAD, f"{BLOCKS[one.reason]}.", one.remedy) for one in preflight.obstacles]
    clear = Check(about, Grade.WELL, f"{target.abilities.title}: the way is clear.")
    return [clear, *(Check(about, Grade.UNSURE, f"Nobody can tell: {one}") for one in preflight.cannot_tell)]


def _clock(world: World) -> Iterator[Check]:
    ahead = world.seconds_ahead_of_apple
    if ahead is None:
        yield Check("clock", Grade.UNSURE, "Apple was not asked yet, so nothing tells whether the clock here is right.")
    elif abs(ahead) > SKEW_MATTERS:
        which = "ahead of" if ahead > 0 else "behind"
        said = f"The clock here is {abs(ahead):.0f} seconds {which} Apple's, which refuses whoever is that far off."
        yield Check("clock", Grade.BAD, said, "Let chrony or systemd-timesyncd set the clock, then restart Tokenward.")
    else:
        yield Check("clock", Grade.WELL, f"The clock here and Apple's differ by {abs(ahead):.0f} seconds.")


def _on_record(overview: Overview) -> Iterator[Check]:
    for service in overview.roster.services.values():
        record = overview.record_of(service)
        about = f"service {service.id}"
        if record.rotation is not None and record.rotation.blocked is not None:
            blocked = record.rotation.blocked
            yield Check(about, Grade.BAD, f"Its rotation stands still: {BLOCKS[blocked.reason]}.", blocked.remedy)
        downloader = record.token.downloader if record.token else None
        if downloader is not None and overview.roster.person_with_account(downloader, service) is None:
            said = f"Its token was downloaded by {downloader}, whom the configuration does not name."
            yield Check(about, Grade.UNSURE, said, _lines_for(downloader, service.organisation))
    yield from _people(overview)


def _lines_for(account: str, organisation: str) -> str:
    person = "".join(letter if letter.isalnum() else "-" for letter in account.partition("@")[0].casefold()).strip("-")
    return (
        f'Add them, so that events about them count: [[person]] id = "{person}", '
        f'accounts = {{ {organisation} = "{account}" }}, and their role.'
    )


def _people(overview: Overview) -> Iterator[Check]:
    unheard: dict[str, list[str]] = {}
    for one in coverage_of(overview.roster.people, ()):
        if one.source == NOBODY:
            unheard.setdefault(one.person, []).append(one.signal.value)
    for person, signals in unheard.items():
        said = f"No source tells: {', '.join(signals)}."
        do = f"Have somebody report it: `tokenward report-event KIND {person}`, or an event file in the drop folder."
        yield Check(f"person {person}", Grade.UNSURE, said, do)
