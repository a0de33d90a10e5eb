import asyncio
import resource
import sqlite3
import threading
from contextlib import asynccontextmanager

import pytest

from fakes.values import NOW, a_stored_envelope, an_event
from tokenward.model.finding import Code, Retryable
from tokenward.store.connection import open_for_writing
from tokenward.store.ledger import SqliteLedger
from tokenward.store.writer import BATCH, Writer


class Commits:
    """Counts what a connection commits."""

    def __init__(self, connection):
        self.seen = 0
        connection.set_trace_callback(self._take)

    def _take(self, statement):
        self.seen += statement == "commit"


@pytest.fixture
async def writer(path):
    """Give a writer of its own."""
    opened = Writer(open_for_writing(path))
    yield opened
    await opened.close()


def adding(writer, key):
    """Return the addition of an event, to be awaited."""
    return writer.write(lambda change: change.inbox.add(an_event(str(key)), None, NOW))


@asynccontextmanager
async def held(writer):
    """Keep the writer's thread busy inside, so that what is asked for meanwhile waits together."""
    began, go_on = threading.Event(), threading.Event()

    def hold(change):
        began.set()
        go_on.wait(10)

    holding = asyncio.ensure_future(writer.write(hold))
    await asyncio.to_thread(began.wait, 10)
    yield
    go_on.set()
    await holding


async def until_it_waits(*pieces):
    """Return the pieces as tasks that are queued."""
    tasks = [asyncio.ensure_future(piece) for piece in pieces]
    await asyncio.sleep(0)
    return tasks


async def test_what_waits_together_shares_one_sync(writer):
    """Group commit: many senders, one commit, and each is answered."""
    commits = Commits(writer._connection)
    async with held(writer):
        tasks = await until_it_waits(*[adding(writer, key) for key in range(50)])
    assert await asyncio.gather(*tasks) == list(range(1, 51))
    assert commits.seen == 2


async def test_a_batch_is_bounded(writer):
    """Promise 5: a flood delays nobody without bound."""
    commits = Commits(writer._connection)
    async with held(writer):
        tasks = await until_it_waits(*[adding(writer, key) for key in range(BATCH + 1)])
    await asyncio.gather(*tasks)
    assert commits.seen == 3


async def test_what_was_answered_is_seen_by_another_connection(writer, path):
    """Promise 1: nothing is answered before it is committed."""
    other = sqlite3.connect(path)
    for key in range(5):
        event_id = await adding(writer, key)
        assert other.execute("select count(*) from event where id = ?", (event_id,)).fetchone() == (1,)
    other.close()


async def test_two_loops_may_wait_for_one_writer(writer):
    """A waiter is woken on its own loop."""
    elsewhere = asyncio.to_thread(lambda: asyncio.run(adding(writer, "elsewhere")))
    assert sorted(await asyncio.gather(adding(writer, "here"), elsewhere)) == [1, 2]


async def test_a_commit_wakes_the_worker_once_and_only_if_something_changed(path):
    """Section 8 of the design: a commit wakes the worker; a look alone must not, or it would never sleep again."""
    woken = []
    ledger = SqliteLedger.open(path, on_commit=lambda: woken.append(threading.current_thread()))
    await ledger.write(lambda change: change.inbox.next_pending())
    with pytest.raises(ZeroDivisionError):
        await ledger.write(lambda change: change.inbox.add(an_event(), None, NOW) / 0)
    assert woken == []
    await ledger.write(lambda change: change.inbox.add(an_event(), None, NOW))
    assert woken == [threading.main_thread()]
    await ledger.close()


async def test_closing_finishes_what_waits_and_takes_no_more(path):
    """Promise 1: a stop in good order loses nothing that was taken in."""
    writer = Writer(open_for_writing(path))
    async with held(writer):
        tasks = await until_it_waits(*[adding(writer, key) for key in range(20)])
        closing = asyncio.ensure_future(writer.close())
        await asyncio.sleep(0)
        with pytest.raises(Retryable, match="being closed"):
            await adding(writer, "late")
    await closing
    assert len(await asyncio.gather(*tasks)) == 20
    await writer.close()


async def test_a_full_database_fails_the_piece_that_needs_room_and_recovers(writer):
    """Promise 6: the disk may fill; the daemon says so and goes on."""

    def limit(pages):
        writer._connection.execute(f"pragma max_page_count = {pages}")

    (used,) = writer._connection.execute("pragma page_count").fetchone()
    limit(used + 1)
    big = a_stored_envelope(sealed=bytes(100_000))
    with pytest.raises(Retryable, match="full") as full:
        await writer.write(lambda change: change.envelopes.add(big))
    assert full.value.finding.code is Code.STORE
    assert "Free some space" in full.value.finding.do
    limit(1_000_000)
    await writer.write(lambda change: change.envelopes.add(big))


async def test_a_commit_that_fails_is_told_to_all_its_waiters_and_the_writer_goes_on(writer, path):
    """Promise 6: nobody is told of a success that is not on the disk, and the next change works."""
    async with held(writer):
        tasks = await until_it_waits(
            adding(writer, "small"),
            writer.write(lambda change: change.envelopes.add(a_stored_envelope(sealed=bytes(300_000)))),
        )
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        log = path.with_name("tokenward.db-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 50_000, before[1]))
    try:
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [type(answer) for answer in answers] == [Retryable, Retryable]
    assert answers[0] is not answers[1]
    assert await writer.write(lambda change: change.inbox.find("control", "small")) is None
    assert await adding(writer, "small") == 1


async def test_a_lock_held_by_another_process_is_tried_again_later(path):
    """Promise 6: a backup or a shell that holds the database delays, and harms nothing."""
    connection = open_for_writing(path)
    connection.execute("pragma busy_timeout = 10")
    writer = Writer(connection)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(Retryable, match="locked"):
        await adding(writer, 1)
    other.execute("rollback")
    other.close()
    assert await adding(writer, 1) == 1
    await writer.close()


async def test_a_piece_that_loses_the_whole_transaction_fails_its_batch_alone(writer):
    """Whatever a piece of work does to the transaction, nobody is told of a success that is not kept."""
    async with held(writer):
        tasks = await until_it_waits(
            adding(writer, "neighbour"),
            writer.write(lambda change: writer._connection.execute("rollback")),
        )
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Retryable, Retryable]
    assert await writer.write(lambda change: change.inbox.find("control", "neighbour")) is None
    assert await adding(writer, "neighbour") == 1


async def test_a_mistake_in_a_statement_stays_what_it_is(writer):
    """A bug is shown as one, with its traceback, and not tried again for ever."""
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await writer.write(lambda change: writer._connection.execute("select * from elsewhere"))
