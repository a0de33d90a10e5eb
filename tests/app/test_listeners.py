"""Sockets of our own, with a server on each."""

import asyncio
import os
import signal
import socket
import stat

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fakes.running import short_folder
from tokenward.app.listeners import Listeners, address_of, bind, bind_unix
from tokenward.model.finding import Code, NeedsOperator
from tokenward.schema.address import Address

ANY = Address("127.0.0.1", 0)


async def hello(_request):
    """Answer."""
    return PlainTextResponse("hello")


@pytest.fixture
def app():
    """An application that says hello."""
    return Starlette(routes=[Route("/", hello)])


@pytest.fixture
def folder():
    """A folder whose path is short enough for a Unix socket."""
    with short_folder() as folder:
        yield folder


async def test_what_is_added_answers_once_started(app):
    """C9: on the port that the system chose."""
    listeners, bound = Listeners(), bind(ANY)
    listeners.add(app, bound)
    listeners.start()

    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{address_of(bound)}/")
    await listeners.stop()

    assert answer.text == "hello"
    assert "server" not in answer.headers


async def test_after_the_end_nobody_answers(app):
    """C9."""
    listeners, bound = Listeners(), bind(ANY)
    where = address_of(bound)
    listeners.add(app, bound)
    listeners.start()
    await asyncio.sleep(0)
    await listeners.stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((where.host, where.port))


async def test_signals_stay_the_daemons(app):
    """C9: uvicorn would take SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    listeners = Listeners()
    listeners.add(app, bind(ANY))
    listeners.start()
    await asyncio.sleep(0.05)

    assert signal.getsignal(signal.SIGTERM) is before
    await listeners.stop()


def test_a_port_that_is_taken_is_a_finding_with_a_remedy():
    """C9: not a traceback."""
    with bind(ANY) as first, pytest.raises(NeedsOperator) as raised:
        bind(address_of(first))

    assert raised.value.finding.code is Code.CONFIGURATION
    assert "in use" in raised.value.finding.happened
    assert "[listen]" in raised.value.finding.do


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_a_finding(host):
    """C9."""
    with pytest.raises(NeedsOperator):
        bind(Address(host, 0))


def test_the_other_internet_protocol_is_listened_on_as_well():
    """C9."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no ::1")
    with bind(Address("::1", 0)) as bound:
        assert address_of(bound).host == "::1"


def test_the_control_socket_is_for_user_and_group_only_whatever_the_umask(folder):
    """C9: its permissions are the authorisation."""
    before = os.umask(0)
    try:
        with bind_unix(folder / "control.sock"):
            assert stat.S_IMODE((folder / "control.sock").stat().st_mode) == 0o660
        assert os.umask(0) == 0
    finally:
        os.umask(before)


def test_a_socket_that_was_left_behind_is_replaced(folder):
    """C9: after a crash."""
    path = folder / "control.sock"
    bind_unix(path).close()
    assert path.exists()

    with bind_unix(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize("name", ["nowhere/control.sock", "x" * 200], ids=["no folder", "too long"])
def test_where_no_socket_can_be_made_it_is_a_finding(folder, name):
    """C9: the path is named."""
    with pytest.raises(NeedsOperator) as raised:
        bind_unix(folder / name)

    assert name in raised.value.finding.happened
