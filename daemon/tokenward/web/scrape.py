"""What one scrape shows: the record as of one moment, and what the process knows of itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tokenward.rotation.ports import World
from tokenward.web.overview import Overview
from tokenward.web.read_model import Depths, TallyRow, Views
from tokenward.web.series import ServiceSeries, all_series
from tokenward.web.vitals import Vitals

Tallies = Mapping[str, Sequence[TallyRow]]
"""Totals by name."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """Everything that the metrics are computed from."""

    vitals: Vitals
    overview: Overview
    series: tuple[ServiceSeries, ...]
    tallies: Tallies
    depths: Depths

    @classmethod
    def of(cls, vitals: Vitals, world: World, views: Views) -> "Scrape":
        """Return what *views* hold about the services of *world*, seen at the moment of *vitals*."""
        overview = Overview.of_world(world, views, vitals.now)
        by_name: dict[str, list[TallyRow]] = defaultdict(list)
        for row in views.tallies():
            by_name[row.name].append(row)
        return cls(vitals, overview, all_series(overview), by_name, views.depths())
