"""The daemon as a process: listeners, loops and the metronome around the core; signals end or renew it."""

import asyncio
import os
import pwd
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from tokenward import __version__
from tokenward.app.clock import real_time
from tokenward.app.control_path import control_socket
from tokenward.app.core import Core
from tokenward.app.faces import Condition, Faces
from tokenward.app.knowledge import Situations
from tokenward.app.listeners import Listeners
from tokenward.app.metronome import Metronome
from tokenward.app.outside import Outside
from tokenward.app.settings import ListenSettings, Settings
from tokenward.app.systemd import Notifier
from tokenward.app.world import ConfigInvalid, Configuration, read_configuration
from tokenward.model.finding import Retryable
from tokenward.notify.sender import Sender
from tokenward.sources.clock import ClockSource
from tokenward.sources.drop import DropSettings, DropSource
from tokenward.store.lock import StateLock

log = structlog.get_logger("tokenward.daemon")

TICK_SECONDS: Final = 1.0
CLOCK_SECONDS: Final = 10.0
WATCH_SECONDS: Final = 5.0
OUTBOX_SECONDS: Final = 5.0
MAINTENANCE_SECONDS: Final = 3600.0
REVIEW_SECONDS: Final = 6 * 3600.0
STATUS_SECONDS: Final = 30.0
GRACE: Final = timedelta(days=1)
"""How long the secrets of a replaced token are kept."""
STOP_SECONDS: Final = 8.0
"""How long the steps in hand may take when the daemon is told to end."""
STALLED: Final = timedelta(seconds=60)
"""A worker that made no pass for that long is not alive."""


def _as_it_is(listen: ListenSettings) -> ListenSettings:
    return listen


class Daemon:
    """One daemon on one state directory."""

    def __init__(
        self, config: Path, outside: Outside, listen: Callable[[ListenSettings], ListenSettings] = _as_it_is
    ) -> None:
        """Work by the configuration in *config*; *listen* may change where it listens."""
        self._config = config
        self._outside = outside
        self._listen = listen
        self._notifier = Notifier.of(outside.environment)
        self._condition = Condition()
        self._jumps = outside.clock.jumps
        self._drop_stop = asyncio.Event()
        self._drop_task: asyncio.Task[None] | None = None
        self._clock_source: ClockSource | None = None
        self._sender: Sender | None = None
        self._reload_turn = asyncio.Lock()
        self._reloading: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        """Set once events are taken."""
        self.core: Core | None = None
        self.faces: Faces | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until *stop* is set, then finish the steps in hand.

        Raises:
            ConfigInvalid: The configuration can't be used.
            LockedByAnother: Another daemon works on the same state directory.
            NeedsOperator: The store can't be opened, or an address is taken.
        """
        configuration = self._read()
        with StateLock.acquire(configuration.settings.daemon.state_dir):
            core = Core.open(configuration, self._outside)
            try:
                await core.begin()
                await self._serve(core, stop)
            finally:
                await core.ledger.close()

    async def tick(self) -> None:
        """Ask at once what time has brought about. For whoever has just stepped the clock."""
        if self.core is not None and self._clock_source is not None:
            await self._clock_source.tick()
            self.core.worker.wake()

    def reload_soon(self) -> None:
        """Read the configuration again as soon as what is in hand lets it. For a signal."""
        self._reloading = asyncio.create_task(self.reload(), name="reload")

    async def reload(self) -> None:
        """Read the configuration again; a broken one leaves the old one in force."""
        async with self._reload_turn:
            await self._reload()

    async def _reload(self) -> None:
        self._notifier.reloading()
        try:
            # Aside, for the first channel that is configured makes apprise load its plugins.
            configuration = await asyncio.to_thread(self._read)
        except ConfigInvalid as error:
            self._condition.is_loaded = False
            log.warning("config.rejected", problems=[problem.text() for problem in error.problems])
        else:
            await self._take_over(configuration)
        self._notifier.ready(self._status())

    async def _take_over(self, configuration: Configuration) -> None:
        core = self.core
        if core is None:
            return
        if _needs_restart(core.configuration.settings, configuration.settings):
            log.warning("daemon.restart_needed", why="[daemon] and [listen] are read at the start only")
        await core.adopt(configuration)
        self._loaded()
        log.info("daemon.reloaded", services=sorted(core.world.services))

    def _read(self) -> Configuration:
        configuration = read_configuration(self._config, self._outside.environment)
        listen = self._listen(configuration.settings.listen)
        settings = configuration.settings.model_copy(update={"listen": listen})
        return replace(configuration, settings=settings)

    async def _serve(self, core: Core, stop: asyncio.Event) -> None:
        self.core = core
        listeners = Listeners()
        state_dir = core.configuration.settings.daemon.state_dir
        try:
            self.faces = Faces(core, self._condition)
            self.faces.open(listeners, control_socket(state_dir, self._outside.environment))
            await self._work(core, self.faces, listeners, stop)
        finally:
            await listeners.stop()

    async def _work(self, core: Core, faces: Faces, listeners: Listeners, stop: asyncio.Event) -> None:
        log.info("daemon.started", version=__version__, config=str(self._config))
        worker = asyncio.create_task(core.worker.run(stop), name="worker")
        self._start_drop(core)
        core.renewed = lambda: self._start_drop(core)
        metronome = self._metronome(core)
        metronome.start()
        listeners.start()
        self._loaded()
        self.ready.set()
        self._notifier.ready(self._status())
        log.info(
            "daemon.ready",
            metrics=f"http://{faces.metrics}/metrics",
            board=f"http://{faces.operations}/",
            public=f"http://{faces.public}",
        )
        try:
            await self._until(stop, worker)
        finally:
            await self._end(core, metronome, worker)

    async def _end(self, core: Core, metronome: Metronome, worker: "asyncio.Task[None]") -> None:
        """Take nothing more on and let the steps in hand finish."""
        self._condition.is_ending = True
        self._notifier.stopping()
        log.info("daemon.stopping")
        metronome.stop()
        self._drop_stop.set()
        core.worker.wake()
        letters = [asyncio.create_task(self._sender.finish())] if self._sender else []
        await _finish([worker, *letters, *([self._drop_task] if self._drop_task else [])])

    async def _until(self, stop: asyncio.Event, worker: "asyncio.Task[None]") -> None:
        """Wait for *stop*, or for the worker to fail, which ends the daemon: a restart begins from the store."""
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({stopping, worker}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if worker.done() and not stop.is_set():
            worker.result()

    def _start_drop(self, core: Core) -> None:
        self._drop_stop.set()
        self._drop_stop = asyncio.Event()
        settings = core.configuration.settings.daemon
        drop = DropSource(
            DropSettings(
                root=settings.drop_dir,
                services=tuple(core.world.services),
                owners=_user_ids(settings.drop_owners),
                rescan_seconds=settings.rescan.total_seconds(),
            ),
            core.intake,
            self._outside.clock,
        )
        self._condition.drop = drop
        self._drop_task = asyncio.create_task(self._run_drop(drop, self._drop_stop), name="drop folder")

    async def _run_drop(self, drop: DropSource, stop: asyncio.Event) -> None:
        await drop.sweep()
        self._condition.swept = True
        await drop.run(stop)

    def _metronome(self, core: Core) -> Metronome:
        metronome = Metronome(lambda job: log.error("job.fault", job=job))
        at_once = real_time()
        situations = Situations(core.ledger, lambda: core.world, self._outside.clock)
        self._clock_source = clock_source = ClockSource(core.intake, situations)
        self._sender = sender = core.sender(situations)

        async def tick() -> None:
            self._notice_jump()
            core.worker.wake()

        async def clock() -> None:
            if self._outside.clock.is_settled:
                await clock_source.tick()

        metronome.every(TICK_SECONDS, "tick", tick)
        metronome.every(CLOCK_SECONDS, "clock", clock, at_once)
        metronome.every(WATCH_SECONDS, "watch", core.watch.ask_due, at_once)
        metronome.every(REVIEW_SECONDS, "review", core.review.compare, at_once)

        async def outbox() -> None:
            with suppress(Retryable):  # it is tried again in a moment; a store that can't write is said by the worker
                await core.links.settle()  # what is sent holds the link
                await sender.send_pending()

        metronome.every(OUTBOX_SECONDS, "outbox", outbox)
        metronome.every(MAINTENANCE_SECONDS, "maintenance", lambda: _maintain(core))
        metronome.every(STATUS_SECONDS, "status", self._tell_status)
        if self._notifier.watchdog_seconds:
            metronome.every(self._notifier.watchdog_seconds / 2, "watchdog", self._beat, at_once)
        return metronome

    def _notice_jump(self) -> None:
        """Say once that the machine's clock was set; what time alone would bring about waits until it has settled."""
        clock = self._outside.clock
        if clock.jumps != self._jumps:
            self._jumps = clock.jumps
            log.warning("clock.jumped", ahead_seconds=clock.last_jump.total_seconds())

    async def _tell_status(self) -> None:
        self._notifier.status(self._status())

    async def _beat(self) -> None:
        """Tell the service manager that all is well, if it is: the loop turns, and the worker made a pass."""
        last = self.core.worker.last_pass_at if self.core else None
        if last is not None and self._outside.clock.now() - last < STALLED:
            self._notifier.alive()

    def _status(self) -> str:
        services = len(self.core.world.services) if self.core else 0
        return f"watching over {services} services"

    def _loaded(self) -> None:
        self._condition.is_loaded, self._condition.loaded_at = True, self._outside.clock.now()


async def _maintain(core: Core) -> None:
    """Destroy what is kept no longer, and empty the write-ahead log so that it is gone from the disk."""
    before = core.tools.clock.now() - GRACE
    with suppress(Retryable):  # it is tried again in an hour; a store that can't write is said by the worker
        tokens = await core.ledger.write(lambda change: change.tokens.destroy_superseded(before))
        envelopes = await core.ledger.write(lambda change: change.envelopes.destroy_superseded(before))
        if tokens or envelopes:
            log.info("secrets.destroyed", tokens=tokens, envelopes=envelopes)
        await core.ledger.checkpoint()


async def _finish(tasks: list[asyncio.Task[None]]) -> None:
    """Let *tasks* finish what they have in hand; what takes too long is cut off, and goes on after a restart."""
    _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _needs_restart(old: Settings, new: Settings) -> bool:
    return old.daemon != new.daemon or old.listen != new.listen


def _user_ids(names: tuple[str, ...] | None) -> frozenset[int]:
    """Return the ids of the users *names*, or of the daemon's own user and root where nothing is set."""
    if names is None:
        return frozenset({0, os.geteuid()})
    return frozenset(uid for name in names if (uid := _user_id(name)) is not None)


def _user_id(name: str) -> int | None:
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        log.warning("config.unknown_user", name=name, key="daemon.drop_owners")
        return None
