"""Totals for metrics, raised in the transaction of the fact that they count."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from tokenward.model.event import Event
from tokenward.rotation.ledger import Change

PHASE_BUCKETS: Final = (1, 5, 30, 120, 600, 3600, 14_400, 86_400, 172_800, 432_000, 1_209_600)
"""Upper bounds in seconds for the phases of a rotation, from a second to a fortnight."""
LAG_BUCKETS: Final = (1, 10, 60, 600, 3600, 21_600, 86_400, 604_800)
"""Upper bounds in seconds for the time from an occurrence to its reception."""


def tally_event(change: Change, event: Event, outcome: str) -> None:
    """Count *event* under its *outcome*: accepted, duplicate, ignored, rejected or late."""
    labels = {"source": event.source, "kind": event.shown_kind, "outcome": outcome}
    change.tallies.add("tokenward_events_total", labels)


def tally_lag(change: Change, event: Event) -> None:
    """Count how long *event* took to reach us, where it says when it happened."""
    if event.occurred_at is not None:
        lag = max(event.received_at - event.occurred_at, timedelta(0))
        observe(change, "tokenward_event_lag_seconds", {"source": event.source}, lag, LAG_BUCKETS)


def observe(change: Change, name: str, labels: Mapping[str, str], value: timedelta, buckets: tuple[int, ...]) -> None:
    """Count *value* into a histogram: one tally for each bucket that it fits into, one for the sum."""
    seconds = value.total_seconds()
    for bound in buckets:
        if seconds <= bound:
            change.tallies.add(f"{name}_bucket", {**labels, "le": str(bound)})
    change.tallies.add(f"{name}_bucket", {**labels, "le": "+Inf"})
    change.tallies.add(f"{name}_sum", labels, seconds)
