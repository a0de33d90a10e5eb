"""The drop folder as a source: certificates, token files and events that somebody puts there.

``sweep`` is the truth: it lists everything and takes what is whole. Being woken by a watcher only makes it
quick.
"""

import asyncio
from collections.abc import Callable, Collection, Container
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from tokenward.model.instant import Clock
from tokenward.sources import TakesEvents
from tokenward.sources.drop.entry import Folder
from tokenward.sources.drop.folder import DropFolder, Modes
from tokenward.sources.drop.inlet import Inlet
from tokenward.sources.drop.reader import DropReader
from tokenward.sources.drop.watch import Hint, Watch

SOURCE: Final = "drop"
"""What the drop folder's events name as their source."""


@dataclass(frozen=True, slots=True)
class DropSettings:
    """What the configuration says about the drop folder."""

    root: Path
    """Holds ``certificates/``, ``tokens/`` and ``events/``."""
    services: Collection[str]
    """Ids; each gets a subfolder for its certificates and tokens."""
    owners: Container[int]
    """User ids whose token files are trusted unopened, where only the product can open them."""
    modes: Modes = field(default_factory=Modes)
    rescan_seconds: float = 60.0
    """How often it is looked at without a hint."""
    still_seconds: float = 2.0
    """How long an unfinished file must have stood still before it is refused."""


class DropSource:
    """Takes what is dropped, once, and loses nothing: a file is moved only after what it says is durable."""

    def __init__(
        self,
        settings: DropSettings,
        intake: TakesEvents,
        clock: Clock,
        make_observer: Callable[[], BaseObserver] = Observer,
    ) -> None:
        """Hand what is dropped to *intake*. *make_observer* makes the watcher, see ``watch.Watch``."""
        self._settings = settings
        reader = DropReader(SOURCE, settings.services, settings.owners)
        self._folders = tuple(DropFolder(settings.root, folder, settings.services, settings.modes) for folder in Folder)
        self._inlets = {
            folder.folder: Inlet(folder, reader, intake, clock, settings.still_seconds) for folder in self._folders
        }
        self._make_observer = make_observer
        self._watch: Watch | None = None
        self._wake = asyncio.Event()
        self._sweeping = asyncio.Lock()
        self._is_ending = False

    @property
    def is_watching(self) -> bool:
        """Whether a dropped file is noticed at once, and not only at the next look."""
        return self._watch is not None and self._watch.is_watching

    def oldest_pending(self, folder: str) -> datetime | None:
        """Return since when the oldest file in *folder* has been waiting; None if none is."""
        return self._inlets[Folder(folder)].oldest_pending

    async def sweep(self) -> None:
        """Look at everything that lies there; take or refuse what is whole, and leave what is not."""
        async with self._sweeping:
            for inlet in self._inlets.values():
                inlet.begin()
            is_going_on = True
            while is_going_on and not self._is_ending:
                turns = await asyncio.gather(*(inlet.take_some() for inlet in self._inlets.values()))
                is_going_on = any(turns)

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep whenever something may have been dropped, and every so often, until *stop* is set."""
        paths = tuple(path for folder in self._folders for path in folder.paths)
        hint = Hint(asyncio.get_running_loop(), self._wake)
        self._watch = watch = Watch(self._settings.root, paths, hint, self._make_observer)
        self._is_ending = False
        ending = asyncio.create_task(self._end_on(stop))
        try:
            while not stop.is_set():
                self._wake.clear()
                await asyncio.to_thread(self._prepare, watch)
                await self.sweep()
                await self._rest()
        finally:
            ending.cancel()
            await asyncio.to_thread(watch.stop)

    def _prepare(self, watch: Watch) -> None:
        """Make what is missing and watch it; before listing, so that nothing falls in between."""
        with suppress(OSError):  # the sweep meets the same error, and reports it
            for folder in self._folders:
                folder.make()
        watch.check()

    async def _rest(self) -> None:
        wanted = (inlet.look_again_seconds for inlet in self._inlets.values())
        waits = (wait for wait in wanted if wait is not None)
        with suppress(TimeoutError):
            async with asyncio.timeout(min((*waits, self._settings.rescan_seconds))):
                await self._wake.wait()

    async def _end_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._is_ending = True
        self._wake.set()
