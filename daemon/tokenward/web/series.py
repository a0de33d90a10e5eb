"""The services as metrics show them: each with its labels, and with no more than anybody may know."""

from dataclasses import dataclass

from tokenward.model.service import Service
from tokenward.policy.decision import Facts
from tokenward.web.catalogue import SERVER_TOKEN
from tokenward.web.overview import Overview
from tokenward.web.read_model import ServiceRecord


@dataclass(frozen=True, slots=True)
class ServiceSeries:
    """One service for the metrics."""

    service: Service
    record: ServiceRecord
    facts: Facts
    """Without departures ahead, unless the service's policy is open about them."""

    @property
    def labels(self) -> tuple[str, str]:
        """Organisation and service."""
        return (self.service.organisation, self.service.id)

    @property
    def token_labels(self) -> tuple[str, str, str]:
        """Organisation, service, and the kind of token."""
        return (*self.labels, SERVER_TOKEN)


def all_series(overview: Overview) -> tuple[ServiceSeries, ...]:
    """Return every configured service; what was removed from the configuration has no series any more."""
    return tuple(
        ServiceSeries(service, overview.record_of(service), overview.shown_facts_of(service))
        for service in overview.roster.services.values()
    )
