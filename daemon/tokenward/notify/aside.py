"""Work that blocks, in threads that nobody has to wait for: neither other work, nor the end of the daemon."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread


async def aside(work: Callable[[], None], name: str) -> None:
    """Run *work* in a thread of its own, called *name*, and wait for it; whoever stops waiting leaves it to itself.

    The threads that asyncio shares out are few, and everything else that blocks needs them.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  it is raised where it is waited for
            finish = partial(_fail, done, error)
        else:
            finish = partial(_succeed, done)
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(finish)

    Thread(target=run, name=name, daemon=True).start()
    await done


def _succeed(done: "asyncio.Future[None]") -> None:
    if not done.done():
        done.set_result(None)


def _fail(done: "asyncio.Future[None]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
