"""Metrics about what came in: events, dropped files, and what still waits."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric

from tokenward.model.finding import Code
from tokenward.rotation.tally import LAG_BUCKETS
from tokenward.web import catalogue
from tokenward.web.families import counter, gauge, histogram, open_totals, totals_of
from tokenward.web.scrape import Scrape

FOLDERS: Final = ("certificates", "tokens", "events")
_FIRST_OF_OTHERS: Final = "TW305"
"""From this number on, findings are about commands and about other parties, not about what was dropped."""
REFUSALS: Final = tuple(code.reason for code in Code if code.number < _FIRST_OF_OTHERS and code is not Code.UNCONFIRMED)
"""Why a dropped file can be refused."""


def event_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield the events.

    Their kinds are too many to be there for each source before the first one; a rate over a new series misses its first
    event.
    """
    yield counter(catalogue.EVENTS, totals_of(catalogue.EVENTS.name, catalogue.EVENTS.labels, scrape.tallies))
    sources = [(one.source,) for one in scrape.vitals.sources]
    yield histogram(catalogue.EVENT_LAG, scrape.tallies, sources, LAG_BUCKETS)
    waiting = {"inbox": scrape.depths.inbox, "outbox": scrape.depths.outbox}
    yield gauge(catalogue.QUEUE_DEPTH, [((queue,), depth) for queue, depth in waiting.items()])


def drop_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield the dropped files. Every reason is there from the start, so that the first refusal raises an alert."""
    known = [(folder, outcome, "") for folder in FOLDERS for outcome in ("done", "rejected")]
    known += [(folder, "rejected", reason) for folder in FOLDERS for reason in REFUSALS]
    yield counter(catalogue.DROP_FILES, open_totals(catalogue.DROP_FILES, scrape.tallies, known))
