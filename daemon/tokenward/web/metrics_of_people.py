"""Metrics about the people who download tokens. A departure that is not effective yet is nobody's business."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from tokenward.model.person import LOG, NO_CHANNEL, PersonState, Standing
from tokenward.model.roster import Roster
from tokenward.policy.templates import Template
from tokenward.rotation.announce import level_of
from tokenward.web import catalogue
from tokenward.web.coverage import coverage_of
from tokenward.web.families import counter, gauge, open_totals, stateset
from tokenward.web.scrape import Scrape


def people_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield how things stand with everybody whom the configuration names, as far as it may be told."""
    overview, now = scrape.overview, scrape.overview.now
    states = [overview.discreet_people.get(person, PersonState(person)) for person in overview.roster.people]
    yield stateset(
        catalogue.CUSTODIAN_STATE,
        tuple(Standing),
        [((one.person,), Standing.DEPARTED if one.has_left(now) else one.standing) for one in states],
    )
    yield gauge(
        catalogue.CUSTODIAN_DEPARTURE,
        [
            ((state.person,), state.departs_at)
            for state in overview.people.values()
            if _may_be_told(state.person, overview.roster)
        ],
    )


def notice_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield what people were told, and how far each question has gone."""
    said = catalogue.NOTIFICATIONS
    yield counter(said, open_totals(said, scrape.tallies, _results(scrape.overview.roster)))
    now = scrape.overview.now
    levels = [
        (one.labels, one.record.rotation and level_of(one.record.rotation, one.facts, now)) for one in scrape.series
    ]
    yield gauge(catalogue.ESCALATION, [(labels, level or 0) for labels, level in levels])


def _results(roster: Roster) -> Iterator[tuple[str, str, str]]:
    """Yield what can become of a message, so that the first failure of a channel is already a rise."""
    everybody = (roster.operators, roster.on_call, *(person.contact for person in roster.people.values()))
    channels = dict.fromkeys(contact.channel for contacts in everybody for contact in contacts)
    for template in Template:
        yield LOG, template.value, "sent"
        yield NO_CHANNEL, template.value, "suppressed"
        for channel in channels:
            yield from ((channel, template.value, result) for result in ("sent", "failed"))


def coverage_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield which source can tell what of whom, and where nobody can."""
    coverage = coverage_of(scrape.overview.roster.people, scrape.vitals.coverage)
    yield gauge(catalogue.CUSTODIAN_COVERAGE, [((one.person, one.signal.value, one.source), 1) for one in coverage])


def _may_be_told(person: str, roster: Roster) -> bool:
    """Return whether every service that *person* stands for is open about departures."""
    services = [one for one in roster.services.values() if person in {one.custodian, *one.deputies}]
    return bool(services) and all(one.policy.departures_open for one in services)
