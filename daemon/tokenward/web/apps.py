"""The listeners' applications, put together from parts that are handed in."""

from collections.abc import Callable, Iterable
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from tokenward.model.finding import Retryable
from tokenward.web.assets import asset_routes
from tokenward.web.board.pages import Board
from tokenward.web.control_reads import ControlReads
from tokenward.web.exposition import Exposition
from tokenward.web.handover.routes import Handover, trouble
from tokenward.web.handover.upload import LARGEST_BODY
from tokenward.web.health import health_routes
from tokenward.web.metrics import Metrics
from tokenward.web.own_host import OwnHost
from tokenward.web.strict import Strict
from tokenward.web.vitals import Readiness

_NO_BODY: Final = 4 * 1024
"""Room for the body of a question that has none; whatever is longer is refused."""
_LARGEST_BODY: Final = 1024 * 1024
"""For any request over the control socket; a route that takes bodies sets its own, lower limit."""


def metrics_app(metrics: Metrics, readiness: Callable[[], Readiness], beside: Iterable[BaseRoute] = ()) -> Starlette:
    """Return the application of the metrics listener: ``/metrics``, ``/healthz`` and ``/readyz``, all of them GET.

    *beside* is what the same listener serves besides: the board, where their addresses are equal.
    """
    routes = [Route("/metrics", Exposition(metrics).answer), *health_routes(readiness), *beside]
    return Starlette(routes=routes, middleware=[_at_most(_NO_BODY)])


def public_app(handover: Handover) -> ASGIApp:
    """Return the application of the public listener: the personal pages, and what they are made of."""
    routes = [*handover.routes(), *asset_routes()]
    app = Starlette(routes=routes, middleware=[_at_most(LARGEST_BODY)], exception_handlers={Retryable: trouble})
    app.router.redirect_slashes = False  # such a redirect leads to whatever host the request names, with the key
    return Strict(app)


def operations_app(board: BaseRoute) -> Starlette:
    """Return the application of a listener that has the board to itself."""
    return Starlette(routes=[board], middleware=[_at_most(_NO_BODY)])


def board_mount(board: Board, names: Iterable[str]) -> Mount:
    """Return the board as what is asked behind everything else, for whoever calls it by one of *names*.

    Metrics and health stand before it and answer whatever they are called by: who scrapes them may use any name.
    """
    return Mount("/", routes=board.routes(), middleware=[Middleware(OwnHost, names=names)])


def control_app(reads: ControlReads, source_routes: Iterable[BaseRoute]) -> Starlette:
    """Return the application of the control socket: what *reads* answers, and the control source's own routes."""
    return Starlette(routes=[*reads.routes(), *source_routes], middleware=[_at_most(_LARGEST_BODY)])


def _at_most(size: int) -> Middleware:
    return Middleware(RequestBodyLimitMiddleware, max_body_size=size)
