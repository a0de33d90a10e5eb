"""The daemon's ears: sockets that we bind ourselves, and a server on each that leaves signals to us."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.schema.address import Address

CONTROL_MODE: Final = 0o660
_BACKLOG: Final = 128
_GRACE_SECONDS: Final = 5
_LARGEST_HEAD: Final = 16_384


class _Server(uvicorn.Server):
    """A server that takes no signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: the daemon handles them."""
        yield


@dataclass(slots=True)
class Listeners:
    """Every listener of the daemon, started and ended together."""

    _servers: list[tuple[_Server, socket.socket]] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def add(self, app: ASGIApp, bound: socket.socket) -> None:
        """Serve *app* on *bound* once started."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            timeout_keep_alive=5,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
        )
        self._servers.append((_Server(config), bound))

    def start(self) -> None:
        """Begin to answer."""
        for server, bound in self._servers:
            self._tasks.append(asyncio.create_task(server.serve(sockets=[bound])))

    async def stop(self) -> None:
        """Answer what was begun, then end."""
        for server, _ in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, bound in self._servers:
            bound.close()


def bind(address: Address) -> socket.socket:
    """Return a listening socket on *address*.

    Raises:
        NeedsOperator: Somebody else listens there, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        bound = socket.create_server((address.host, address.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise NeedsOperator(_taken(str(address), error.strerror or str(error))) from error
    # Connections inherit it. Without it a small answer waits 40 ms for the other side's acknowledgement.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def address_of(bound: socket.socket) -> Address:
    """Return where *bound* listens, with the port that the system chose where that was left to it."""
    host, port = bound.getsockname()[:2]
    return Address(host, port)


def bind_unix(path: Path) -> socket.socket:
    """Return a listening socket at *path*, which only the daemon's user and group may use.

    A socket that was left behind is replaced: whoever holds the state directory's lock is alone here.

    Raises:
        NeedsOperator: It can't be made there.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        path.unlink(missing_ok=True)
        before = os.umask(0o777 & ~CONTROL_MODE)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise NeedsOperator(_taken(str(path), error.strerror or str(error))) from error
    return listening


def _taken(where: str, why: str) -> Finding:
    return Finding(
        Code.CONFIGURATION,
        f"Nothing can listen on {where}: {why}.",
        "The daemon did not start.",
        "Choose another address in [listen], or end the program that uses this one.",
    )
