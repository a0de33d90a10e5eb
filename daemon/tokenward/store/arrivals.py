"""What came in lately: events with what became of them, and refusals, read as one sequence.

The two are kept apart, each in the order of its own numbers, so a place between them has two numbers. Their times
decide only how they are mixed: a number that was told of is never told of again, and none is left out.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Final

from tokenward.model.arrival import Answer, Arrival, Arrivals, Place
from tokenward.model.event import DEPARTURE_KINDS, DISCREET_KIND, EventKind
from tokenward.model.token import TokenState
from tokenward.store.columns import instant, items, list_text, micros
from tokenward.store.inbox import event_from_row, finding_from_row

_LATEST_EVENTS: Final = "select * from event order by id desc limit ?"
_LATEST_REFUSALS: Final = "select * from refusal order by id desc limit ?"
_SETTLED_EVENTS: Final = "select * from event where id > ? and outcome is not null order by id limit ?"
_REFUSALS: Final = "select * from refusal where id > ? order by id limit ?"
_LAST_HEARD: Final = """
    select taken_at from event where source = :source and not (
        kind in (select value from json_each(:departures))
        and (coalesce(effective_at, 0) > :now or (effective_at is null and kind = :announced))
    ) order by id desc limit 1
"""
_ANSWERS: Final = "select * from reading where event_id = ? order by id"

_Told = tuple[int, int, Arrival]
"""Its time, its number among its like, and what is told."""


def latest(connection: sqlite3.Connection, limit: int) -> Arrivals:
    """Return the latest *limit* events and refusals, those that wait to be decided included."""
    rows = connection.execute(_LATEST_EVENTS, (limit,)).fetchall()
    events = [_event(row) for row in rows]
    refusals = [_refusal(row) for row in connection.execute(_LATEST_REFUSALS, (limit,))]
    told = islice(merge(events, refusals, key=itemgetter(0), reverse=True), limit)
    before_these = rows[-1]["id"] - 1 if rows else 0
    decided = next((row["id"] for row in rows if row["outcome"] is not None), before_these)
    place = Place(decided, refusals[0][1] if refusals else 0)
    return Arrivals(tuple(arrival for _, _, arrival in reversed(list(told))), place)


def following(connection: sqlite3.Connection, after: Place, limit: int) -> Arrivals:
    """Return the next *limit* events that were decided, and refusals, behind *after*.

    Events are decided in the order of their numbers, so that none can come to stand before this place later.
    """
    events = [_event(row) for row in connection.execute(_SETTLED_EVENTS, (after.event, limit))]
    refusals = [_refusal(row) for row in connection.execute(_REFUSALS, (after.refusal, limit))]
    told = list(islice(merge(events, refusals, key=itemgetter(0)), limit))
    taken = (number for _, number, arrival in told if arrival.event_id is not None)
    refused = (number for _, number, arrival in told if arrival.event_id is None)
    place = Place(max(taken, default=after.event), max(refused, default=after.refusal))
    return Arrivals(tuple(arrival for _, _, arrival in told), place)


def last_heard(connection: sqlite3.Connection, sources: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Return when each of *sources* last sent an event that anybody may know of; none, and it is not there.

    Beside a planned change of custodian, the moment at which the source of HR spoke would tell what the change is.
    """
    asked = {"departures": list_text(sorted(DEPARTURE_KINDS)), "announced": EventKind.EMPLOYMENT_ENDING}
    heard = {}
    for source in sources:
        row = connection.execute(_LAST_HEARD, {"source": source, "now": micros(now), **asked}).fetchone()
        if row is not None:
            heard[source] = instant(row["taken_at"])
    return heard


def event(connection: sqlite3.Connection, event_id: int) -> Arrival | None:
    """Return one event with what became of it, or None where there is none."""
    row = connection.execute("select * from event where id = ?", (event_id,)).fetchone()
    return None if row is None else _event(row)[2]


def answers(connection: sqlite3.Connection, event_id: int) -> tuple[Answer, ...]:
    """Return what was answered about tokens because of one event, oldest first."""
    return tuple(_answer(row) for row in connection.execute(_ANSWERS, (event_id,)))


def _event(row: sqlite3.Row) -> _Told:
    arrival = Arrival(
        at=instant(row["taken_at"]),
        source=row["source"],
        kind=event_from_row(row).shown_kind,
        service=row["service"],
        outcome=row["outcome"],
        lines=items(row["lines"]) if row["lines"] else (),
        code=row["code"],
        event_id=row["id"],
    )
    return row["taken_at"], row["id"], arrival


def _refusal(row: sqlite3.Row) -> _Told:
    finding = finding_from_row(row)
    arrival = Arrival(
        at=instant(row["refused_at"]),
        source=row["source"],
        kind=_discreet(row["kind"]),
        service=row["service"],
        outcome="refused",
        lines=(finding.text(),),
        code=finding.code.number,
        event_id=None,
    )
    return row["refused_at"], row["id"], arrival


def _answer(row: sqlite3.Row) -> Answer:
    return Answer(
        service=row["service"],
        at=instant(row["at"]),
        answered=bool(row["answered"]),
        verdict=None if row["verdict"] is None else TokenState(row["verdict"]),
        why=row["why"],
        server_uuid=row["server_uuid"],
    )


def _discreet(kind: str) -> str:
    """Return *kind* as it may be shown: of a refusal nobody knows any more when it would have taken effect."""
    return DISCREET_KIND if kind in DEPARTURE_KINDS else kind
