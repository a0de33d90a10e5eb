"""A hint that something may have been dropped: watchdog, which is quick and promises nothing.

It loses events without a word when many files come at once, goes blind when its folder is replaced, says
nothing of files that were there before it, and ends for good when a handler raises. So whoever is woken looks
for himself, and looks from time to time without being woken.
"""

import asyncio
import os
import warnings
from collections.abc import Callable, Collection
from pathlib import Path, PurePath
from typing import Final

import structlog
from typing_extensions import override
from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

log = structlog.get_logger(__name__)

_HEARD: Final[list[type[FileSystemEvent]]] = [
    FileCreatedEvent,
    FileClosedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]
_PUT_AWAY: Final = frozenset({"done", "rejected"})
_JOIN_SECONDS: Final = 5.0

Identity = tuple[tuple[int, int] | None, ...]


class Hint(FileSystemEventHandler):
    """Wakes a loop from watchdog's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> None:
        """Set *wake* in *loop*. Whoever waits must clear it before looking, never after."""
        self._loop = loop
        self._wake = wake

    @override
    def dispatch(self, event: FileSystemEvent) -> None:
        """Wake the loop, unless it is awake or *event* is a file's being put away."""
        try:
            if not self._wake.is_set() and not _is_put_away(event):
                self._loop.call_soon_threadsafe(self._wake.set)
        except RuntimeError:
            pass  # the loop was closed: the daemon is ending
        except Exception:  # an exception here would end watchdog's thread, and every hint with it
            log.exception("drop.hint_failed")


def _is_put_away(event: FileSystemEvent) -> bool:
    return PurePath(os.fsdecode(event.dest_path or event.src_path)).parent.name in _PUT_AWAY


class Watch:
    """Watches a directory and what is in it for as long as it can. All methods block for moments."""

    def __init__(
        self,
        root: Path,
        folders: Collection[Path],
        hint: FileSystemEventHandler,
        make_observer: Callable[[], BaseObserver] = Observer,
    ) -> None:
        """Send *hint* what happens below *root*. When one of *folders* is replaced, watching begins anew.

        *make_observer* may be watchdog's ``PollingObserver`` for network file systems, where inotify hears
        nothing.
        """
        self._root = root
        self._folders = (root, *folders)
        self._hint = hint
        self._make_observer = make_observer
        self._observer: BaseObserver | None = None
        self._identity: Identity = ()

    @property
    def is_watching(self) -> bool:
        """Whether hints can be expected."""
        observer = self._observer
        return observer is not None and observer.is_alive() and all(one.is_alive() for one in observer.emitters)

    def check(self) -> None:
        """Begin to watch, or begin anew if the watch has died or its folders were replaced."""
        identity = tuple(_identity(folder) for folder in self._folders)
        if self.is_watching and identity == self._identity:
            return
        self.stop()
        self._start()
        self._identity = identity

    def stop(self) -> None:
        """Stop watching. Nothing happens where there is nothing to stop."""
        observer, self._observer = self._observer, None
        if observer is not None and observer.is_alive():
            observer.stop()
            observer.join(_JOIN_SECONDS)

    def _start(self) -> None:
        # A folder made inside a new one is found twice, by its event and by a walk. That is safe (watchdog, pull
        # request 1278), and no news for whoever reads the log.
        warnings.filterwarnings("ignore", "Callback with id .* already exists for watch", RuntimeWarning)
        try:
            observer = self._make_observer()
            # The path itself must not be a link: watchdog would hear nothing, and say nothing.
            observer.schedule(self._hint, os.path.realpath(self._root), recursive=True, event_filter=_HEARD)
            observer.start()
        except OSError as error:  # no such folder, or no inotify watches left
            log.warning("drop.not_watched", error=str(error))
            return
        self._observer = observer
        log.info("drop.watched")


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        state = folder.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino
