"""One daemon for one state directory."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tokenward.model.finding import Code, Finding, NeedsOperator


class LockedByAnother(NeedsOperator):
    """Another process holds the state directory."""

    def __init__(self, state_dir: Path, pid: int | None) -> None:
        """Name the holder by *pid*, where it left one."""
        holder = "Another process" if pid is None else f"Process {pid}"
        super().__init__(
            Finding(
                Code.STORE,
                f"{holder} already works with {state_dir}.",
                "Two daemons on one state directory would do everything twice; this one did nothing.",
                "Stop the other one, or give this one a state directory of its own.",
            )
        )
        self.pid = pid


def _not_usable(state_dir: Path, error: OSError) -> Finding:
    return Finding(
        Code.STORE,
        f"The state directory {state_dir} can't be used: {error.strerror or 'input/output error'}.",
        "Without it nothing can be remembered, so nothing was started.",
        f"Let the daemon's user make and write {state_dir}, and enter every folder above it.",
    )


class StateLock:
    """Holds a state directory until it is released or the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        """Keep the locked *descriptor*; ``acquire`` makes it."""
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, state_dir: Path) -> Self:
        """Hold *state_dir*, made with mode 0700 where it is missing.

        Raises:
            LockedByAnother: Another process holds it.
            NeedsOperator: It can't be made, or nothing can be written in it.
        """
        try:
            state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(state_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NeedsOperator(_not_usable(state_dir, error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = _pid_in(descriptor)
            os.close(descriptor)
            raise LockedByAnother(state_dir, pid) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let it go. The file stays: removing it would let two others each hold a lock of that name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 20, 0).strip()
    return int(text) if text.isdigit() else None
