"""Metrics about the people who download tokens. A departure that is not effective yet is nobody's business."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric

from tokenward.model.person import Person, PersonState, Standing
from tokenward.model.roster import Roster
from tokenward.rotation.announce import level_of
from tokenward.web import catalogue
from tokenward.web.families import counter, gauge, stateset, totals_of
from tokenward.web.scrape import Scrape
from tokenward.web.vitals import Coverage, Signal

NOBODY: Final = "none"
"""The source of a signal that nobody can give."""
_SAID: Final = catalogue.NOTIFICATIONS.labels


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
    yield counter(catalogue.NOTIFICATIONS, totals_of(catalogue.NOTIFICATIONS.name, _SAID, scrape.tallies))
    now = scrape.overview.now
    levels = [
        (one.labels, one.record.rotation and level_of(one.record.rotation, one.facts, now)) for one in scrape.series
    ]
    yield gauge(catalogue.ESCALATION, [(labels, level or 0) for labels, level in levels])


def coverage_families(scrape: Scrape) -> Iterator[Metric]:
    """Yield which source can tell what of whom, and where nobody can."""
    people = scrape.overview.roster.people
    coverage = [one for one in scrape.vitals.coverage if one.person in people]
    coverage += [own for person in people.values() if (own := _own(person))]
    covered = {(one.person, one.signal) for one in coverage}
    uncovered = [
        Coverage(person, signal, NOBODY) for person in people for signal in Signal if (person, signal) not in covered
    ]
    labels = dict.fromkeys((one.person, one.signal.value, one.source) for one in (*coverage, *uncovered))
    yield gauge(catalogue.CUSTODIAN_COVERAGE, [(one, 1) for one in labels])


def _own(person: Person) -> Coverage | None:
    """Return the coverage by the source that the configuration names for the person's password."""
    return Coverage(person.id, Signal.PASSWORD, person.password_source) if person.password_source else None


def _may_be_told(person: str, roster: Roster) -> bool:
    """Return whether every service that *person* stands for is open about departures."""
    services = [one for one in roster.services.values() if person in {one.custodian, *one.deputies}]
    return bool(services) and all(one.policy.departures_open for one in services)
