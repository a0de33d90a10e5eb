"""What lies in a drop folder: its state as it was listed, and what forbids to read it, judged by that state alone."""

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from tokenward.model.finding import Code, Finding

LARGEST_FILE: Final = 256 * 1024


class Folder(StrEnum):
    """The three folders that things are dropped into."""

    CERTIFICATES = "certificates"
    TOKENS = "tokens"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a drop folder as it was when it was listed; equal only to itself in the same condition."""

    folder: Folder
    service: str | None
    """The service whose subfolder it lies in."""
    name: str
    """As the system has it: bytes that are no UTF-8 are surrogates, so it is fit for I/O and nothing else."""
    mode: int
    owner: int
    links: int
    size: int
    inode: int
    modified_ns: int
    changed_ns: int
    """When its name, owner, mode or content last changed; nobody can set it, unlike ``modified_ns``."""

    @classmethod
    def of(cls, folder: Folder, service: str | None, name: str, state: os.stat_result) -> Self:
        """Return what *state* says of *name*."""
        return cls(
            folder,
            service,
            name,
            state.st_mode,
            state.st_uid,
            state.st_nlink,
            state.st_size,
            state.st_ino,
            state.st_mtime_ns,
            state.st_ctime_ns,
        )

    @property
    def shown_name(self) -> str:
        """The name for logs, pages and records: no byte of it can break a line or an encoding."""
        text = os.fsencode(self.name).decode(errors="backslashreplace")
        return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)

    def has_content_of(self, state: os.stat_result) -> bool:
        """Return whether *state* shows the same file with nothing written to it, under whatever name."""
        return (self.inode, self.size, self.modified_ns) == (state.st_ino, state.st_size, state.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Unusable:
    """It can't be read as a dropped file."""

    finding: Finding
    may_change: bool = False
    """Whether it may be all right in a moment, when whoever drops it is done."""


_SHAPES: Final = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


def find_flaw(entry: Entry) -> Unusable | None:
    """Return what forbids to read *entry*, judged by its state alone; None where nothing does."""
    if not stat.S_ISREG(entry.mode):
        what = _SHAPES.get(stat.S_IFMT(entry.mode), "no ordinary file")
        return Unusable(not_regular(what), may_change=stat.S_ISDIR(entry.mode))  # it may be still filling
    if entry.size > LARGEST_FILE:
        return Unusable(_too_large(entry.size))
    if entry.links != 1:  # some tools publish a file by linking it to its name and then removing the first name
        return Unusable(not_regular("a file with further names (hard links)"), may_change=True)
    if entry.mode & stat.S_IWOTH:
        return Unusable(_WORLD_WRITABLE, may_change=True)
    return None


# --- Findings -----------------------------------------------------------------------------------------------

_NOT_LOOKED_INTO: Final = "It was not looked into, and nothing was changed."


def not_regular(what: str) -> Finding:
    """Return the finding for something that is no file of its own: *what* it is."""
    return Finding(
        Code.NOT_REGULAR,
        f"This is {what}, not a file.",
        _NOT_LOOKED_INTO,
        "Copy the file itself into the drop folder, or use: tokenward drop FILE",
    )


def _too_large(size: int) -> Finding:
    return Finding(
        Code.SIZE,
        f"The file has {size} bytes; nothing that belongs here has more than {LARGEST_FILE}.",
        _NOT_LOOKED_INTO,
        "Drop the certificate, the token file or the event alone; split a long array of events.",
    )


def unreadable(entry: Entry) -> Finding:
    """Return the finding for a file whose mode keeps the daemon out."""
    return Finding(
        Code.OWNER,
        f"The daemon may not read the file of user {entry.owner} with mode {stat.S_IMODE(entry.mode):04o}.",
        _NOT_LOOKED_INTO,
        "Give it mode 0640 before it is dropped, or use: tokenward drop FILE",
    )


_WORLD_WRITABLE: Final = Finding(
    Code.OWNER,
    "Everybody on this machine may write to the file.",
    f"Whose words it holds cannot be known. {_NOT_LOOKED_INTO}",
    "Give it mode 0640 before it is dropped, or use: tokenward drop FILE",
)
STILL_WRITTEN: Final = Finding(
    Code.PARTIAL,
    "The file was being written to all the time.",
    _NOT_LOOKED_INTO,
    "Write it under a name that ends in .tmp, and rename it when it is whole.",
)
