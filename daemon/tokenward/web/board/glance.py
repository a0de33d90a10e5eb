"""The board at a glance: every organisation and service, what needs somebody, and what nobody can see. Pure."""

from collections.abc import Mapping
from datetime import datetime

from tokenward.model.service import Service
from tokenward.web.board.needs import (
    blind_spots_of,
    in_order,
    is_silent,
    needs_of,
    needs_of_organisation,
    needs_of_process,
)
from tokenward.web.board.rotation import somebody
from tokenward.web.board.service import service_view
from tokenward.web.board.view import BlindSpot, BoardView, CoverageView, Need, OrganisationView, SourceView
from tokenward.web.coverage import NOBODY, coverage_of
from tokenward.web.overview import Overview
from tokenward.web.vitals import Signal, Vitals


def board(overview: Overview, vitals: Vitals, heard_at: Mapping[str, datetime]) -> BoardView:
    """Return everything at a glance; *heard_at* says when each source last sent an event that may be told of."""
    services: dict[str, list[Service]] = {organisation: [] for organisation in overview.roster.organisations}
    for service in overview.roster.services.values():
        services[service.organisation].append(service)
    needs: list[Need] = [*needs_of_process(vitals)]
    blind_spots: list[BlindSpot] = []
    organisations = []
    for organisation, its_services in services.items():
        view, its_needs = _organisation(organisation, its_services, overview, blind_spots)
        organisations.append(view)
        needs += its_needs
    return BoardView(
        at=overview.now,
        version=vitals.build.version,
        needs=in_order(needs),
        organisations=tuple(organisations),
        blind_spots=tuple(blind_spots),
        coverage=_coverage(overview, vitals),
        sources=_sources(vitals, heard_at),
    )


def _organisation(
    organisation: str, services: list[Service], overview: Overview, blind_spots: list[BlindSpot]
) -> tuple[OrganisationView, list[Need]]:
    needs: list[Need] = []
    views = []
    for service in services:
        view, facts = service_view(service, overview), overview.shown_facts_of(service)
        views.append(view)
        needs += needs_of(view, facts, overview)
        blind_spots += blind_spots_of(view, facts, overview)
    known = overview.roster.organisations[organisation]
    linked = any(view.linked for view in views)
    whole = OrganisationView(organisation, known.name, known.portal, linked, tuple(views))
    return whole, [*needs, *needs_of_organisation(whole, needs)]


def _coverage(overview: Overview, vitals: Vitals) -> tuple[CoverageView, ...]:
    people = overview.roster.people
    sources: dict[tuple[str, Signal], list[str]] = {}
    for one in coverage_of(people, vitals.coverage):
        sources.setdefault((one.person, one.signal), []).extend([one.source] if one.source != NOBODY else [])
    return tuple(
        CoverageView(
            somebody(person, overview.roster),
            {signal: tuple(sources[person, signal]) for signal in Signal},
        )
        for person in people
    )


def _sources(vitals: Vitals, heard_at: Mapping[str, datetime]) -> tuple[SourceView, ...]:
    return tuple(
        SourceView(
            id=source.source,
            kind=source.kind,
            is_up=source.is_up,
            is_silent=is_silent(source, vitals),
            alive_at=source.last_success_at,
            heard_at=heard_at.get(source.source),
        )
        for source in vitals.sources
    )
