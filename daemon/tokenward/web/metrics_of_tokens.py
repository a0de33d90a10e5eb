"""Metrics about the tokens in use, and about the targets that hold them."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from tokenward.model.token import TokenState
from tokenward.policy.due import expiry_of
from tokenward.web import catalogue
from tokenward.web.families import closed_totals, counter, gauge, stateset
from tokenward.web.scrape import Scrape
from tokenward.web.series import ServiceSeries
from tokenward.web.standing import backup_custodians, custodian_of, next_rotation_at

PROBE_RESULTS = (*(state.value for state in TokenState), "network", "other")
"""What a question about a token can be answered with: a state, nothing at all, or something that tells no state."""


def expiry_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield which token is in use and until when."""
    series, now = scrape.series, scrape.overview.now
    expiries = [(one.token_labels, expiry_of(one.facts)) for one in series]
    yield gauge(catalogue.TOKEN_INFO, [(_info(one), 1) for one in series])
    yield gauge(catalogue.TOKEN_EXPIRY, [(labels, expiry.at) for labels, expiry in expiries if expiry])
    yield gauge(catalogue.TOKEN_DAYS, [(labels, expiry.days_left(now)) for labels, expiry in expiries if expiry])


def token_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield how things stand with each token in use."""
    series, now = scrape.series, scrape.overview.now
    tokens = [(one.labels, one.record.token) for one in series]
    yield stateset(
        catalogue.TOKEN_STATE,
        tuple(TokenState),
        [(labels, token.state if token else TokenState.UNKNOWN) for labels, token in tokens],
    )
    yield gauge(catalogue.TOKEN_ISSUED, [(labels, token.issued_at) for labels, token in tokens if token])
    yield gauge(catalogue.TOKEN_INSTALLED, [(labels, token.since) for labels, token in tokens if token])
    yield gauge(catalogue.PROOF_RUNG, [(labels, token.rung) for labels, token in tokens if token])
    yield gauge(catalogue.PLANNED_ROTATION, [(one.labels, next_rotation_at(one.facts)) for one in series])
    yield gauge(catalogue.BACKUP_CUSTODIANS, [(one.labels, backup_custodians(one.facts, now)) for one in series])


def probe_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield when each token was last asked after, and what came of all the asking."""
    series = scrape.series
    readings = [(one.labels, one.record.last_reading) for one in series]
    yield gauge(catalogue.LAST_PROBE, [(labels, reading.at) for labels, reading in readings if reading])
    yield gauge(
        catalogue.LAST_PROBE_SUCCESS, [(labels, reading.answered_at) for labels, reading in readings if reading]
    )
    known = [(*one.labels, result) for one in series for result in PROBE_RESULTS]
    yield counter(catalogue.PROBES, closed_totals(catalogue.PROBES, scrape.tallies, known))


def target_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield whether the targets let us in."""
    services = scrape.overview.roster.services
    targets = [
        ((services[one.service].organisation, one.service, one.target), one)
        for one in scrape.vitals.targets
        if one.service in services
    ]
    yield gauge(catalogue.TARGET_UP, [(labels, one.is_up) for labels, one in targets])
    yield gauge(catalogue.TARGET_LAST_SUCCESS, [(labels, one.last_success_at) for labels, one in targets])


def _info(series: ServiceSeries) -> tuple[str, ...]:
    first, expiry = series.service.targets[0], expiry_of(series.facts)
    basis = expiry.basis.value if expiry else "unknown"
    return (*series.token_labels, first.id, first.kind, custodian_of(series.facts) or "", basis)
