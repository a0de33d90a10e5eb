"""What systemd is told, on a real datagram socket."""

import asyncio
import os
import socket
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from fakes.running import short_folder
from tokenward.app.daemon import STALLED, Daemon
from tokenward.app.outside import Outside
from tokenward.app.systemd import Notifier

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@contextmanager
def listening(address):
    """Yield a socket as systemd has one; what was said so far is read from it without waiting."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind(address)
        yield manager


def heard(manager):
    """Return the datagrams so far, each as a mapping."""
    datagrams = []
    while True:
        try:
            datagrams.append(manager.recv(4096).decode())
        except BlockingIOError:
            return [dict(line.split("=", 1) for line in one.splitlines()) for one in datagrams]


@pytest.fixture
def manager():
    """The service manager's end of the socket, with its address."""
    with short_folder() as folder:
        address = str(folder / "notify")
        with listening(address) as bound:
            yield SimpleNamespace(address=address, heard=lambda: heard(bound))


@pytest.fixture
def notifier(manager):
    """A notifier that the manager has asked for."""
    return Notifier.of({"NOTIFY_SOCKET": manager.address})


def test_ready_comes_with_a_status(notifier, manager):
    """C9."""
    notifier.ready("watching over 2 services")

    assert manager.heard() == [{"READY": "1", "STATUS": "watching over 2 services"}]


def test_reloading_carries_the_steady_clock_in_the_same_datagram(notifier, manager):
    """C9: without it a reload would hang until its time-out."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.reloading()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000

    (said,) = manager.heard()
    assert said["RELOADING"] == "1"
    assert before <= int(said["MONOTONIC_USEC"]) <= after


def test_stopping_status_and_alive_are_one_datagram_each(notifier, manager):
    """C9."""
    notifier.status("2 tokens")
    notifier.alive()
    notifier.stopping()

    status, alive, stopping = manager.heard()
    assert status == {"STATUS": "2 tokens"}
    assert alive == {"WATCHDOG": "1"}
    assert stopping["STOPPING"] == "1"


def test_an_abstract_socket_is_reached_too():
    """C9: sd_notify(3): a leading @ stands for a null byte."""
    name = f"tokenward-test-{os.getpid()}-{time.monotonic_ns()}"
    with listening(f"\0{name}") as bound:
        Notifier.of({"NOTIFY_SOCKET": f"@{name}"}).alive()

        assert heard(bound) == [{"WATCHDOG": "1"}]


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "x" * 300], ids=["none", "gone", "too long"])
def test_where_nobody_listens_nothing_happens(address):
    """C9: the daemon's own work does not depend on it."""
    Notifier.of({"NOTIFY_SOCKET": address}).ready("well")


def test_a_manager_that_does_not_read_is_not_waited_for(notifier, manager):
    """C9: its buffer may be full."""
    for _ in range(2000):
        notifier.alive()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
    ids=["not asked", "asked", "asked of us", "asked of another", "switched off"],
)
def test_the_watchdog_is_fed_only_where_it_was_asked_of_this_process(environment, seconds):
    """C9: sd_watchdog_enabled(3)."""
    wanted = Notifier.of(environment).watchdog_seconds

    assert (wanted or None) == seconds


@pytest.mark.parametrize(
    ("last_pass_at", "is_fed"),
    [(NOW, True), (NOW - STALLED + timedelta(seconds=1), True), (NOW - STALLED, False), (None, False)],
    ids=["just now", "a while ago", "too long ago", "never"],
)
async def test_the_watchdog_is_fed_only_when_the_worker_made_a_pass(manager, tmp_path, last_pass_at, is_fed):
    """C9: a loop that turns is not enough: rotations must move."""
    clock = SimpleNamespace(now=lambda: NOW, is_settled=True, jumps=0)
    daemon = Daemon(tmp_path / "none.toml", Outside({"NOTIFY_SOCKET": manager.address}, clock))
    core: Any = SimpleNamespace(worker=SimpleNamespace(last_pass_at=last_pass_at))
    daemon.core = core

    await asyncio.create_task(daemon._beat())

    assert bool(manager.heard()) is is_fed
