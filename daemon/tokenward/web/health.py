"""Two questions that a supervisor asks: does the process turn, and can it do its work?"""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tokenward.web.vitals import Readiness


def health_routes(readiness: Callable[[], Readiness]) -> tuple[Route, ...]:
    """Return ``GET /healthz``, which is answered as long as the event loop turns, and ``GET /readyz``.

    The latter answers 200, or 503 with what is missing: ``{"ready": false, "missing": ["store: it can't …"]}``.
    """

    async def is_alive(_: Request) -> Response:
        return JSONResponse({"alive": True})

    async def is_ready(_: Request) -> Response:
        missing = readiness().missing
        status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
        return JSONResponse({"ready": not missing, "missing": list(missing)}, status)

    return (Route("/healthz", is_alive), Route("/readyz", is_ready))
