"""Running an operator's program: bounded in time and output, without our environment, nothing left behind."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

TRY_AGAIN: Final = 75
"""``EX_TEMPFAIL`` of sysexits.h: nothing was done, and another attempt may succeed."""
NOT_TAKEN: Final = 65
"""``EX_DATAERR`` of sysexits.h: what it was given is wrong."""
ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
}
"""Nothing of the daemon's own: its secrets can stand there."""
_SHOWN_LINES: Final = 5
_KEPT_OF_STDERR: Final = 4096  # bytes, the last ones
_GRACE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    status: int
    """Negative: the number of the signal that ended it."""
    stdout: bytes = field(repr=False)
    """At most one piece more than the largest that was allowed."""
    stderr: bytes = field(repr=False)

    @property
    def last_words(self) -> str:
        """The last lines that it wrote for people, in one."""
        lines = self.stderr.decode("utf-8", "replace").splitlines()[-_SHOWN_LINES:]
        return " / ".join(filter(None, ("".join(filter(str.isprintable, line)).strip() for line in lines)))


async def run_program(arguments: tuple[str, ...], *, seconds: float, largest: int, given: bytes = b"") -> Ended:
    """Run the program, *given* on its standard input, and return how it ended; more than *largest* bytes end it.

    Raises:
        OSError: It can't be started.
        TimeoutError: It did not end in time, and was ended with all that it had started.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=PIPE if given else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            return await _until_end(process, largest, given)
    finally:
        await _end_all(process, largest)


async def _until_end(process: Process, largest: int, given: bytes = b"") -> Ended:
    _, stdout, stderr, status = await asyncio.gather(
        _give(process, given), _output(process, largest), _last_words(process), process.wait()
    )
    return Ended(status, stdout, stderr)


async def _give(process: Process, given: bytes) -> None:
    """Write *given*; a program that does not read it to its end has its own reasons."""
    if process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _output(process: Process, largest: int) -> bytes:
    """Return what the program writes; one that writes too much is ended."""
    received = b""
    while chunk := await _read(process.stdout):
        if len(received) > largest:
            _kill(process)
        else:
            received += chunk
    return received


async def _last_words(process: Process) -> bytes:
    kept = b""
    while chunk := await _read(process.stderr):
        kept = (kept + chunk)[-_KEPT_OF_STDERR:]
    return kept


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read(65536)


def _kill(process: Process) -> None:
    """End the program and whatever it has started in its process group."""
    with suppress(ProcessLookupError):  # all of them have ended
        os.killpg(process.pid, signal.SIGKILL)


async def _end_all(process: Process, largest: int) -> None:
    """Leave nothing running, and no pipe open; who has left the group and keeps one is not waited for."""
    _kill(process)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await _until_end(process, largest)
