"""The ledger: one writer and two readers over one database file."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from tokenward.store.connection import checkpoint, one_moment, open_for_reading, open_for_writing
from tokenward.store.faults import translated
from tokenward.store.reader import Reader
from tokenward.store.transaction import Transaction
from tokenward.store.views import Views
from tokenward.store.writer import Writer

T = TypeVar("T")


class SqliteLedger:
    """The durable record in an SQLite file. Satisfies the rotation's ``Ledger``."""

    def __init__(self, path: Path, writer: Writer, reader: Reader, viewer: Reader) -> None:
        """Compose the pieces; ``open`` makes them."""
        self._path = path
        self._writer = writer
        self._reader = reader
        self._viewer = viewer

    @classmethod
    def open(cls, path: Path, *, on_commit: Callable[[], None] | None = None) -> "SqliteLedger":
        """Open the database at *path*, made or brought up to date first. Hold the folder's ``StateLock``.

        *on_commit* is called on the event loop after each commit that changed something.

        Raises:
            NeedsOperator: It can't be opened, is damaged, or a newer version wrote it; it stays as it is.
        """
        writing = open_for_writing(path)
        reading, viewing = open_for_reading(path), open_for_reading(path)
        return cls(
            path,
            Writer(writing, on_commit),
            Reader(reading, "store-reader"),
            Reader(viewing, "store-viewer"),
        )

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Run *work* in a transaction and return its result once that is durable. Raising undoes all of it.

        Raises:
            Retryable: The database could not keep it, or is being closed.
        """
        return await self._writer.write(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run *work*, which changes nothing, on a consistent view.

        Raises:
            Retryable: The database could not be read now.
        """
        return await self._reader.read(lambda connection: work(Transaction.on(connection)))

    async def look(self, work: Callable[[Views], T]) -> T:
        """Run *work* on a consistent view of the read models, in a thread of its own: it holds up no step.

        Raises:
            Retryable: The database could not be read now.
        """
        return await self._viewer.read(lambda connection: work(Views(connection)))

    async def checkpoint(self) -> None:
        """Empty the write-ahead log, for maintenance: only then are destroyed secrets gone from the disk.

        Raises:
            Retryable: It could not be done now; nothing is lost.
        """
        try:
            await asyncio.to_thread(checkpoint, self._path)
        except sqlite3.Error as error:
            raise translated(error) from error

    async def close(self) -> None:
        """Finish what waits and close everything. The writer goes last: only it can empty the write-ahead log."""
        await self._reader.close()
        await self._viewer.close()
        await self._writer.close()


@contextmanager
def views_at_rest(path: Path) -> Iterator[Views]:
    """Give the read models of a database whose daemon need not run; nothing is changed.

    Raises:
        NeedsOperator: There is none, it can't be opened, is damaged, or was written by a newer version.
    """
    try:
        with closing(open_for_reading(path)) as connection, one_moment(connection):
            yield Views(connection)
    except sqlite3.Error as error:
        raise translated(error) from error
