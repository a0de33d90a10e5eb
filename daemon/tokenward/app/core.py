"""The core, put together: the store, the one door, the engine, the steps, the watch."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import structlog

from tokenward.app.knowledge import Commits, Correspondence, OutboxLetters, Situations
from tokenward.app.outlets import outlets_of
from tokenward.app.outside import Outside
from tokenward.app.world import Configuration, build_world
from tokenward.crypto.link_keys import LinkKeys
from tokenward.crypto.sealing import Sealer, parse_seal_key
from tokenward.model.finding import Retryable
from tokenward.notify.sender import Outlets, Sender
from tokenward.notify.texts import texts
from tokenward.rotation.engine import Engine
from tokenward.rotation.intake import Intake
from tokenward.rotation.ledger import Change
from tokenward.rotation.links import Links
from tokenward.rotation.ports import Tools, World
from tokenward.rotation.review import Review
from tokenward.rotation.step import Stepper
from tokenward.rotation.watch import Watch
from tokenward.rotation.worker import Worker
from tokenward.store.ledger import SqliteLedger

log = structlog.get_logger("tokenward.core")

DATABASE: Final = "tokenward.db"


@dataclass(slots=True)
class Core:
    """The objects behind every face, and the configuration in force."""

    configuration: Configuration
    configured: World
    """All of the configuration, retired services included."""
    world: World
    """What everybody works with: the same without what is retired."""
    ledger: SqliteLedger
    tools: Tools
    intake: Intake
    worker: Worker
    watch: Watch
    review: Review
    links: Links
    link_keys: LinkKeys
    commits: Commits
    outlets: Outlets
    retired: frozenset[str] = frozenset()
    """The services that the record has as retired, by id."""
    renewed: Callable[[], None] = field(default=lambda: None)
    """Called when the world is another one."""

    @classmethod
    def open(cls, configuration: Configuration, outside: Outside) -> Self:
        """Open the store and put everything together. The state directory's lock must be held.

        Raises:
            NeedsOperator: The store can't be opened, or the seal key is none.
        """
        settings = configuration.settings
        core: Self
        commits = Commits()
        seal_key = parse_seal_key(configuration.reveal(settings.daemon.seal_key).reveal())
        sealer = Sealer(seal_key, secrets.token_bytes)

        def committed() -> None:
            core.committed()

        ledger = SqliteLedger.open(settings.daemon.state_dir / DATABASE, on_commit=committed)
        tools = Tools(ledger, outside.clock, sealer, outside.chance, outside.waypoints)

        def present() -> World:
            return core.world

        def retired(services: frozenset[str]) -> None:
            core.leave_out(services)

        intake = Intake(tools, present)
        worker = Worker(tools, Engine(tools, present, retired), Stepper(tools, present, intake))
        world = build_world(configuration, outside.clock, outside.chance)
        core = cls(
            configuration,
            world,
            world,
            ledger,
            tools,
            intake,
            worker,
            Watch(tools, intake, present),
            Review(tools, intake, present),
            Links(tools, present),
            LinkKeys(seal_key),
            commits,
            outlets_of(configuration, world.roster),
        )
        return core

    def committed(self) -> None:
        """Have everybody look again who waits for something to be committed."""
        self.commits.happened()
        self.worker.wake()

    async def live_links(self) -> Mapping[str, str]:
        """Return the key of everybody's present link, by person. A secret: whoever has it can act for them."""
        links = await self.ledger.read(lambda change: change.links.all())
        live = {link.person: link for link in links if link.ended_at is None}
        return {person: self.link_keys.key_of(link).reveal_text() for person, link in live.items()}

    def sender(self, situations: Situations) -> Sender:
        """Return what empties the outbox, by the configuration in force each time."""
        knows = self.correspondence(situations)
        return Sender(OutboxLetters(self.ledger), knows, lambda: self.outlets, texts(), self.tools.clock)

    def correspondence(self, situations: Situations) -> Correspondence:
        """Return what letters are made of. Where links lead is read at the start, as all of ``[listen]`` is."""
        root = self.configuration.settings.listen.links_start_with
        return Correspondence(situations, self.live_links, lambda: root)

    async def begin(self) -> None:
        """Find out which services are retired. To be called once, before anybody works with the world.

        Raises:
            Retryable: The store can't be read.
        """
        self.leave_out(frozenset(await self.ledger.read(lambda change: change.retirements.all())))
        await self._settle_retired()

    async def adopt(self, configuration: Configuration) -> None:
        """Make *configuration* the one in force."""
        self.configured = build_world(configuration, self.tools.clock, self.tools.chance)
        self.outlets = outlets_of(configuration, self.configured.roster)
        self.configuration = configuration
        self.leave_out(self.retired)
        await self._settle_retired()

    def leave_out(self, retired: frozenset[str]) -> None:
        """Have everybody work with the world without the services *retired*."""
        self.retired = retired
        self.world = self.configured.without(retired)
        self.renewed()
        self.worker.wake()

    async def _settle_retired(self) -> None:
        """Say once which services are retired, and forget those that have left the configuration: they start anew."""
        gone = self.retired - self.configured.services.keys()

        def forget(change: Change) -> None:
            for service in sorted(gone):
                change.retirements.forget(service)
                change.audit.record(self.tools.clock.now(), "service.retirement_ended", service, {})

        if gone:
            try:
                await self.ledger.write(forget)
                self.retired -= gone
            except Retryable as error:  # the next load tries again
                log.warning("config.retirement_kept", services=sorted(gone), happened=error.finding.happened)
        if self.world.retired:
            log.info("config.retired", services=sorted(self.world.retired))
