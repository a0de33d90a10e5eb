"""Keeping something for good, beside the bare appends that the disk needs for that."""

import asyncio
import os
import time
from datetime import UTC, datetime

import pytest

from benchmarks.report import compare
from benchmarks.rounds import each, summed_up
from tokenward.model.event import Event, EventKind, Way
from tokenward.store.ledger import SqliteLedger

pytestmark = pytest.mark.bench

ROUNDS = 15
SINGLE = 50
SENDERS = 64
APPEND_BYTES = 4096
GROSS_LOSS = 5.0


async def test_many_senders_share_one_sync_to_disk(tmp_path):
    """C5: an event each; 64 senders at once pay far less than 64 syncs."""
    ledger = SqliteLedger.open(tmp_path / "state" / "tokenward.db")
    handle = os.open(tmp_path / "appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    numbers = iter(range(10**9))

    def append() -> None:
        os.write(handle, b"x" * APPEND_BYTES)
        os.fdatasync(handle)

    async def send() -> None:
        event = an_event(next(numbers))
        await ledger.write(lambda change: change.inbox.add(event, None, event.received_at))

    async def single() -> float:
        begun_at = time.perf_counter()
        for _ in range(SINGLE):
            await send()
        return (time.perf_counter() - begun_at) / SINGLE

    async def shared() -> float:
        begun_at = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(SENDERS)))
        return (time.perf_counter() - begun_at) / SENDERS

    try:
        rounds = [
            {
                "append of 4 KiB + fdatasync, bare": each(lambda _: append(), range(SINGLE))(),
                "one sender, each event": await single(),
                "64 senders, each event": await shared(),
            }
            for _ in range(ROUNDS + 1)
        ]
    finally:
        await ledger.close()
        os.close(handle)

    measured = summed_up(rounds[1:])
    compare("commit", "µs", measured, {"one sender, each event": "≤ 1.6", "64 senders, each event": "≤ 0.5"})
    assert measured["one sender, each event"].ratio < GROSS_LOSS
    assert measured["64 senders, each event"].ratio < measured["one sender, each event"].ratio


def an_event(number: int) -> Event:
    """Return an event like no other."""
    moment = datetime.fromtimestamp(1_780_000_000 + number, UTC)
    return Event("bench", f"key {number}", EventKind.PASSWORD_CHANGED, Way.DROP, moment, data={"reason": "x" * 300})
