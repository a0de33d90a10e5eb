import sqlite3

import pytest

from fakes.values import DAY, NOW, an_event
from tokenward.model.event import Refused
from tokenward.model.finding import Code, Finding
from tokenward.model.person import Subject
from tokenward.rotation.record import Settlement
from tokenward.store import inbox
from tokenward.store.connection import checkpoint

REFUSED = Refused(Finding(Code.NO_KEY, "No key opens it.", "Nothing was installed.", "Download it again."))


def test_of_an_ignored_event_nothing_personal_stays_on_the_disk(connection, change, path):
    """The table of B9: about anybody else a replay id is kept, and no payload."""
    event = an_event(
        "1",
        subject=Subject("email", "somebody-else@corp.example"),
        data={"note": "said-about-them"},
        effective_at=NOW + DAY,
    )
    event_id = change.inbox.add(event, "their-attachment", NOW)
    change.inbox.settle(event_id, Settlement("ignored"), NOW)
    checkpoint(path)

    row = connection.execute("select * from event").fetchone()
    kept = {name: row[name] for name in row.keys() if row[name] is not None}  # noqa: SIM118  a row is no mapping
    assert kept.keys() == {
        "id",
        "source",
        "key",
        "kind",
        "way",
        "received_at",
        "taken_at",
        "outcome",
        "lines",
        "settled_at",
    }
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for word in (b"somebody-else", b"said-about-them", b"their-attachment"):
        assert word not in everything


def test_source_and_key_are_taken_once(change):
    """Promise 1: every accepted event is decided once, by a constraint in the database."""
    change.inbox.add(an_event("1"), None, NOW)
    with pytest.raises(sqlite3.IntegrityError):
        change.inbox.add(an_event("1"), None, NOW)
    change.inbox.add(an_event("1", source="other"), None, NOW)


def test_refusals_are_kept_up_to_a_limit(connection, change, monkeypatch):
    """Promise 5: a sender of nonsense can't fill the disk."""
    monkeypatch.setattr(inbox, "KEPT_REFUSALS", 3)
    for number in range(5):
        change.inbox.record_refusal(an_event(str(number)), REFUSED, NOW)
    kept = [row["key"] for row in connection.execute("select key from refusal order by id")]
    assert kept == ["2", "3", "4"]


def test_what_is_pending_is_found_by_an_index(connection):
    """A question asked at each step costs the same after a million events."""
    for query in ("select * from event where outcome is null order by id limit 1", inbox._PENDING_OF):
        parameters = (0,) * query.count("?")
        plan = connection.execute(f"explain query plan {query}", parameters).fetchall()
        assert any("event_pending" in row["detail"] for row in plan)
