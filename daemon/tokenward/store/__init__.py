"""The durable record, in one SQLite database: the only room with SQL in it.

It keeps what it is given and decides nothing. ``SqliteLedger`` satisfies the rotation's ``Ledger``,
``StateLock`` keeps a second daemon out of the folder, ``Views`` are what metrics, board and status read.
"""

from tokenward.store.ledger import SqliteLedger
from tokenward.store.lock import LockedByAnother, StateLock
from tokenward.store.views import Views

__all__ = ["LockedByAnother", "SqliteLedger", "StateLock", "Views"]
