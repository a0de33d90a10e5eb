"""The listeners' applications, put together from parts that are handed in."""

from collections.abc import Callable, Iterable
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.routing import BaseRoute, Route

from tokenward.web.assets import asset_routes
from tokenward.web.control_reads import ControlReads
from tokenward.web.exposition import Exposition
from tokenward.web.handover.routes import Handover
from tokenward.web.handover.upload import LARGEST_BODY
from tokenward.web.health import health_routes
from tokenward.web.metrics import Metrics
from tokenward.web.vitals import Readiness

_NO_BODY: Final = 4 * 1024
"""Room for the body of a question that has none; whatever is longer is refused."""
_LARGEST_BODY: Final = 1024 * 1024
"""For any request over the control socket; a route that takes bodies sets its own, lower limit."""


def metrics_app(metrics: Metrics, readiness: Callable[[], Readiness]) -> Starlette:
    """Return the application of the metrics listener: ``/metrics``, ``/healthz`` and ``/readyz``, all of them GET."""
    routes = [Route("/metrics", Exposition(metrics).answer), *health_routes(readiness)]
    return Starlette(routes=routes, middleware=[_at_most(_NO_BODY)])


def public_app(handover: Handover) -> Starlette:
    """Return the application of the public listener: the personal pages, and what they are made of."""
    return Starlette(routes=[*handover.routes(), *asset_routes()], middleware=[_at_most(LARGEST_BODY)])


def control_app(reads: ControlReads, source_routes: Iterable[BaseRoute]) -> Starlette:
    """Return the application of the control socket: what *reads* answers, and the control source's own routes."""
    return Starlette(routes=[*reads.routes(), *source_routes], middleware=[_at_most(_LARGEST_BODY)])


def _at_most(size: int) -> Middleware:
    return Middleware(RequestBodyLimitMiddleware, max_body_size=size)
