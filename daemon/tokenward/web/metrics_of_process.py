"""Metrics about the daemon itself. They need no record, so they are there even when it can't be read."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from tokenward.web import catalogue
from tokenward.web.families import gauge
from tokenward.web.vitals import SourceHealth, Vitals


def process_families(vitals: Vitals) -> Iterator[Metric]:
    """Yield what is running and whether it is well."""
    build, configuration = vitals.build, vitals.configuration
    yield gauge(catalogue.BUILD_INFO, [((build.version, build.revision, build.python), 1)])
    yield gauge(catalogue.READY, [((), not vitals.readiness.missing)])
    yield gauge(catalogue.CLOCK_TIME, [((), vitals.now)])
    yield gauge(catalogue.CLOCK_SKEW, [((peer,), skew) for peer, skew in vitals.clock_skew_seconds.items()])
    yield gauge(catalogue.CONFIG_SUCCESSFUL, [((), configuration.is_loaded)])
    yield gauge(catalogue.CONFIG_SUCCESS_AT, [((), configuration.loaded_at)])
    yield gauge(catalogue.STORE_BYTES, [((), vitals.store_bytes)])


def source_families(vitals: Vitals) -> Iterator[Metric]:
    """Yield how the sources stand, and what waits in the drop folder."""
    sources = vitals.sources
    yield gauge(catalogue.SOURCE_UP, [((one.source, one.kind), one.is_up) for one in sources])
    yield gauge(catalogue.SOURCE_LAST_SUCCESS, [((one.source,), one.last_success_at) for one in sources])
    yield gauge(catalogue.SOURCE_LAST_EVENT, [((one.source,), one.last_event_at) for one in sources])
    yield gauge(catalogue.SOURCE_SILENCE, [((one.source,), _silence_seconds(one)) for one in sources])
    yield gauge(catalogue.DROP_OLDEST, [((folder,), at) for folder, at in vitals.oldest_pending_at.items()])


def _silence_seconds(source: SourceHealth) -> float | None:
    return None if source.silence_limit is None else source.silence_limit.total_seconds()
