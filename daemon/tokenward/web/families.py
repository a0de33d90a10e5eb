"""From entries of the catalogue and plain values to what the Prometheus client renders."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    StateSetMetricFamily,
)

from tokenward.web.catalogue import Entry
from tokenward.web.scrape import Tallies

Labels = tuple[str, ...]


def gauge(entry: Entry, samples: Iterable[tuple[Labels, float | datetime | None]]) -> Metric:
    """Return a gauge. What is None has no series; an instant is shown as seconds since 1970."""
    family = GaugeMetricFamily(entry.name, entry.help, labels=entry.labels)
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, value.timestamp() if isinstance(value, datetime) else float(value))
    return family


def counter(entry: Entry, totals: Mapping[Labels, float]) -> Metric:
    """Return a counter."""
    family = CounterMetricFamily(entry.name, entry.help, labels=entry.labels)
    for labels, total in totals.items():
        family.add_metric(labels, total)
    return family


def stateset(entry: Entry, states: Sequence[str], samples: Iterable[tuple[Labels, str]]) -> Metric:
    """Return a set of series for each sample: that of its state is 1, those of the other *states* are 0."""
    family = StateSetMetricFamily(entry.name, entry.help, labels=entry.labels)
    for labels, present in samples:
        family.add_metric(labels, {str(state): state == present for state in states})
    return family


def histogram(entry: Entry, tallies: Tallies, known: Iterable[Labels], bounds: Sequence[int]) -> Metric:
    """Return a histogram from its tallies; every one of *known* is there even while nothing was counted."""
    counts = totals_of(f"{entry.name}_bucket", (*entry.labels, "le"), tallies)
    sums = totals_of(f"{entry.name}_sum", entry.labels, tallies)
    names = [*(str(float(bound)) for bound in bounds), "+Inf"]
    family = HistogramMetricFamily(entry.name, entry.help, labels=entry.labels)
    for labels in dict.fromkeys((*known, *sums)):
        counted = (counts.get((*labels, str(bound)), 0.0) for bound in (*bounds, "+Inf"))
        rising = accumulate(counted, max)  # also where a bound is new, and what came before it was not counted there
        family.add_metric(labels, list(zip(names, rising, strict=True)), sums.get(labels, 0.0))
    return family


def totals_of(name: str, labels: Sequence[str], tallies: Tallies) -> dict[Labels, float]:
    """Return the totals of *name* by the values of *labels*."""
    return {tuple(row.labels.get(label, "") for label in labels): row.amount for row in tallies.get(name, ())}


def closed_totals(entry: Entry, tallies: Tallies, known: Iterable[Labels]) -> dict[Labels, float]:
    """Return the totals of exactly the *known* labels, 0 where nothing was counted yet."""
    totals = totals_of(entry.name, entry.labels, tallies)
    return {labels: totals.get(labels, 0.0) for labels in known}


def open_totals(entry: Entry, tallies: Tallies, known: Iterable[Labels]) -> dict[Labels, float]:
    """Return the totals of the *known* labels, 0 where nothing was counted yet, and of all others that were counted."""
    return {**dict.fromkeys(known, 0.0), **totals_of(entry.name, entry.labels, tallies)}
