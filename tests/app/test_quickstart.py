"""The quickstart's folder, and the stand-in that is kept running beside the daemon."""

import asyncio
import os
import signal
import tomllib

import httpx2
import pytest

from tokenward.app import quickstart
from tokenward.app.quickstart import Addresses, StandIn, StandInKeeper, prepare
from tokenward.app.settings import ListenSettings
from tokenward.app.world import read_configuration
from tokenward.crypto.sealing import parse_seal_key
from tokenward.model.finding import NeedsOperator
from tokenward.model.secret import Secret
from tokenward.schema.address import Address

APPLE = StandIn("http://127.0.0.1:9003", "http://127.0.0.1:9002", "http://127.0.0.1:9001", Secret("key"))
NOWHERE_SAID = Addresses()


@pytest.fixture
def folder(tmp_path):
    """The quickstart's folder, in which the stand-in has begun already."""
    (tmp_path / "var" / "simulator").mkdir(parents=True)
    return tmp_path / "var"


def test_what_it_writes_can_be_read_as_a_configuration(folder):
    """C3: nothing is left to fill in."""
    config = prepare(folder, APPLE, NOWHERE_SAID)

    read = read_configuration(config, {})
    assert [service.id for service in read.settings.services] == ["main", "labs"]
    assert "@DIR@" not in config.read_text()
    assert parse_seal_key((folder / "seal-key").read_text())


def test_a_second_time_everything_stays_as_it_is(folder):
    """C4: a key that was overwritten would make everything sealed worthless."""
    config = prepare(folder, APPLE, NOWHERE_SAID)
    config.write_text(config.read_text() + "\n# mine\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    other = StandIn("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3", Secret("another"))
    assert prepare(folder, other, Addresses(Address("127.0.0.1", 5))) == config
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_write_that_was_cut_off_leaves_no_half_file_under_the_name(folder, monkeypatch):
    """C4: the next start finds the name free, and writes it whole."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("cut off")))
        with pytest.raises(OSError, match="cut off"):
            prepare(folder, APPLE, NOWHERE_SAID)
    assert not (folder / "seal-key").exists()

    prepare(folder, APPLE, NOWHERE_SAID)
    assert parse_seal_key((folder / "seal-key").read_text())


def test_addresses_said_on_the_first_start_are_written_down(folder):
    """C8: --operations moves metrics and health with it."""
    said = Addresses(Address("127.0.0.1", 9900), Address("127.0.0.1", 9901))

    listen = tomllib.loads(prepare(folder, APPLE, said).read_text())["listen"]

    assert listen["metrics"] == listen["operations"] == "127.0.0.1:9900"
    assert listen["public"] == "127.0.0.1:9901"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Addresses(), ("127.0.0.1:9847", "127.0.0.1:9847", "127.0.0.1:9848")),
        (Addresses(operations=Address("::1", 1)), ("[::1]:1", "[::1]:1", "127.0.0.1:9848")),
        (Addresses(public=Address("127.0.0.1", 2)), ("127.0.0.1:9847", "127.0.0.1:9847", "127.0.0.1:2")),
    ],
    ids=["nothing", "operations", "public"],
)
def test_what_was_said_goes_over_what_is_written(said, expected):
    """C8: and nothing else does."""
    listen = said.over(ListenSettings())

    assert (str(listen.metrics), str(listen.operations), str(listen.public)) == expected


async def test_a_stand_in_that_ends_by_itself_comes_back_as_the_same_apple(tmp_path, monkeypatch):
    """C4: at the same addresses, so that nothing else has to know."""
    monkeypatch.setattr(quickstart, "RESTART_SECONDS", 0.05)
    keeper = StandInKeeper(tmp_path / "simulator")
    said = await keeper.start()
    try:
        (pid,) = [keeper._process.pid]
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20), httpx2.AsyncClient(trust_env=False) as client:
            while keeper._process.pid == pid or not await answers(client, f"{said.portal}/admin/state"):
                await asyncio.sleep(0.05)
    finally:
        await keeper.end()
    assert keeper._process.returncode == 0


async def answers(client, url):
    """Return whether somebody answers there."""
    try:
        return (await client.get(url)).is_success
    except httpx2.TransportError:
        return False


async def test_a_stand_in_that_cannot_start_is_a_finding(tmp_path):
    """C9: its own words stand on standard error."""
    first, second = StandInKeeper(tmp_path / "simulator"), StandInKeeper(tmp_path / "simulator")
    await first.start()
    try:
        with pytest.raises(NeedsOperator, match="did not start"):
            await second.start()
        await second.end()
    finally:
        await first.end()


async def test_ending_one_that_never_began_is_nothing(tmp_path):
    """C9."""
    await StandInKeeper(tmp_path / "simulator").end()
