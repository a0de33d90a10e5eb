"""An open page is told of every change, and of nothing else."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import pytest

from fakes.views import StillClock
from tokenward.app.knowledge import Commits
from tokenward.web.handover.progress import MOST_STREAMS, STREAM_FOR, Progress
from tokenward.web.handover.visit import Standing, Visit
from web.handover.test_cards import cards
from web.scene import MINUTE, NOW, a_record, a_rotation, an_overview

OPEN = Visit(NOW, Standing.OPEN)
CHANGED = replace(OPEN, cards=cards(an_overview(a_record(rotation=a_rotation()))))
HELLO = "retry: 2000\n\n"
TOLD = "event: changed\ndata: \n\n"


@dataclass
class Page:
    """A page that looks as it is told to, and the stream that its reader listens to."""

    shown: Visit = OPEN
    commits: Commits = field(default_factory=Commits)
    clock: StillClock = field(default_factory=lambda: StillClock(NOW))
    is_ending: bool = False
    on_look: Callable[[], None] | None = None

    def __post_init__(self):
        self.progress = Progress(self.commits, self.clock, lambda: self.is_ending)

    async def look(self):
        """Return how the page looks; whatever is to happen during the look happens."""
        now = self.shown
        await asyncio.sleep(0)
        if self.on_look is not None:
            happens, self.on_look = self.on_look, None
            happens()
        return now

    def change(self, visit=CHANGED):
        """Make the page look otherwise, by something that is committed."""
        self.shown = visit
        self.commits.happened()

    def listen(self):
        """Return the stream of whoever sees the page as it was first."""
        return aclosing(self.progress.told("kim", OPEN, self.look))


async def next_of(stream):
    """Return what the stream says next."""
    return await asyncio.wait_for(anext(stream), 10)


async def test_a_change_is_told():
    """B6.5: each stage as it happens."""
    page = Page()
    async with page.listen() as stream:
        assert await next_of(stream) == HELLO
        asyncio.get_running_loop().call_later(0.01, page.change)
        assert await next_of(stream) == TOLD


async def test_what_changed_before_anybody_listened_is_told():
    """B6.5: between the page and its stream nothing is lost."""
    page = Page(CHANGED)
    async with page.listen() as stream:
        assert [await next_of(stream), await next_of(stream)] == [HELLO, TOLD]


async def test_what_changes_during_a_look_is_told():
    """B6.5: the last stage must not be the one that nobody is told of."""
    page = Page()
    page.on_look = page.change
    async with page.listen() as stream:
        assert [await next_of(stream), await next_of(stream)] == [HELLO, TOLD]


async def test_a_link_that_is_over_ends_the_stream():
    """B6.1: revoked is revoked, also for a window that was open."""
    page = Page(Visit(NOW, Standing.OVER))
    async with page.listen() as stream:
        assert [one async for one in stream] == [HELLO, TOLD]


@pytest.mark.parametrize("ends", ["the daemon", "the time"])
async def test_a_stream_ends_with(ends):
    """Promise 5: nothing is held open for ever."""
    page = Page()
    async with page.listen() as stream:
        assert await next_of(stream) == HELLO
        page.is_ending = ends == "the daemon"
        if ends == "the time":
            page.clock = page.progress.clock = StillClock(NOW + STREAM_FOR)
        assert [one async for one in stream] == []


async def test_a_silent_stream_says_that_it_is_still_there():
    """B6.5: so that nothing in between takes it for dead."""
    page = Page()
    async with page.listen() as stream:
        await next_of(stream)
        asyncio.get_running_loop().call_later(0.01, lambda: setattr(page.progress, "clock", StillClock(NOW + MINUTE)))
        assert await next_of(stream) == ": still here\n\n"


async def test_a_link_has_as_many_streams_as_windows_that_anybody_looks_at():
    """Promise 5: whoever opens hundreds holds no more than these open."""
    page = Page()
    streams = [page.progress.told("kim", OPEN, page.look) for _ in range(MOST_STREAMS)]
    for stream in streams:
        await next_of(stream)
    assert page.progress.is_full("kim")
    assert not page.progress.is_full("ana")

    for stream in streams:
        await stream.aclose()
    assert not page.progress.is_full("kim")
