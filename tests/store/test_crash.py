import asyncio
import os
import subprocess
import sys
from functools import partial
from itertools import islice
from pathlib import Path

from tokenward.store.ledger import SqliteLedger

ROUNDS = 5
ACKNOWLEDGED = 150

WRITE = """
import asyncio, os, sys
from pathlib import Path
from fakes.values import NOW, an_event
from tokenward.store.ledger import SqliteLedger

async def send(ledger, sender, run):
    for number in range(100_000):
        key = f"{run}-{sender}-{number}"
        def work(change):
            change.inbox.add(an_event(key), None, NOW)
            change.audit.record(NOW, "event.taken", None, {"key": key})
            change.tallies.add("taken", {})
        await ledger.write(work)
        os.write(1, f"{key}\\n".encode())

async def main():
    ledger = SqliteLedger.open(Path(sys.argv[1]))
    await asyncio.gather(*[send(ledger, sender, sys.argv[2]) for sender in range(8)])

asyncio.run(main())
"""


def killed_in_the_middle(path, run):
    """Return the keys that were acknowledged before a process that writes was killed."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path), str(run)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as writing:
        assert writing.stdout is not None
        lines = [*islice(writing.stdout, ACKNOWLEDGED)]
        writing.kill()
        return [line.strip() for line in [*lines, *writing.stdout] if line.endswith("\n")]


def missing(change, keys):
    """Return those of *keys* that the inbox does not know."""
    return [key for key in keys if change.inbox.find("control", key) is None]


async def test_a_kill_in_the_middle_of_many_writes_loses_nothing_acknowledged(path):
    """Promise 1: ``kill -9`` at any instruction; every accepted event is there, with its audit line and its total."""
    acknowledged = []
    for run in range(ROUNDS):
        acknowledged += await asyncio.to_thread(killed_in_the_middle, path, run)
        ledger = SqliteLedger.open(path)
        lost = await ledger.read(partial(missing, keys=[*acknowledged]))
        depth, (total,), broken, head = await ledger.look(
            lambda views: (views.depths(), views.tallies(), views.broken_audit_line(), views.audit_head())
        )
        await ledger.close()
        assert lost == []
        assert broken is None
        assert depth.inbox == total.amount == head.last_id >= len(acknowledged)
    assert len(acknowledged) >= ROUNDS * ACKNOWLEDGED
