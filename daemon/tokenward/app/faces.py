"""The faces of the daemon: what is served where, and what the running process knows of itself."""

import platform
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from starlette.routing import Mount

from tokenward import __version__
from tokenward.app.core import DATABASE, Core
from tokenward.app.knowledge import EventSettlements, Situations
from tokenward.app.listeners import Listeners, address_of, bind, bind_unix
from tokenward.app.settings import ListenSettings
from tokenward.notify.preview import Preview
from tokenward.notify.texts import texts
from tokenward.rotation.ports import World
from tokenward.schema.address import Address
from tokenward.sources.control import ControlSource
from tokenward.sources.drop import DropSource
from tokenward.web.apps import board_mount, control_app, metrics_app, operations_app, public_app
from tokenward.web.board.pages import Board
from tokenward.web.checkup import Checkups
from tokenward.web.control_reads import ControlReads
from tokenward.web.devices import Devices
from tokenward.web.exports import Exports
from tokenward.web.handover.deeds import Deeds
from tokenward.web.handover.routes import Answering, Handover
from tokenward.web.metrics import Metrics
from tokenward.web.own_host import own_names
from tokenward.web.vitals import Build, ConfigurationHealth, Readiness, SourceHealth, Vitals

BUILD: Final = Build(__version__, revision="", python=platform.python_version())
DROP_FOLDERS: Final = ("certificates", "tokens", "events")


@dataclass(slots=True)
class Condition:
    """How things stand with the process; whoever runs it keeps this up to date."""

    is_loaded: bool = False
    """Whether the last attempt to read the configuration went well."""
    loaded_at: datetime | None = None
    drop: DropSource | None = None
    swept: bool = False
    """Whether the drop folder was looked through once."""
    is_ending: bool = False


@dataclass(slots=True)
class Faces:
    """Every application, over one core."""

    core: Core
    condition: Condition
    metrics: Address = field(default=Address("127.0.0.1", 0))
    """Where ``/metrics`` is served, once open."""
    public: Address = field(default=Address("127.0.0.1", 0))
    """Where the personal pages are served, once open."""
    operations: Address = field(default=Address("127.0.0.1", 0))
    """Where the board is served, once open."""

    def open(self, listeners: Listeners, control: Path) -> None:
        """Bind every listener.

        Raises:
            NeedsOperator: An address is taken.
        """
        self._open_for_operators(listeners)
        public = bind(self.core.configuration.settings.listen.public)
        self.public = address_of(public)
        listeners.add(public_app(self._handover()), public)
        exports = Exports(self.core.tools, self._world)
        routes = (
            *self._control().routes(),
            *exports.routes(),
            *self._preview().routes(),
            *Checkups(self.core.ledger, self._world, self.core.tools.clock).routes(),
            *Devices(self.core.ledger, self._world).routes(),
        )
        listeners.add(control_app(self._reads(), routes), bind_unix(control))

    def _open_for_operators(self, listeners: Listeners) -> None:
        """Serve metrics, health and the board: on one listener where their addresses are equal, else on two."""
        listen = self.core.configuration.settings.listen
        metrics = Metrics(self.core.ledger, self._world, self.vitals)
        bound = bind(listen.metrics)
        self.metrics = self.operations = address_of(bound)
        if listen.operations == listen.metrics:
            listeners.add(metrics_app(metrics, self.readiness, [self._board(listen)]), bound)
            return
        listeners.add(metrics_app(metrics, self.readiness), bound)
        bound = bind(listen.operations)
        self.operations = address_of(bound)
        listeners.add(operations_app(self._board(listen)), bound)

    def _board(self, listen: ListenSettings) -> Mount:
        board = Board(self.core.ledger, self._world, self.vitals)
        return board_mount(board, own_names(self.operations, listen.operations_url))

    def readiness(self) -> Readiness:
        """Return whether events are taken and acted on."""
        condition = self.condition
        return Readiness(
            configuration=condition.loaded_at is not None,
            store=self.core.worker.can_write and not condition.is_ending,
            sources=condition.swept,
        )

    def vitals(self) -> Vitals:
        """Return what the process knows of itself now."""
        now = self.core.tools.clock.now()
        return Vitals(
            now=now,
            build=BUILD,
            readiness=self.readiness(),
            configuration=ConfigurationHealth(self.condition.is_loaded, self.condition.loaded_at or now),
            sources=self._sources(now),
            oldest_pending_at=self._oldest_pending(),
            clock_skew_seconds=self._clock_skew(),
            store_bytes=self._store_bytes(),
        )

    def _sources(self, now: datetime) -> tuple[SourceHealth, ...]:
        drop = self.condition.drop
        return (
            SourceHealth("drop", "drop", is_up=drop.is_watching if drop and self.condition.swept else None),
            SourceHealth("clock", "clock", is_up=True, last_success_at=now),
            SourceHealth("control", "control", is_up=True),
        )

    def _oldest_pending(self) -> dict[str, datetime]:
        drop = self.condition.drop
        if drop is None:
            return {}
        return {folder: since for folder in DROP_FOLDERS if (since := drop.oldest_pending(folder)) is not None}

    def _clock_skew(self) -> dict[str, float]:
        ahead = self.core.world.seconds_ahead_of_apple
        return {} if ahead is None else {"apple": -ahead}

    def _store_bytes(self) -> int | None:
        try:
            return (self.core.configuration.settings.daemon.state_dir / DATABASE).stat().st_size
        except OSError:
            return None

    def _reads(self) -> ControlReads:
        return ControlReads(self.core.ledger, self._world, self.core.tools.clock, BUILD)

    def _preview(self) -> Preview:
        core = self.core
        situations = Situations(core.ledger, self._world, core.tools.clock)
        return Preview(core.correspondence(situations), lambda: core.outlets, texts())

    def _control(self) -> ControlSource:
        core = self.core
        settlements = EventSettlements(core.ledger, core.commits)
        return ControlSource(core.intake, settlements, core.tools.clock, core.tools.chance)

    def _handover(self) -> Handover:
        core = self.core
        settlements = EventSettlements(core.ledger, core.commits)
        return Handover(
            Answering(
                read_model=core.ledger,
                world=self._world,
                find=core.link_keys.find,
                deeds=Deeds(core.intake, settlements, core.tools.clock, core.tools.chance),
                commits=core.commits,
                clock=core.tools.clock,
                give_out=Exports(core.tools, self._world).envelope_of,
                is_ending=lambda: self.condition.is_ending,
            )
        )

    def _world(self) -> World:
        return self.core.world
