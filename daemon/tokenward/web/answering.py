"""How the control socket answers: JSON, and a finding where there is no answer."""

import json
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable, TokenwardError
from tokenward.rotation.intake import unknown_service
from tokenward.rotation.ports import ServiceWorld, World
from tokenward.web.as_json import as_json

USUAL_LINES: Final = 50
MOST_LINES: Final = 1000

Answering = Callable[[Request], Awaitable[bytes]]


class NotThere(NeedsOperator):
    """What was asked for is not there."""


def answering(answer: Answering) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that gives *answer* as JSON, and a finding where there is none.

    404 for what is not there, 503 while the record can't be read or written, 400 for everything else.
    """

    async def endpoint(request: Request) -> Response:
        try:
            return Response(await answer(request), media_type="application/json")
        except NotThere as error:
            return _refusal(error, HTTPStatus.NOT_FOUND)
        except NeedsOperator as error:
            return _refusal(error, HTTPStatus.BAD_REQUEST)
        except Retryable as error:
            return _refusal(error, HTTPStatus.SERVICE_UNAVAILABLE)

    return endpoint


def json_bytes(value: object) -> bytes:
    """Return *value*, a tree of dataclasses and plain values, as JSON."""
    return json.dumps(as_json(value), ensure_ascii=False, separators=(",", ":")).encode()


def named(request: Request, world: World) -> ServiceWorld:
    """Return the service that the path names.

    Raises:
        NotThere: None is called that.
    """
    name = str(request.path_params["id"])
    if name not in world.services:
        raise NotThere(unknown_service(name[:60], world.roster))
    return world.services[name]


def named_or_retired(request: Request, world: World) -> ServiceWorld:
    """Return the service that the path names, also where nobody looks after it any more.

    Raises:
        NotThere: None is called that.
    """
    retired = world.retired.get(str(request.path_params["id"]))
    return retired or named(request, world)


def limit_of(request: Request) -> int:
    """Return how many lines are wanted.

    Raises:
        NeedsOperator: No number, or one out of bounds.
    """
    written = request.query_params.get("limit", str(USUAL_LINES))
    if re.fullmatch("[0-9]{1,4}", written) and 1 <= int(written) <= MOST_LINES:
        return int(written)
    raise misunderstood(f"limit={written[:20]!r} is no number of lines.", f"Ask for 1 to {MOST_LINES} lines.")


def misunderstood(happened: str, do: str) -> NeedsOperator:
    """Return the refusal of a question that can't be understood."""
    return NeedsOperator(Finding(Code.NOT_AN_EVENT, happened, "Nothing was looked up.", do))


def _refusal(error: TokenwardError, status_code: HTTPStatus) -> Response:
    return JSONResponse(error.finding.parts(), status_code)
