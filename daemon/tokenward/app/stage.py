"""The stage of the demonstration: a real daemon with a clock that can be stepped, beside a real stand-in for Apple.

Folders, HTTP, control socket and database are the real ones. The stand-in is a process of its own; its clock is stepped
first, then the daemon's.
"""

import asyncio
import json
import subprocess
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tokenward.app.clock import SteppedClock
from tokenward.app.core import Core
from tokenward.app.daemon import Daemon
from tokenward.app.outside import Outside
from tokenward.app.quickstart import Addresses, StandIn, StandInKeeper, prepare
from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.schema.address import Address
from tokenward.wire.client import HttpPeer

PATIENCE_SECONDS: Final = 60.0
"""How long a scene may take before the demonstration is given up."""
OPENSSL_SECONDS: Final = 30.0
_JSON: Final = {"Content-Type": "application/json"}
_ANY_PORT: Final = Address("127.0.0.1", 0)


@dataclass(slots=True)
class Stopwatch:
    """Follows the daemon's durable points on the steady clock."""

    seen: list[tuple[str, str, float]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def reached(self, name: str, about: str) -> None:
        """Take note of the moment."""
        self.seen.append((name, about, time.monotonic()))
        self._news.set()

    def mark(self) -> int:
        """Return a mark behind everything that was seen so far."""
        return len(self.seen)

    async def first(self, mark: int, name: str, *about: str) -> float:
        """Return when, after *mark*, the point *name* was first reached for one of *about*; wait for it.

        Raises:
            TimeoutError: It did not come in time.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for seen, whom, at in self.seen[mark:]:
                    if seen == name and whom in about:
                        return at
                self._news.clear()
                await self._news.wait()


class Stage:
    """Everything that plays, in one folder."""

    def __init__(self, folder: Path) -> None:
        """Play in *folder*."""
        self.folder = folder
        self.clock = SteppedClock()
        self.stopwatch = Stopwatch()
        self._stop = asyncio.Event()
        self._keeper = StandInKeeper(folder / "simulator")
        self._running: asyncio.Task[None] | None = None
        self._stand_in: StandIn | None = None
        self.daemon: Daemon | None = None

    async def __aenter__(self) -> Self:
        """Start the stand-in, then the daemon, and wait until it takes events."""
        self._stand_in = await self._keeper.start()
        config = prepare(self.folder, self._stand_in, Addresses(_ANY_PORT, _ANY_PORT))
        self.daemon = Daemon(config, Outside({}, self.clock, waypoints=self.stopwatch))
        self._running = asyncio.create_task(self.daemon.run(self._stop))
        ready = asyncio.create_task(self.daemon.ready.wait())
        await asyncio.wait({ready, self._running}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._running.done():
            await self._leave()
            self._running.result()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the daemon, then the stand-in."""
        await self._leave()

    async def _leave(self) -> None:
        self._stop.set()
        if self._running is not None:
            await asyncio.wait({self._running})
        await self._keeper.end()

    @property
    def stand_in(self) -> StandIn:
        """Where the stand-in is reached."""
        if self._stand_in is None:
            raise RuntimeError("the stage was not entered")
        return self._stand_in

    @property
    def core(self) -> Core:
        """The daemon's core."""
        if self.daemon is None or self.daemon.core is None:
            raise RuntimeError("the stage was not entered")
        return self.daemon.core

    def drop(self, folder: str, name: str, content: bytes) -> None:
        """Drop a file as an uploader should: under a temporary name first."""
        target = self.folder / "drop" / folder / name
        temporary = target.with_name(f"{name}.tmp")
        temporary.write_bytes(content)
        temporary.rename(target)

    def drop_event(self, kind: str, subject: str) -> None:
        """Drop an event about *subject*, in the CloudEvents form."""
        event = {
            "specversion": "1.0",
            "id": f"{kind}-{self.stopwatch.mark()}",
            "source": "urn:tokenward:demo",
            "type": f"identity.{kind}",
            "subject": subject,
        }
        self.drop("events", f"{kind}.json", json.dumps(event).encode())

    async def step_clock(self, by: timedelta) -> None:
        """Let time pass: at Apple first, then here; then ask what time has brought about."""
        self.clock.step(by)
        body = json.dumps({"offset_seconds": self.clock.offset.total_seconds()}).encode()
        peer = HttpPeer("The stand-in", self.stand_in.portal, unreachable=Code.APPLE_UNREACHABLE)
        answer = await peer.send("POST", "/admin/clock", headers=_JSON, body=body)
        if not answer.is_ok or self.daemon is None:
            raise NeedsOperator(_clock_refused(answer.status))
        await self.daemon.tick()


def openssl_certificate(folder: Path, name: str) -> tuple[bytes, bytes]:
    """Return a certificate and its private key, both PEM, made by the openssl program.

    Raises:
        NeedsOperator: The program is not installed, or failed.
    """
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "825", "-subj", f"/CN={name}"]
    try:
        subprocess.run(
            [*command, "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
            timeout=OPENSSL_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NeedsOperator(_NO_OPENSSL) from error
    return certificate.read_bytes(), key.read_bytes()


_NO_OPENSSL: Final = Finding(
    Code.CONFIGURATION,
    "The openssl program could not make a certificate.",
    "The demonstration shows that certificates made by others are taken, and can't do without it.",
    "Install the package openssl.",
)


def _clock_refused(status: int) -> Finding:
    return Finding(
        Code.APPLE_UNREACHABLE,
        f"The stand-in did not let its clock be stepped (status {status}).",
        "The demonstration can't go on.",
        "Run it again; if it happens twice, report it.",
    )
