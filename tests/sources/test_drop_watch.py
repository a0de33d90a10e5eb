import asyncio
import shutil

import pytest
from watchdog.events import FileCreatedEvent
from watchdog.observers.polling import PollingObserver

from tokenward.sources.drop.watch import Hint, Watch


@pytest.fixture
async def wake():
    """Return what a hint sets."""
    return asyncio.Event()


@pytest.fixture
def root(tmp_path):
    """Return a drop directory with a folder in it."""
    (tmp_path / "drop/events/done").mkdir(parents=True)
    return tmp_path / "drop"


@pytest.fixture
async def watch(root, wake):
    """Return a watch that has begun."""
    watch = Watch(root, (root / "events",), Hint(asyncio.get_running_loop(), wake))
    watch.check()
    yield watch
    watch.stop()


async def is_woken(wake, seconds=3.0):
    """Return whether *wake* is set within the time, and clear it."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True


async def test_every_way_of_dropping_wakes(watch, root, wake, tmp_path):
    """C5: written in place, renamed inside, moved in from elsewhere, in a folder that was just made."""
    (root / "events/a").write_bytes(b"x")
    assert await is_woken(wake)
    (root / "events/a").rename(root / "events/b")
    assert await is_woken(wake)
    (tmp_path / "outside").write_bytes(b"x")
    (tmp_path / "outside").rename(root / "events/c")
    assert await is_woken(wake)
    (root / "events/main").mkdir()
    assert await is_woken(wake)
    (root / "events/main/d").write_bytes(b"x")
    assert await is_woken(wake)


async def test_folders_inside_folders_made_at_once_leave_it_watching(watch, root, wake):
    """C5: as a new service's are; watchdog finds such a folder twice, and a warning about that is noise."""
    for number in range(300):
        (root / f"events/{number}/a/b/c").mkdir(parents=True)
    while await is_woken(wake, seconds=0.5):
        pass

    (root / "events/299/a/b/c/file").write_bytes(b"x")

    assert await is_woken(wake)
    assert watch.is_watching


async def test_putting_away_wakes_nobody(watch, root, wake):
    """C5: else every move would cause a further look."""
    (root / "events/a").write_bytes(b"x")
    assert await is_woken(wake)
    await asyncio.sleep(0.1)
    wake.clear()

    (root / "events/a").rename(root / "events/done/a")

    assert not await is_woken(wake, 0.3)


async def test_a_path_through_a_link_is_watched(root, wake, tmp_path):
    """C5: watchdog alone would hear nothing, and say nothing."""
    (tmp_path / "link").symlink_to(root)
    watch = Watch(tmp_path / "link", (), Hint(asyncio.get_running_loop(), wake))
    watch.check()
    try:
        (root / "events/a").write_bytes(b"x")
        assert await is_woken(wake)
    finally:
        watch.stop()


async def test_a_dead_watcher_is_replaced(watch, root, wake):
    """C5: its thread can end for good; the next check begins anew."""
    watch._observer.stop()
    await asyncio.to_thread(watch._observer.join, 5)
    was_watching = watch.is_watching

    watch.check()

    assert (was_watching, watch.is_watching) == (False, True)
    (root / "events/a").write_bytes(b"x")
    assert await is_woken(wake)


async def test_a_hint_that_fails_does_not_end_the_watcher(root, wake):
    """C5: an exception in the handler would end watchdog's thread."""

    class Broken(asyncio.Event):
        def is_set(self):
            raise ValueError("a fault")

    watch = Watch(root, (), Hint(asyncio.get_running_loop(), Broken()))
    watch.check()
    try:
        (root / "events/a").write_bytes(b"x")
        await asyncio.sleep(0.2)
        assert watch.is_watching
    finally:
        watch.stop()


async def test_a_hint_after_the_end_of_the_loop_is_quiet(wake):
    """C9: the watcher may be a moment behind when the daemon ends."""
    loop = asyncio.new_event_loop()
    loop.close()

    Hint(loop, wake).dispatch(FileCreatedEvent("/drop/events/a"))


@pytest.mark.parametrize("what", ["", "events"])
async def test_a_replaced_folder_is_watched_again(watch, root, wake, tmp_path, what):
    """C5: removed and made anew, the watcher reports nothing of it until the next check."""
    shutil.move(root / what, tmp_path / "old")
    (root / "events").mkdir(parents=True)
    watch.check()
    wake.clear()

    (root / "events/a").write_bytes(b"x")

    assert await is_woken(wake)


async def test_a_missing_folder_is_watched_once_it_is_there(tmp_path, wake):
    """C5: nothing fails for want of a folder."""
    root = tmp_path / "drop"
    watch = Watch(root, (), Hint(asyncio.get_running_loop(), wake))
    watch.check()
    was_watching = watch.is_watching

    root.mkdir()
    watch.check()

    assert (was_watching, watch.is_watching) == (False, True)
    watch.stop()


async def test_network_file_systems_can_be_polled(root, wake):
    """C5: another watcher of watchdog's can be chosen."""
    watch = Watch(root, (), Hint(asyncio.get_running_loop(), wake), lambda: PollingObserver(timeout=0.05))
    watch.check()
    try:
        (root / "events/a").write_bytes(b"x")
        assert await is_woken(wake)
    finally:
        watch.stop()
