"""Everything that is measured, computed when somebody asks: nothing is counted here, so nothing is lost by a restart.

A part that fails leaves its series out and is counted; the rest of the page is there all the same.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import structlog
from prometheus_client.core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from tokenward.model.finding import Retryable
from tokenward.rotation.ports import World
from tokenward.web import catalogue
from tokenward.web.families import counter, open_totals
from tokenward.web.metrics_of_events import drop_families, event_families
from tokenward.web.metrics_of_people import coverage_families, notice_families, people_families
from tokenward.web.metrics_of_process import process_families, source_families
from tokenward.web.metrics_of_rotations import ended_families, outage_families, rotation_families
from tokenward.web.metrics_of_tokens import expiry_families, probe_families, target_families, token_families
from tokenward.web.read_model import ReadModel
from tokenward.web.scrape import Scrape
from tokenward.web.vitals import Vitals

log = structlog.get_logger(__name__)

COMPONENT: Final = "metrics"
"""Under this name the faults of this module are counted."""

OF_PROCESS: Final[tuple[Callable[[Vitals], Iterable[Metric]], ...]] = (process_families, source_families)
OF_RECORD: Final[tuple[Callable[[Scrape], Iterable[Metric]], ...]] = (
    expiry_families,
    token_families,
    probe_families,
    rotation_families,
    ended_families,
    outage_families,
    people_families,
    coverage_families,
    notice_families,
    event_families,
    drop_families,
    target_families,
)


class Metrics:
    """What is measured, as a collector for each scrape."""

    def __init__(self, read_model: ReadModel, world: Callable[[], World], vitals: Callable[[], Vitals]) -> None:
        """Look at *read_model*, the *world* in force and the process's *vitals*, each time anew."""
        self._read_model = read_model
        self._world = world
        self._vitals = vitals
        self._process = ProcessCollector(registry=None)
        self._faults = 0

    async def look(self) -> Collector:
        """Return a collector over this moment. Where the record can't be read, it has only what the process knows."""
        vitals = self._vitals()
        return _Moment(partial(self._families, vitals, await self._scrape(vitals)))

    async def _scrape(self, vitals: Vitals) -> Scrape | None:
        world = self._world()
        try:
            return await self._read_model.look(lambda views: Scrape.of(vitals, world, views))
        except Retryable as error:
            log.warning("metrics.record_unreadable", error=str(error))
        except Exception:  # as in _guarded
            self._faults += 1
            log.exception("metrics.part_failed", part="record")
        return None

    def _families(self, vitals: Vitals, scrape: Scrape | None) -> Iterator[Metric]:
        yield from self._guarded("process", self._process.collect)
        for of_process in OF_PROCESS:
            yield from self._guarded(of_process.__name__, partial(of_process, vitals))
        if scrape is not None:
            for of_record in OF_RECORD:
                yield from self._guarded(of_record.__name__, partial(of_record, scrape))
        yield self._internal_errors(scrape)

    def _guarded(self, part: str, families: Callable[[], Iterable[Metric]]) -> Iterable[Metric]:
        try:
            return list(families())
        except Exception:  # whatever it is, an operator needs the rest of the page to see it
            self._faults += 1
            log.exception("metrics.part_failed", part=part)
            return ()

    def _internal_errors(self, scrape: Scrape | None) -> Metric:
        """Return all faults: those of this module are not on record, since whoever reads writes nothing."""
        totals = open_totals(catalogue.INTERNAL_ERRORS, scrape.tallies, [("rotation",)]) if scrape else {}
        return counter(catalogue.INTERNAL_ERRORS, {**totals, (COMPONENT,): float(self._faults)})


class _Moment(Collector):
    """A collector over one moment."""

    def __init__(self, families: Callable[[], Iterable[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families()
