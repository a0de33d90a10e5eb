"""One of the three drop folders on disk: what lies there, read with care, put away without loss.

Everybody who may drop is a stranger here. So a name is never followed, a file is never opened before it is
known to be one, nothing waits for a pipe, and nothing in ``done/`` or ``rejected/`` is ever written over.
"""

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tokenward.model.finding import Finding
from tokenward.sources.drop.entry import (
    LARGEST_FILE,
    STILL_WRITTEN,
    Entry,
    Folder,
    Unusable,
    find_flaw,
    not_regular,
    unreadable,
)

_DONE: Final = "done"
_REJECTED: Final = "rejected"
_REASON: Final = ".reason.txt"
_UNFINISHED_NAMES: Final = (".tmp", ".part")
_LONGEST_NAME: Final = 255
_ROOM_FOR_STAMP: Final = len("20261124T083000Z.9999-")
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ENTER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class Modes:
    """With which permissions folders are made; one that exists keeps its own.

    By default only the daemon's user may enter. For a group of uploaders use ``dropped_into=0o3730``: its
    members may create files, and neither list, rename nor replace each other's; the group is passed on, so
    that 0640 is enough.
    """

    dropped_into: int = 0o700
    kept: int = 0o700
    """For ``done/`` and ``rejected/``, which nobody else has to write to."""


class DropFolder:
    """One drop folder with ``done/``, ``rejected/`` and a subfolder for each service. All methods block."""

    def __init__(self, root: Path, folder: Folder, services: Collection[str], modes: Modes) -> None:
        """Keep *folder* in the directory *root*. Events have no subfolders, they speak of people."""
        self.folder = folder
        self._path = root / folder
        self._services = frozenset() if folder is Folder.EVENTS else frozenset(services)
        self._modes = modes

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every directory that things are dropped into."""
        return (self._path, *(self._path / service for service in sorted(self._services)))

    def make(self) -> None:
        """Make every directory that is missing. What stands in the place of one is left, to be put away.

        Raises:
            OSError: One can't be made.
        """
        for path in self.paths:
            _make(path, self._modes.dropped_into)
        for name in (_DONE, _REJECTED):
            _make(self._path / name, self._modes.kept)

    def entries(self) -> Iterator[Entry]:
        """Yield everything that was dropped and not yet put away, in no order.

        Raises:
            OSError: The folder can't be listed.
        """
        subfolders = []
        for one in _listed(self._path):
            if one.name in self._services and one.is_dir(follow_symlinks=False):
                subfolders.append(one.name)
            elif one.name not in {_DONE, _REJECTED}:
                yield from self._entry(None, one)
        for service in subfolders:
            for one in _listed(self._at(service)):
                yield from self._entry(service, one)

    def _entry(self, service: str | None, one: os.DirEntry[str]) -> Iterator[Entry]:
        with suppress(FileNotFoundError):  # gone since it was listed
            yield Entry.of(self.folder, service, one.name, one.stat(follow_symlinks=False))

    def read(self, entry: Entry) -> bytes | Unusable | None:
        """Return the content of *entry*, why it has none, or None when it is gone.

        Raises:
            OSError: The disk failed.
        """
        # Judged by its listing first: to open a device, even for a moment, can set it off.
        flaw = find_flaw(entry)
        if flaw is not None:
            return flaw
        with _directory(self._at(entry.service)) as where:
            return _content(entry, where)

    def put_away(self, entry: Entry, now: datetime, findings: tuple[Finding, ...] = (), *, close: bool = False) -> bool:
        """Move *entry* to ``done/``, or to ``rejected/`` with *findings* beside it; return whether it was moved.

        It is not when it has gone, or when another file or content has taken its place since it was listed:
        that lies where it was then, to be looked at by itself. With *close* only the daemon's user may read
        it afterwards.

        Raises:
            OSError: It can't be moved.
        """
        kept = _REJECTED if findings else _DONE
        with _directory(self._at(entry.service)) as where, _directory(self._path / kept) as there:
            if not _still_holds(entry, entry.name, where):
                return False
            name = _free_name(entry.name, now, there)
            try:
                if findings:
                    _write_reason(name + _REASON, findings, there)
                moved = _move(entry, where, name, there)
            except OSError:
                _remove(name + _REASON, there)
                raise
            if not moved:
                _remove(name + _REASON, there)
            elif close and stat.S_ISREG(entry.mode):
                with suppress(PermissionError):  # somebody else's file; nobody else can enter the folder
                    os.chmod(name, _OWNER_ONLY, dir_fd=there)
            return moved

    def _at(self, service: str | None) -> Path:
        return self._path if service is None else self._path / service


# --- Reading ------------------------------------------------------------------------------------------------


def _listed(path: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what lies in *path*, without the names that senders give to what is not ready."""
    with _directory(path) as where, os.scandir(where) as found:
        for one in found:
            if not one.name.startswith(".") and not one.name.lower().endswith(_UNFINISHED_NAMES):
                yield one


def _content(entry: Entry, where: int) -> bytes | Unusable | None:
    try:
        with _opened(entry.name, _READ, where) as handle:
            return _unchanged_content(entry, handle)
    except FileNotFoundError:
        return None
    except PermissionError:
        return Unusable(unreadable(entry), may_change=True)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:  # a link or a socket has just taken its place
            return Unusable(not_regular("no ordinary file"))
        raise


def _unchanged_content(entry: Entry, handle: int) -> bytes | Unusable:
    """Return what was read, if it was the very thing that was listed, before and after."""
    changing = Unusable(STILL_WRITTEN, may_change=True)
    if not _is_unchanged(entry, handle):
        return changing
    with os.fdopen(handle, "rb", closefd=False) as file:
        raw = file.read(LARGEST_FILE)
    return raw if _is_unchanged(entry, handle) else changing


def _is_unchanged(entry: Entry, handle: int) -> bool:
    return Entry.of(entry.folder, entry.service, entry.name, os.fstat(handle)) == entry


def _directory(path: Path) -> AbstractContextManager[int]:
    return _opened(path, _ENTER)


@contextmanager
def _opened(path: Path | str, flags: int, where: int | None = None) -> Iterator[int]:
    handle = os.open(path, flags, dir_fd=where)
    try:
        yield handle
    finally:
        os.close(handle)


# --- Putting away -------------------------------------------------------------------------------------------


def _make(path: Path, mode: int) -> None:
    with suppress(FileExistsError):
        path.mkdir(parents=True)
        path.chmod(mode)  # what mkdir is given is cut by the process's mask, and loses the sticky bit


def _still_holds(entry: Entry, name: str, where: int) -> bool:
    try:
        return entry.has_content_of(os.stat(name, dir_fd=where, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _move(entry: Entry, where: int, name: str, there: int) -> bool:
    """Rename, then look at what was caught: the name may have been given to another file in between."""
    try:
        os.rename(entry.name, name, src_dir_fd=where, dst_dir_fd=there)
    except FileNotFoundError:
        return False
    if _still_holds(entry, name, there):
        return True
    if not _exists(entry.name, where):
        os.rename(name, entry.name, src_dir_fd=there, dst_dir_fd=where)
    else:  # a third one lies there already: drop the second beside it under a name of its own
        os.rename(name, f"again-{name}", src_dir_fd=there, dst_dir_fd=where)
    return False


def _free_name(name: str, now: datetime, there: int) -> str:
    """Return ``<UTC>-<name>``, numbered where that is taken, cut to what a file system allows."""
    tail = _shortened(name)
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    number = 1
    free = f"{stamp}-{tail}"
    while _exists(free, there) or _exists(free + _REASON, there):
        number += 1
        free = f"{stamp}.{number}-{tail}"
    return free


def _shortened(name: str) -> str:
    """Return as much of the end of *name*, where its kind stands, as leaves room for the rest."""
    room = _LONGEST_NAME - _ROOM_FOR_STAMP - len(_REASON)
    return os.fsdecode(os.fsencode(name)[-room:])


def _exists(name: str, where: int) -> bool:
    try:
        os.stat(name, dir_fd=where, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _write_reason(name: str, findings: tuple[Finding, ...], there: int) -> None:
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640, dir_fd=there)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(finding.text() for finding in findings))


def _remove(name: str, there: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=there)
