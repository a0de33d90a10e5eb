"""Telling an open page each time that it looks different now, as server-sent events."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from tokenward.model.instant import Clock
from tokenward.web.handover.deeds import Commits
from tokenward.web.handover.visit import Standing, Visit

STREAM_FOR: Final = timedelta(minutes=30)
"""How long one stream lasts; a page that is still open asks for another."""
MOST_STREAMS: Final = 12
"""Of one link at a time: more windows than anybody has before their eyes."""
_BEAT: Final = timedelta(seconds=15)
_CHANGED: Final = "event: changed\ndata: \n\n"


@dataclass(slots=True)
class Progress:
    """The streams that are open, by the link that they are for."""

    commits: Commits
    clock: Clock
    is_ending: Callable[[], bool]
    """Whether the daemon is about to end, so that nothing should be held open."""
    _open: Counter[str] = field(default_factory=Counter)

    def is_full(self, key: str) -> bool:
        """Return whether the link with *key* has as many streams as it may have."""
        return self._open[key] >= MOST_STREAMS

    async def told(self, key: str, shown: Visit, look: Callable[[], Awaitable[Visit]]) -> AsyncGenerator[str, None]:
        """Say each time that the page looks otherwise than *shown*, until the link is over."""
        with self._counted(key):
            until, silent_since, has_happened = self.clock.now() + STREAM_FOR, self.clock.now(), True
            yield "retry: 2000\n\n"
            # What is committed during a look is waited for from before it, so that no change falls in between.
            committed = asyncio.create_task(self.commits.wait())
            try:
                while not self.is_ending() and self.clock.now() < until:
                    now = await look() if has_happened else shown
                    if now.what_shows != shown.what_shows:
                        shown, silent_since = now, self.clock.now()
                        yield _CHANGED
                    if now.standing is not Standing.OPEN:
                        return
                    if self.clock.now() - silent_since >= _BEAT:
                        silent_since = self.clock.now()
                        yield ": still here\n\n"
                    has_happened = bool((await asyncio.wait({committed}, timeout=1.0))[0])
                    if has_happened:
                        committed = asyncio.create_task(self.commits.wait())
            finally:
                committed.cancel()

    @contextmanager
    def _counted(self, key: str) -> Iterator[None]:
        self._open[key] += 1
        try:
            yield
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]
