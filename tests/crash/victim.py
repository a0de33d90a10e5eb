"""A daemon that kills itself: composed as the program composes it, on real files, with waypoints that end the process.

Each victim is a process of its own, forked from one that has loaded everything already and done nothing else: the crash
tests need more than a hundred of them.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import TimeoutExpired

from fakes.running import Running
from fakes.stand_in import StandIn as RunningStandIn
from tokenward.app import logs
from tokenward.app.daemon import Daemon
from tokenward.app.outside import Outside
from tokenward.app.quickstart import Addresses, StandIn, prepare
from tokenward.model.secret import Secret
from tokenward.schema.address import Address

KILLED = -signal.SIGKILL
_ANY_PORT = Address("127.0.0.1", 0)
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.off"])


@dataclass
class Deadly:
    """Waypoints that end the process: at the *after*-th reaching of *at*, or of any where that is None."""

    at: str | None = None
    after: int = 1
    is_armed: bool = True

    def reached(self, name: str, about: str) -> None:
        """Tell it on standard output, then end the process if this is the place."""
        waypoint = f"{name} {about}"
        os.write(1, f"{waypoint}\n".encode())
        if not self.is_armed or self.at not in {None, waypoint}:
            return
        self.after -= 1
        if self.after == 0:
            os.kill(os.getpid(), signal.SIGKILL)


CALM = Deadly(is_armed=False)


def main(folder: Path, apple: tuple[str, str, str, str], waypoints: Deadly, told: Path, log: Path) -> None:
    """Be a daemon on *folder* until a signal or a waypoint ends it; tell waypoints in *told* and the rest in *log*."""
    for path, descriptor in ((told, 1), (log, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), descriptor)
    logs.set_up("debug", "json")
    device_api, portal, nanodep, api_key = apple
    asyncio.run(_serve(folder, StandIn(device_api, portal, nanodep, Secret(api_key)), waypoints))


async def _serve(folder: Path, stand_in: StandIn, waypoints: Deadly) -> None:
    config = prepare(folder, stand_in, Addresses(_ANY_PORT, _ANY_PORT))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Daemon(config, Outside({}, waypoints=waypoints)).run(stop)


@dataclass
class Victim:
    """The process, with the words of ``subprocess.Popen``."""

    process: ForkServerProcess

    def poll(self) -> int | None:
        """Return how it ended, or None."""
        return self.process.exitcode

    def wait(self, timeout: float) -> int:
        """Return how it ended.

        Raises:
            TimeoutExpired: It has not.
        """
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise TimeoutExpired("victim", timeout)
        return self.process.exitcode

    def terminate(self) -> None:
        """Ask it to end."""
        self.process.terminate()

    def kill(self) -> None:
        """End it."""
        self.process.kill()


@contextmanager
def victim(folder: Path, stand_in: RunningStandIn, waypoints: Deadly, told: Path) -> Iterator[Running]:
    """Run a daemon on *folder* while the block lasts, unless one of *waypoints* ends it."""
    log = told.with_suffix(".log")
    for path in (told, log):
        path.touch()
    apple = (stand_in.apple, stand_in.portal, stand_in.nanodep, stand_in.api_key)
    process = _FORKS.Process(target=main, args=(folder, apple, waypoints, told, log), daemon=True)
    process.start()
    daemon = Running(folder, Victim(process), log)
    try:
        yield daemon
    finally:
        daemon.close()
        process.close()
