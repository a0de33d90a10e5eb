"""Files that commands are given, and files that they write."""

import os
import tempfile
from pathlib import Path
from typing import Final

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed

LARGEST: Final = 256 * 1024
"""In bytes: what the daemon takes. Certificates and tokens have a few thousand."""


def read_file(file: Path) -> bytes:
    """Return what is in *file*, which is to be handed over.

    Raises:
        Failed: It is no file, can't be read, or is larger than anything that the daemon takes.
    """
    try:
        if not file.is_file():
            raise _not_read(f"{file} is no file.", "Name a file that is there.", Exit.USED_WRONGLY)
        with file.open("rb") as opened:
            body = opened.read(LARGEST + 1)
    except OSError as error:
        why = f"{file} can't be read: {error.strerror}."
        raise _not_read(why, "Name a file that you may read.", Exit.USED_WRONGLY) from error
    if len(body) > LARGEST:
        why = f"{file} has more than {LARGEST // 1024} KiB."
        raise _not_read(why, "Name the right file: none of these is so large.", Exit.REFUSED)
    return body


def write_file(file: Path, content: bytes, mode: int, *, force: bool) -> None:
    """Write *content* to *file* with *mode*, whole or not at all. What is there stays unless *force* is given.

    Raises:
        Failed: Something is there, or it can't be written.
    """
    try:
        if force:
            _beside(file, content, mode).replace(file)
        else:
            create_file(file, content, mode)
    except FileExistsError as error:
        raise there_already(file) from error
    except OSError as error:
        raise Failed(
            Exit.FAILED,
            f"{file} can't be written: {error.strerror}.",
            "Nothing was written.",
            "Name a place with -o where you may write.",
        ) from error


def there_already(file: Path) -> Failed:
    """Return the end of a command that would have to write over *file*."""
    return Failed(
        Exit.REFUSED,
        f"{file} is there already.",
        "It was left as it is, and nothing was written.",
        "Name another file with -o, or write over it with --force.",
    )


def create_file(file: Path, content: bytes, mode: int) -> None:
    """Make *file* with *content*; where that fails half-way, nothing stays.

    Raises:
        FileExistsError: Something is there, and stays as it is.
        OSError: It can't be written.
    """
    handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        _fill(handle, content, mode)
    except OSError:
        file.unlink(missing_ok=True)
        raise


def _beside(file: Path, content: bytes, mode: int) -> Path:
    """Return a new file with *content* in the folder of *file*."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    _fill(handle, content, mode)
    return Path(name)


def _fill(handle: int, content: bytes, mode: int) -> None:
    """Write *content* and have it on disk; close *handle*."""
    with os.fdopen(handle, "wb") as opened:
        os.fchmod(handle, mode)
        opened.write(content)
        opened.flush()
        os.fsync(handle)


def _not_read(happened: str, do: str, code: Exit) -> Failed:
    return Failed(code, happened, "Nothing was handed over.", do)
