"""What the tests of the drop folder drop, and how they wait for what comes of it."""

import asyncio
import contextlib
import json

from tokenward.model.finding import Code, Finding

STAMP = "20261124T093000Z-"
NOT_WANTED = Finding(Code.KEYHOLDER, "Not wanted.", "It was not used.", "Nothing.")


def an_event(number=0, **words):
    """Return a good event about kim, as JSON."""
    event = {"specversion": "1.0", "id": str(number), "source": "urn:corp:hr", "type": "identity.password.changed"}
    return json.dumps(event | {"subject": "kim@corp.example"} | words)


@contextlib.asynccontextmanager
async def running(source):
    """Run *source* while the block lasts."""
    stop = asyncio.Event()
    task = asyncio.create_task(source.run(stop))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await task


async def until(is_there):
    """Wait until *is_there*, for a few seconds at most."""
    async with asyncio.timeout(5):
        while not is_there():
            await asyncio.sleep(0.005)
