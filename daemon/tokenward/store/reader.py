"""A reader: a thread with a connection that changes nothing, so that no question waits for a sync to disk."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tokenward.store.connection import one_moment
from tokenward.store.faults import translated

T = TypeVar("T")


class Reader:
    """Answers one question after the other, each on a consistent view."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        """Take *connection* over, and close it in the end; *name* is the thread's."""
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what *work* finds, all of it as of one moment.

        Raises:
            Retryable: The database could not be read now.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._look, work)

    async def close(self) -> None:
        """Finish what waits and close the connection."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    def _look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with one_moment(self._connection):
                return work(self._connection)
        except sqlite3.Error as error:
            raise translated(error) from error
        except StopIteration as error:  # which no future can carry
            raise RuntimeError("the work raised StopIteration") from error
