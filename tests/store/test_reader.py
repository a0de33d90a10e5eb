import sqlite3

import pytest

from fakes.values import NOW, an_event


async def test_a_reader_refuses_to_change_anything(ledger):
    """A read that writes is a bug and shows as one."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await ledger.read(lambda change: change.inbox.add(an_event(), None, NOW))
    assert await ledger.read(lambda change: change.inbox.next_pending()) is None


async def test_a_reader_works_on_after_an_error(ledger):
    """Promise 5: a failing question spoils no later one."""
    with pytest.raises(ZeroDivisionError):
        await ledger.read(lambda change: 1 / 0)
    await ledger.write(lambda change: change.inbox.add(an_event(), None, NOW))
    assert await ledger.read(lambda change: change.inbox.find("control", "1")) == 1
