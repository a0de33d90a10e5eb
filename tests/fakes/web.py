"""Small servers on the loopback, for tests of whoever speaks HTTP."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

NOWHERE = "http://127.0.0.1:1"
"""Nobody listens there."""

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class _Server(uvicorn.Server):
    """A server that ends when it is told to, and not at the next of its ticks."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.over = asyncio.Event()

    async def main_loop(self) -> None:
        """Serve until it is over."""
        await self.on_tick(0)  # which writes the headers that every answer has
        await self.over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hang up at once: nobody is waited for who would have to hang up first."""
        for server in self.servers:
            server.close()
        for one in sockets or ():
            one.close()
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the tests' own process."""
        yield


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, unix_socket: str | None = None, certificate: Path | None = None, *, dates: bool = True
) -> AsyncIterator[str]:
    """Serve *app* while the block lasts, by TLS where there is a *certificate* with its key; gives its address.

    Without *dates* the application tells the time itself.
    """
    if unix_socket is None:
        listener = socket.create_server(("127.0.0.1", 0))
        scheme = "http" if certificate is None else "https"
        address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(unix_socket)
        listener.listen()
        address = "http://localhost"
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        http="h11",
        loop="none",
        ws="none",
        date_header=dates,
        ssl_certfile=certificate,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield address
    finally:
        server.should_exit = True
        server.force_exit = True
        server.over.set()
        await task
        for connection in tuple(server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # they close their sockets in the loop's next turn
        listener.close()


@contextlib.asynccontextmanager
async def speaking(handler: Handler) -> AsyncIterator[str]:
    """Let *handler* speak raw bytes to whoever connects, and hang up when it returns; gives the address."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await handler(reader, writer)
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
