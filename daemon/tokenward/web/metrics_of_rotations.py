"""Metrics about rotations and outages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client.core import Metric

from tokenward.model.rotation import OPEN_STATES, Cause, Rotation
from tokenward.model.target import BlockReason
from tokenward.rotation.tally import PHASE_BUCKETS
from tokenward.web import catalogue
from tokenward.web.families import closed_totals, counter, gauge, histogram, stateset
from tokenward.web.scrape import Scrape

IDLE: Final = "idle"
"""The state where no rotation is open."""
OUTCOMES: Final = ("done", "cancelled")
PHASES: Final = ("preflight", "certificate", "human", "install", "verify", "total")


def rotation_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield the open rotations."""
    rotations = [(one.labels, one.record.rotation) for one in scrape.series]
    is_open = [(labels, rotation) for labels, rotation in rotations if rotation]
    yield stateset(
        catalogue.ROTATION_STATE,
        (IDLE, *OPEN_STATES),
        [(labels, rotation.state if rotation else IDLE) for labels, rotation in rotations],
    )
    yield gauge(catalogue.ROTATION_IN_PROGRESS, [(labels, rotation is not None) for labels, rotation in rotations])
    yield gauge(
        catalogue.ROTATION_BLOCKED,
        [
            ((*labels, reason.value), _is_blocked_for(rotation, reason))
            for labels, rotation in rotations
            for reason in BlockReason
        ],
    )
    yield gauge(catalogue.ROTATION_ENTERED, [(labels, rotation.entered_at) for labels, rotation in is_open])
    yield gauge(catalogue.ROTATION_DEADLINE, [(labels, rotation.due_at) for labels, rotation in is_open])


def ended_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield what became of all rotations. Every cause and outcome of a service is there from the start."""
    series = scrape.series
    known = [(*one.labels, cause.value, outcome) for one in series for cause in Cause for outcome in OUTCOMES]
    yield counter(catalogue.ROTATIONS, closed_totals(catalogue.ROTATIONS, scrape.tallies, known))
    done = [(one.labels, one.record.last_done) for one in series]
    yield gauge(catalogue.LAST_SUCCESS, [(labels, rotation.closed_at) for labels, rotation in done if rotation])
    phases = [(phase,) for phase in PHASES]
    yield histogram(catalogue.ROTATION_PHASE, scrape.tallies, phases, PHASE_BUCKETS)


def outage_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield the outages, past and running."""
    series, now = scrape.series, scrape.overview.now
    running = [(one.labels, _outage_started_at(one.record.rotation)) for one in series]
    totals = closed_totals(catalogue.OUTAGE_SECONDS, scrape.tallies, [one.labels for one in series])
    for labels, started_at in running:
        totals[labels] += max((now - started_at).total_seconds(), 0.0) if started_at else 0.0
    yield gauge(catalogue.OUTAGE_START, running)
    yield counter(catalogue.OUTAGE_SECONDS, totals)


def _is_blocked_for(rotation: Rotation | None, reason: BlockReason) -> bool:
    return rotation is not None and rotation.blocked is not None and rotation.blocked.reason is reason


def _outage_started_at(rotation: Rotation | None) -> datetime | None:
    return rotation.outage_started_at if rotation is not None and rotation.has_running_outage else None
