"""The one writer: a thread with a connection that commits all that waits at once (group commit).

::

    write() ──► queue ──► begin immediate
    write() ──►             savepoint · piece · release      a piece that fails is rolled back alone
    write() ──►             savepoint · piece · release
                          commit                             one sync to disk for all of them
    waiters ◄── one call on their loop

Nothing waits for company: while one batch is being synced the next one gathers.
"""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Final, Generic, TypeVar

from tokenward.model.finding import Code, Finding, Retryable
from tokenward.store.faults import not_kept, translated
from tokenward.store.transaction import Transaction

T = TypeVar("T")

BATCH: Final = 256
"""Most pieces of work in one transaction, so that the first of them does not wait for ever."""

_CLOSED: Final = Finding(
    Code.STORE,
    "The database is being closed.",
    "The daemon stops; this change was not made.",
    "Start the daemon again.",
)


@dataclass(slots=True, eq=False)
class _Piece(Generic[T]):
    """One piece of work and who waits for it."""

    work: Callable[[Transaction], T]
    waiter: asyncio.Future[T]
    loop: asyncio.AbstractEventLoop
    settle: Callable[[], None] | None = None

    def attempt(self, change: Transaction) -> None:
        """Do the work; its result is told when it is durable."""
        self.settle = partial(self.waiter.set_result, self.work(change))

    def fail(self, error: BaseException) -> None:
        """Have the waiter told of *error* instead; StopIteration, which no future takes, by another name."""
        if isinstance(error, StopIteration):
            error = RuntimeError("the work raised StopIteration")
        self.settle = partial(self.waiter.set_exception, error)

    def tell(self) -> None:
        """Tell the waiter, on its own loop, unless it has gone."""
        if self.settle is not None and not self.waiter.done():
            self.settle()


class Writer:
    """Queues pieces of work and answers each when it is durable, or undone."""

    def __init__(self, connection: sqlite3.Connection, on_commit: Callable[[], None] | None = None) -> None:
        """Take *connection* over, and close it in the end.

        Args:
            connection: Used by the writer's thread alone from now on.
            on_commit: Called on the waiters' loop after each commit that changed something.
        """
        self._connection = connection
        self._change = Transaction.on(connection)
        self._on_commit = on_commit
        self._queue: SimpleQueue[_Piece[Any] | None] = SimpleQueue()
        self._gate = Lock()
        self._closed = False
        self._thread = Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* in a transaction and return its result once that is durable.

        Whoever is cancelled while waiting does not know whether it was done.

        Raises:
            Retryable: The database could not keep it, or is being closed.
        """
        loop = asyncio.get_running_loop()
        piece = _Piece(work, loop.create_future(), loop)
        with self._gate:
            if self._closed:
                raise Retryable(_CLOSED)
            self._queue.put(piece)
        result: T = await piece.waiter
        return result

    async def close(self) -> None:
        """Take no more work, finish what waits, and close the connection."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        open_end = True
        while open_end:
            batch, open_end = self._gather()
            if batch:
                self._carry_out(batch)
        self._connection.close()

    def _gather(self) -> tuple[list[_Piece[Any]], bool]:
        """Return what waits, and whether more may come. Blocks until something does."""
        batch: list[_Piece[Any]] = []
        while not batch or (len(batch) < BATCH and not self._queue.empty()):
            piece = self._queue.get()
            if piece is None:
                return batch, False
            batch.append(piece)
        return batch, True

    def _carry_out(self, batch: list[_Piece[Any]]) -> None:
        changed = False
        try:
            self._connection.execute("begin immediate")
            for piece in batch:
                changed |= self._attempt(piece)
            self._connection.execute("commit")
        except Exception as error:  # noqa: BLE001  whatever it is: nothing was kept, and every waiter must hear of it
            changed = False
            self._roll_back()
            for piece in batch:
                piece.fail(_because(error))
        self._wake(batch, self._on_commit if changed else None)

    def _attempt(self, piece: _Piece[Any]) -> bool:
        """Carry *piece* out inside its own savepoint; return whether it changed anything.

        Raises:
            sqlite3.Error: The whole transaction was lost, which SQLite does on its own when the disk is full.
        """
        before = self._connection.total_changes
        self._connection.execute("savepoint piece")
        try:
            piece.attempt(self._change)
        except BaseException as error:  # whatever it is, it is for whoever asked for this piece
            if isinstance(error, sqlite3.Error) and not self._connection.in_transaction:
                raise
            piece.fail(_for_caller(error))
            self._connection.execute("rollback to piece")
            before = self._connection.total_changes
        self._connection.execute("release piece")
        return self._connection.total_changes != before

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # the next transaction fails as this one did, until the fault is mended
            if self._connection.in_transaction:
                self._connection.execute("rollback")

    def _wake(self, batch: list[_Piece[Any]], told: Callable[[], None] | None) -> None:
        by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Piece[Any]]] = defaultdict(list)
        for piece in batch:
            by_loop[piece.loop].append(piece)
        for loop, pieces in by_loop.items():
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(_tell, pieces, told)


def _tell(pieces: list[_Piece[Any]], told: Callable[[], None] | None) -> None:
    for piece in pieces:
        piece.tell()
    if told is not None:
        told()


def _because(error: Exception) -> Retryable:
    trouble = not_kept(error)
    trouble.__cause__ = error
    return trouble


def _for_caller(error: BaseException) -> BaseException:
    if not isinstance(error, sqlite3.Error):
        return error
    called = translated(error)
    if called is not error:
        called.__cause__ = error
    return called
