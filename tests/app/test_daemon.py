"""The daemon as an object: run to its readiness, told things, and ended, in this very process."""

import asyncio
import os
import tomllib
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

from fakes.running import short_folder
from fakes.stand_in import running_stand_in
from tokenward.app.clock import SteppedClock
from tokenward.app.control_path import control_socket
from tokenward.app.daemon import Daemon, _user_ids
from tokenward.app.knowledge import EventSettlements
from tokenward.app.outside import Outside
from tokenward.app.quickstart import Addresses, StandIn, prepare
from tokenward.app.settings_load import load
from tokenward.app.world import ConfigInvalid
from tokenward.model.event import Event, EventKind, Way
from tokenward.model.finding import Code, NeedsOperator
from tokenward.model.secret import Secret
from tokenward.schema.address import Address
from tokenward.store.lock import LockedByAnother

PATIENCE_SECONDS = 20
ANY = Address("127.0.0.1", 0)


@pytest.fixture
def config():
    """The configuration of a quickstart whose stand-in runs."""
    with short_folder() as root, running_stand_in(root / "var" / "simulator") as one:
        apple = StandIn(one.apple, one.portal, one.nanodep, Secret(one.api_key))
        yield prepare(root / "var", apple, Addresses(ANY, ANY))


@asynccontextmanager
async def running(config: Path, environment=None):
    """Run a daemon while the block lasts."""
    stop, daemon = asyncio.Event(), Daemon(config, Outside(environment or {}))
    task = asyncio.create_task(daemon.run(stop))
    try:
        ready = asyncio.create_task(daemon.ready.wait())
        await asyncio.wait({task, ready}, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if task.done():
            task.result()
        yield daemon
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)


async def get(daemon, path, headers=None):
    """Return what its listener for metrics and health answers."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://{daemon.faces.metrics}{path}", headers=headers)


async def until(met):
    """Wait until *met* is true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await met():
            await asyncio.sleep(0.02)


async def test_equal_addresses_share_one_listener(config):
    """C8: metrics, health and the board, as the quickstart has them."""
    async with running(config) as daemon:
        assert daemon.faces.operations == daemon.faces.metrics
        assert "Example Corporation" in (await get(daemon, "/")).text
        assert "tokenward_build_info" in (await get(daemon, "/metrics")).text


async def test_the_board_can_have_an_address_of_its_own(config):
    """C8: then nothing but the board is there, and no board beside the metrics."""
    config.write_text(config.read_text().replace('operations = "127.0.0.1:0"', 'operations = "localhost:0"'))
    async with running(config) as daemon, httpx2.AsyncClient(trust_env=False) as client:
        board = f"http://{daemon.faces.operations}"
        assert daemon.faces.operations != daemon.faces.metrics
        assert "Example Corporation" in (await client.get(board)).text
        assert (await client.get(f"{board}/metrics")).status_code == 404
        assert (await get(daemon, "/")).status_code == 404
        assert (await get(daemon, "/healthz")).is_success


async def test_a_foreign_name_reaches_metrics_and_health_but_not_the_board(config):
    """C8: whoever scrapes may call it as they like; a page from elsewhere may not read the board through a browser."""
    config.write_text(config.read_text().replace("[listen]", '[listen]\noperations_url = "https://board.corp.example"'))
    async with running(config) as daemon:
        foreign = {"Host": "evil.example"}
        assert (await get(daemon, "/", headers=foreign)).status_code == 421
        assert (await get(daemon, "/", headers={"Host": "board.corp.example"})).is_success
        for path in ("/metrics", "/healthz"):
            assert (await get(daemon, path, headers=foreign)).is_success


async def test_once_ready_it_is_healthy_and_soon_able_to_work(config):
    """C9: alive at once, ready when the drop folder was looked through once."""
    async with running(config) as daemon:
        assert (await get(daemon, "/healthz")).json() == {"alive": True}

        async def is_ready():
            return (await get(daemon, "/readyz")).is_success

        await until(is_ready)


async def test_a_second_one_on_the_same_state_is_refused_and_harms_nothing(config):
    """C9."""
    async with running(config) as daemon:
        with pytest.raises(LockedByAnother):
            await Daemon(config, Outside({})).run(asyncio.Event())
        assert (await get(daemon, "/healthz")).is_success


async def test_a_port_that_is_taken_ends_it_with_a_finding_and_frees_everything(config):
    """C9: the next start works."""
    async with running(config) as daemon:
        taken = daemon.faces.metrics
    text = config.read_text()
    server = await asyncio.start_server(lambda *_: None, taken.host, taken.port)
    async with server:
        config.write_text(text.replace('metrics    = "127.0.0.1:0"', f'metrics    = "{taken}"'))
        with pytest.raises(NeedsOperator) as raised:
            await Daemon(config, Outside({})).run(asyncio.Event())
    assert raised.value.finding.code is Code.CONFIGURATION
    assert str(taken) in raised.value.finding.happened

    async with running(config) as daemon:
        assert (await get(daemon, "/healthz")).is_success


async def test_a_wrong_seal_key_is_said_before_anything_is_served(config):
    """C9: a daemon that can't open what it keeps must not begin."""
    (config.parent / "seal-key").write_text("not a key\n")

    with pytest.raises(NeedsOperator) as raised:
        await Daemon(config, Outside({})).run(asyncio.Event())
    assert raised.value.finding.code is Code.SEAL


async def test_a_broken_configuration_starts_nothing(config):
    """C9: every problem is listed."""
    config.write_text(config.read_text().replace('custodian = "kim"', 'custodian = "nobody"'))

    with pytest.raises(ConfigInvalid) as raised:
        await Daemon(config, Outside({})).run(asyncio.Event())
    assert len(raised.value.problems) == 2


async def test_a_reload_takes_a_new_service_into_force(config):
    """C9, A15: its drop folder is there at once."""
    async with running(config) as daemon:
        config.write_text(config.read_text().replace('id = "labs"', 'id = "lab"'))
        await daemon.reload()
        assert set(daemon.core.world.services) == {"main", "lab"}

        async def is_made():
            return (config.parent / "drop" / "certificates" / "lab").is_dir()

        await until(is_made)


async def decided(daemon, kind, **words):
    """Have the core decide an event of *kind* about ``labs``."""
    core = daemon.core
    event = Event("control", f"{kind}-{len(words)}", kind, Way.CONTROL, core.tools.clock.now(), "labs", **words)
    verdict = await core.intake.submit(event)
    await EventSettlements(core.ledger, core.commits).settled(verdict.event_id, PATIENCE_SECONDS)


def renamed(config, before, after):
    """Give a service of the configuration another id."""
    config.write_text(config.read_text().replace(f'id = "{before}"', f'id = "{after}"'))


async def test_a_retired_service_stays_so_until_it_leaves_the_configuration(config):
    """B12.4: over a reload and a restart, each of which says so once; the same id later starts anew."""
    async with running(config) as daemon:
        drop = daemon.faces.condition.drop
        await decided(daemon, EventKind.RETIRE, data={"reason": "moved"})
        assert set(daemon.core.world.services) == {"main"}
        assert daemon.faces.condition.drop is not drop
        with capture_logs() as logs:
            await daemon.reload()
        assert set(daemon.core.world.services) == {"main"}
        assert [line["services"] for line in logs if line["event"] == "config.retired"] == [["labs"]]

    async with running(config) as daemon:
        assert set(daemon.core.world.services) == {"main"}
        renamed(config, "labs", "lab")
        await daemon.reload()
        assert set(daemon.core.world.services) == {"main", "lab"}
        assert await daemon.core.ledger.read(lambda change: change.retirements.all()) == {}
        renamed(config, "lab", "labs")
        await daemon.reload()
        assert set(daemon.core.world.services) == {"main", "labs"}


async def test_what_left_the_configuration_while_no_daemon_ran_is_forgotten_at_the_start(config):
    """B12.4: the same id later starts anew."""
    async with running(config) as daemon:
        await decided(daemon, EventKind.RETIRE)
    renamed(config, "labs", "lab")

    async with running(config) as daemon:
        assert await daemon.core.ledger.read(lambda change: change.retirements.all()) == {}


async def test_a_reload_of_a_broken_file_leaves_the_old_one_in_force(config):
    """C9: and shows in a metric."""
    async with running(config) as daemon:
        before = daemon.core.world
        config.write_text("[daemon")
        await daemon.reload()

        assert daemon.core.world is before
        assert "tokenward_config_last_reload_successful 0.0" in (await get(daemon, "/metrics")).text


async def test_a_worker_that_fails_ends_the_daemon(config):
    """C9: a restart begins from the store; a daemon that only looks alive would be worse."""
    daemon = Daemon(config, Outside({}))
    task = asyncio.create_task(daemon.run(asyncio.Event()))
    await asyncio.wait_for(daemon.ready.wait(), PATIENCE_SECONDS)

    daemon.core.worker._pass = failing
    daemon.core.worker.wake()

    with pytest.raises(RuntimeError, match="a fault of ours"):
        await asyncio.wait_for(task, PATIENCE_SECONDS)


async def failing():
    """Fail."""
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "state/control.sock"),
        ({"RUNTIME_DIRECTORY": "/run/tokenward"}, "/run/tokenward/control.sock"),
        ({"RUNTIME_DIRECTORY": "/run/one:/run/two"}, "/run/one/control.sock"),
    ],
    ids=["none", "one", "several"],
)
def test_the_control_socket_is_where_the_command_line_looks_for_it(tmp_path, environment, expected):
    """C9: systemd's runtime directory, else beside the database."""
    assert control_socket(tmp_path / "state", environment) == tmp_path / expected


def test_who_may_drop_what_only_the_product_can_open_is_the_daemons_user_and_root():
    """B5: unless the configuration names others; who does not exist is left out, with a warning."""
    assert _user_ids(None) == {0, os.geteuid()}
    assert _user_ids(("root", "4711")) == {0, 4711}
    assert _user_ids(("no-such-user",)) == frozenset()


def test_the_template_is_the_one_of_the_checkout(config):
    """C3: what is written on the first start is read without a problem."""
    assert load(config).problems == ()
    assert tomllib.loads(config.read_text())["daemon"]["state_dir"] == str(config.parent / "state")


def test_a_jump_of_the_machines_clock_is_said_once(tmp_path):
    """Promise 6: the clock may jump; the daemon says so, waits, and goes on."""
    clock = SteppedClock()
    daemon = Daemon(tmp_path / "none.toml", Outside({}, clock))
    clock.jumps, clock.last_jump = 1, timedelta(hours=2)

    with capture_logs() as said:
        daemon._notice_jump()
        daemon._notice_jump()

    assert [(line["event"], line["ahead_seconds"]) for line in said] == [("clock.jumped", 7200.0)]
