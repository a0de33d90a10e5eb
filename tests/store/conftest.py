"""A real database file for each test: opening one takes a few milliseconds."""

import pytest

from tokenward.store.connection import open_for_writing
from tokenward.store.ledger import SqliteLedger
from tokenward.store.transaction import Transaction


@pytest.fixture
def path(tmp_path):
    """Return where the database will be, in a folder that is not there yet."""
    return tmp_path / "state" / "tokenward.db"


@pytest.fixture
async def ledger(path):
    """Give an open ledger."""
    opened = SqliteLedger.open(path)
    yield opened
    await opened.close()


@pytest.fixture
def connection(path):
    """Give the writer's connection, outside a transaction."""
    opened = open_for_writing(path)
    yield opened
    opened.close()


@pytest.fixture
def change(connection):
    """Return the tables, each statement of which is committed at once."""
    return Transaction.on(connection)
