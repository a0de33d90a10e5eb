"""Scraping a fixed moment, and reading what is on the page."""

from collections import defaultdict
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from fakes.views import FakeReadModel
from tokenward.store.views import TallyRow
from tokenward.web.metrics import Metrics
from web.scene import (
    a_roster,
    a_world,
    the_views,
    the_vitals,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "metrics.txt"
MAIN = {"organisation": "corp", "service": "main"}


def the_metrics(views=None, roster=None, **words):
    """Return the metrics of a fixed moment."""
    world, vitals = a_world(roster or a_roster()), the_vitals(**words)
    return Metrics(FakeReadModel(views or the_views()), lambda: world, lambda: vitals)


async def page(*args, **words):
    """Return the page in the text format, without what the operating system says of this very process."""
    families = "".join(generate_latest(await the_metrics(*args, **words).look()).decode()).split("# HELP ")
    return "".join(f"# HELP {family}" for family in families if family and not family.startswith("process_"))


def samples_of(text):
    """Return every sample of *text* by name, as labels and value."""
    found = defaultdict(list)
    for family in parse_text(text):
        for sample in family.samples:
            found[sample.name].append((sample.labels, sample.value))
    return found


def value_of(text, name, **labels):
    """Return the one value of the series that has *labels*; None where there is no such series."""
    values = [value for has, value in samples_of(text)[name] if labels.items() <= has.items()]
    assert len(values) <= 1, values
    return values[0] if values else None


def observed(name, labels, bounds, *values):
    """Return the tallies that the engine keeps of *values*, all in seconds."""
    for bound in (*bounds, "+Inf"):
        if count := sum(value <= float(bound) for value in values):
            yield TallyRow(f"{name}_bucket", {**labels, "le": str(bound)}, float(count))
    yield TallyRow(f"{name}_sum", labels, float(sum(values)))
