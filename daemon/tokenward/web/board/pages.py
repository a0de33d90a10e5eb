"""The operators' board over HTTP: pages, and the same knowledge as JSON. It only reads."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tokenward.model.finding import Code, Finding, Retryable
from tokenward.model.rotation import Rotation
from tokenward.rotation.ports import World
from tokenward.web.answering import NotThere, json_bytes, named
from tokenward.web.assets import asset_routes
from tokenward.web.board import words as board_words
from tokenward.web.board.glance import board
from tokenward.web.board.rotation import rotation_page
from tokenward.web.board.service import service_page
from tokenward.web.board.view import BoardView, RotationPage, ServicePage
from tokenward.web.html import page, render
from tokenward.web.overview import Overview
from tokenward.web.read_model import AuditLine, ReadModel, Views
from tokenward.web.vitals import Vitals

LINES: Final = 100
"""How many lines of the record a page goes back. The command line has them all."""

_NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Seen = BoardView | ServicePage | RotationPage
Looking = Callable[[Request], Awaitable[Callable[[], Seen]]]
"""Reads the record, and returns what makes of it what is shown: that is work, and is not done by who reads."""

_TEMPLATES: Final[dict[type[Seen], str]] = {
    BoardView: "board.html",
    ServicePage: "board_service.html",
    RotationPage: "board_rotation.html",
}


class Board:
    """Answers who looks at the board, one after the other: many at once take no more memory than one."""

    def __init__(self, read_model: ReadModel, world: Callable[[], World], vitals: Callable[[], Vitals]) -> None:
        """Look at *read_model*, the *world* in force and the process's *vitals*, each time anew."""
        self._read_model = read_model
        self._world = world
        self._vitals = vitals
        self._turn = asyncio.Lock()

    def routes(self) -> tuple[Route, ...]:
        """Return every route of the board, all of them GET.

        ``/``, ``/services/{id}``, ``/rotations/{id}`` are pages; ``/api/v1/status``, ``/api/v1/services/{id}`` and
        ``/api/v1/rotations/{id}`` say the same as JSON. 404 for what is not there, 503 while the record can't be read.
        """
        return (
            Route("/", self._endpoint(self._all, _PAGES)),
            Route("/services/{id}", self._endpoint(self._service, _PAGES)),
            Route("/rotations/{id}", self._endpoint(self._rotation, _PAGES)),
            Route("/api/v1/status", self._endpoint(self._all, _ANSWERS)),
            Route("/api/v1/services/{id}", self._endpoint(self._service, _ANSWERS)),
            Route("/api/v1/rotations/{id}", self._endpoint(self._rotation, _ANSWERS)),
            Route("/api/{path:path}", self._endpoint(_nothing, _ANSWERS)),
            *asset_routes(),
            Route("/{path:path}", self._endpoint(_nothing, _PAGES)),
        )

    def _endpoint(self, look: Looking, form: "_Form") -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            async with self._turn:
                try:
                    seen = await look(request)
                except NotThere as error:
                    return form.trouble(error.finding, HTTPStatus.NOT_FOUND)
                except Retryable as error:
                    return form.trouble(error.finding, HTTPStatus.SERVICE_UNAVAILABLE)
                body = await asyncio.to_thread(lambda: form.body(seen()))
            return form.answer(body)

        return endpoint

    async def _all(self, _: Request) -> Callable[[], Seen]:
        vitals, world = self._vitals(), self._world()
        sources = tuple(source.source for source in vitals.sources)
        overview, heard_at = await self._read_model.look(
            lambda views: (Overview.of_world(world, views, vitals.now), views.last_heard(sources, vitals.now))
        )
        return partial(board, overview, vitals, heard_at)

    async def _service(self, request: Request) -> Callable[[], Seen]:
        now, world = self._vitals().now, self._world()
        service = named(request, world).service
        overview, history = await self._read_model.look(
            lambda views: (Overview.of_world(world, views, now), views.history(service.id, LINES))
        )
        return partial(service_page, service, overview, history)

    async def _rotation(self, request: Request) -> Callable[[], Seen]:
        now, world = self._vitals().now, self._world()
        found = await self._read_model.look(partial(_find, request.path_params["id"], world, now))
        if found is None:
            raise NotThere(_no_such("rotation"))
        return partial(rotation_page, *found)


@dataclass(frozen=True, slots=True)
class _Form:
    """How what is seen goes out: as a page or as JSON."""

    body: Callable[[Seen], str]
    answer: Callable[[str], Response]
    trouble: Callable[[Finding, HTTPStatus], Response]


def _find(
    rotation_id: str, world: World, now: datetime, views: Views
) -> tuple[Rotation, Overview, tuple[AuditLine, ...]] | None:
    rotation = views.rotation(rotation_id)
    if rotation is None:
        return None
    return rotation, Overview.of_world(world, views, now), tuple(views.lines_of(rotation, now, LINES))


async def _nothing(_: Request) -> Callable[[], Seen]:
    raise NotThere(_no_such("page"))


def _no_such(what: str) -> Finding:
    happened = f"There is no such {what} here."
    return Finding(Code.NOT_AN_EVENT, happened, "Nothing was looked up.", "See the board for what there is.")


def _html(seen: Seen) -> str:
    return render(_TEMPLATES[type(seen)], seen=seen, words=board_words)


def _html_trouble(finding: Finding, status: HTTPStatus) -> Response:
    return page(render("board_trouble.html", finding=finding), status)


def _json(seen: Seen) -> str:
    return json_bytes(seen).decode()


def _json_answer(body: str) -> Response:
    return Response(body, media_type="application/json", headers=_NO_STORE)


def _json_trouble(finding: Finding, status: HTTPStatus) -> Response:
    return JSONResponse(finding.parts(), status, _NO_STORE)


_PAGES: Final = _Form(_html, page, _html_trouble)
_ANSWERS: Final = _Form(_json, _json_answer, _json_trouble)
