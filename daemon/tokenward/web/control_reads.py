"""What the control socket tells the command line. Who can connect may know everything, departures included."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.routing import Route

from tokenward.model.arrival import Arrivals, Place
from tokenward.model.finding import Code, Finding
from tokenward.model.instant import BadInstant, Clock, parse_instant
from tokenward.rotation.ports import World
from tokenward.web.answering import NotThere, answering, json_bytes, limit_of, misunderstood, named_or_retired
from tokenward.web.overview import Overview
from tokenward.web.read_model import ReadModel, Views
from tokenward.web.report import report
from tokenward.web.service_detail import service_detail
from tokenward.web.service_history import service_history
from tokenward.web.status import status
from tokenward.web.vitals import Build

_PLACE: Final = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})")
_BITS: Final = 63
"""SQLite's whole numbers end there."""


class ControlReads:
    """Answers questions about the services and about what came in."""

    def __init__(self, read_model: ReadModel, world: Callable[[], World], clock: Clock, build: Build) -> None:
        """Look at *read_model* and the *world* in force, each time anew."""
        self._read_model = read_model
        self._world = world
        self._clock = clock
        self._build = build

    def routes(self) -> tuple[Route, ...]:
        """Return the routes that answer questions, all of them GET.

        ``/v1/status``, ``/v1/services/{id}``, ``/v1/services/{id}/history?limit=N``, ``/v1/version``,
        ``/v1/report?from=INSTANT&to=INSTANT``, ``/v1/events?after=PLACE&limit=N``, where a PLACE is the ``after`` of an
        earlier answer and the latest are given without one, and ``/v1/events/{number}``. What can't be answered is
        answered with a finding (``code``, ``happened``, ``means``, ``do``): 404 for a service or an event that is not
        there, 400 for a wrong limit, place or time, 503 while the record can't be read.
        """
        return (
            Route("/v1/status", answering(self._status)),
            Route("/v1/services/{id}", answering(self._service)),
            Route("/v1/services/{id}/history", answering(self._history)),
            Route("/v1/events", answering(self._events)),
            Route("/v1/events/{number:int}", answering(self._event)),
            Route("/v1/report", answering(self._report)),
            Route("/v1/version", answering(self._version)),
        )

    async def _status(self, _: Request) -> bytes:
        return await self._look(lambda overview, _: status(overview))

    async def _service(self, request: Request) -> bytes:
        service = named_or_retired(request, self._world()).service
        return await self._look(lambda overview, _: service_detail(service, overview))

    async def _history(self, request: Request) -> bytes:
        service, limit = named_or_retired(request, self._world()).service, limit_of(request)
        return await self._look(
            lambda overview, views: service_history(service.id, views.history(service.id, limit), overview)
        )

    async def _events(self, request: Request) -> bytes:
        place, limit = _place(request), limit_of(request)
        return await self._read_model.look(
            lambda views: json_bytes(
                _told(views.latest_arrivals(limit) if place is None else views.arrivals_after(place, limit))
            )
        )

    async def _event(self, request: Request) -> bytes:
        number = int(request.path_params["number"])
        return await self._read_model.look(lambda views: json_bytes(_one(views, number)))

    async def _report(self, request: Request) -> bytes:
        start, end = _instant(request, "from"), _instant(request, "to")
        if start >= end:
            raise misunderstood("The report would end before it begins.", "Name a later end, or an earlier beginning.")
        return await self._look(lambda overview, views: report(start, end, overview, views))

    async def _version(self, _: Request) -> bytes:
        return json_bytes(self._build)

    async def _look(self, work: Callable[[Overview, Views], object]) -> bytes:
        """Return as JSON what *work* makes of this moment, all of it off the event loop."""
        world, now = self._world(), self._clock.now()
        return await self._read_model.look(lambda views: json_bytes(work(Overview.of_world(world, views, now), views)))


def _told(found: Arrivals) -> dict[str, object]:
    return {"events": found.entries, "after": f"{found.place.event}.{found.place.refusal}"}


def _one(views: Views, number: int) -> dict[str, object]:
    """Return one event, with what was answered about tokens because of it.

    Raises:
        NotThere: There is none.
    """
    found = views.arrival(number) if number.bit_length() < _BITS else None
    if found is None:
        raise NotThere(
            Finding(
                Code.NOT_AN_EVENT,
                f"There is no event {str(number)[:20]}.",
                "Nothing was looked up.",
                "See `tokenward events` for those that there are.",
            )
        )
    return {"event": found, "answers": views.answers(number)}


def _instant(request: Request, name: str) -> datetime:
    """Return the instant that the question names.

    Raises:
        NeedsOperator: It names none.
    """
    written = request.query_params.get(name, "")
    try:
        return parse_instant(written)
    except BadInstant as error:
        raise misunderstood(f"{name}={written[:40]!r}: {error}.", "Write 2026-01-01T00:00:00Z.") from error


def _place(request: Request) -> Place | None:
    """Return behind which event and refusal whoever asks has read on; None: they begin.

    Raises:
        NeedsOperator: It is no place that an answer ever gave.
    """
    written = request.query_params.get("after")
    if written is None:
        return None
    found = _PLACE.fullmatch(written)
    if found is None:
        raise misunderstood(
            f"after={written[:40]!r} is no place among the events.",
            "Give the `after` of an earlier answer, such as 0.0.",
        )
    return Place(int(found[1]), int(found[2]))
