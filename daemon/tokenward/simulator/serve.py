"""The process: four listeners on kept ports, one durable world, and the end of it."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp
from typing_extensions import override

from tokenward.simulator.admin import admin_routes
from tokenward.simulator.apple import apple_app
from tokenward.simulator.business import business_app
from tokenward.simulator.durable import CannotStart, Store, load_world, lock_directory, save_world
from tokenward.simulator.faults import Faults
from tokenward.simulator.nanodep import nanodep_app
from tokenward.simulator.page_routes import page_routes
from tokenward.simulator.portal import portal_app, portal_routes
from tokenward.simulator.proxy import Proxy
from tokenward.simulator.seed import HOST, first_world, load_seed, with_all_ports
from tokenward.simulator.state import World
from tokenward.simulator.traffic import RequestLog, Traffic

LARGEST_BODY: Final = 256 * 1024
GRACE_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    directory: Path
    seed: Path | None = None
    parent_pid: int | None = None


class _Listener(uvicorn.Server):
    """A server that leaves signals to the process."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listener(app: ASGIApp, name: str, store: Store, log: RequestLog) -> _Listener:
    limited = RequestBodyLimitMiddleware(app, max_body_size=LARGEST_BODY)
    config = uvicorn.Config(
        Traffic(limited, name, store, log),
        log_config=None,
        access_log=False,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return _Listener(config)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A locked directory with its world on disk, and the bound sockets."""

    world: World
    sockets: tuple[socket.socket, ...]  # apple, portal, nanodep, business
    lock: int  # the descriptor that holds the directory until the process ends


def prepare(options: Options) -> Prepared:
    """Take the directory and the kept ports; the first start makes the world.

    Raises:
        CannotStart: The directory or a port is in use, or a file cannot be read.
    """
    lock = lock_directory(options.directory)
    found = load_world(options.directory)
    world = first_world(load_seed(options.seed)) if found is None else with_all_ports(found)
    if world is not found:
        save_world(options.directory, world)
    ports = (world.ports.apple, world.ports.portal, world.ports.nanodep, world.ports.business)
    return Prepared(world, tuple(_bind(port) for port in ports), lock)


def _bind(port: int) -> socket.socket:
    try:
        bound = socket.create_server((HOST, port), backlog=128)
    except OSError as error:
        raise CannotStart(f"port {port} on {HOST}, kept since the first start, is taken by another process") from error
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio sets it only on sockets it made itself
    return bound


def _url(port: int) -> str:
    return f"http://{HOST}:{port}"


def ready_line(world: World) -> str:
    """Return the one line that says where to find what."""
    return json.dumps(
        {
            "apple": _url(world.ports.apple),
            "portal": _url(world.ports.portal),
            "nanodep": _url(world.ports.nanodep),
            "nanodep_api_key": world.nanodep.api_key,
            "business": _url(world.ports.business),
        }
    )


async def run(options: Options, prepared: Prepared) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent process is gone."""
    stop = _stop_requested(options.parent_pid)
    store = Store(options.directory, prepared.world)
    faults, log = Faults(), RequestLog()
    proxy = Proxy(store, _url(prepared.world.ports.apple))
    apps = {
        "apple": apple_app(store, faults),
        "portal": portal_app(
            [*portal_routes(store, faults), *page_routes(store, faults), *admin_routes(store, faults, log)]
        ),
        "nanodep": nanodep_app(store, faults, proxy),
        "business": business_app(store, faults),
    }
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # answers cut short on purpose are no errors
    listeners = [_listener(app, name, store, log) for name, app in apps.items()]
    tasks = [
        asyncio.create_task(listener.serve(sockets=[bound]))
        for listener, bound in zip(listeners, prepared.sockets, strict=True)
    ]
    print(ready_line(prepared.world), flush=True)  # noqa: T201 - the promised line on stdout
    await stop.wait()
    for listener in listeners:
        listener.should_exit = True
    await asyncio.gather(*tasks)
    await proxy.close()


def _stop_requested(parent_pid: int | None) -> asyncio.Event:
    """Return an event that a signal sets, or the end of the parent."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if parent_pid is not None:
        try:
            loop.add_reader(os.pidfd_open(parent_pid), stop.set)  # readable once that process has ended
        except ProcessLookupError:
            stop.set()
    return stop
