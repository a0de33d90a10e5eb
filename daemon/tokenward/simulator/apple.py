"""The device assignment API over HTTP: ``/session``, ``/account`` and, read-only, ``/server/devices``."""

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenward.simulator.answers import Answer, Jsonable
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.devices import device_page
from tokenward.simulator.durable import Store
from tokenward.simulator.faults import Faults, Place
from tokenward.simulator.oauth import BadParameters, parse_authorization
from tokenward.simulator.sessions import SESSION_HEADER, Call, Resumed, open_session, resume_session
from tokenward.simulator.state import Token, World

# unconfirmed: which products are refused; these were seen to be.
REFUSED_AGENTS: Final = re.compile(r"(python-requests|python-httpx|python-httpx2|Go-http-client)/", re.IGNORECASE)
OLDEST_VERSION: Final = 1  # of the protocol, for who names none
ORGANISATION_FIELDS_SINCE: Final = 3
_VERSION: Final = re.compile(r"[0-9]{1,4}")
URLS: Final[list[Jsonable]] = [
    {"uri": "/session", "http_method": ["GET"]},
    {"uri": "/account", "http_method": ["GET"]},
    {"uri": "/server/devices", "http_method": ["POST"], "limit": {"default": 1000, "maximum": 1000}},
]
Work = Callable[[World, Resumed], Answer]


def apple_app(store: Store, faults: Faults) -> Starlette:
    """Return the application for Apple's device assignment API."""
    api = _Api(store, faults)
    routes = [
        Route("/session", api.session, methods=["GET"]),
        Route("/account", api.account, methods=["GET"]),
        Route("/server/devices", api.devices, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=200)])


class _Api:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    async def session(self, request: Request) -> Response:
        call = _call(request)

        async def work() -> Answer:
            return await self._store.change(lambda world: open_session(world, call, simulated_now(world.clock_offset)))

        service = _service_name(self._store.world, _claimed_token(self._store.world, call))
        return (await self._faults.around(Place.SESSION, service, work)).response()

    async def account(self, request: Request) -> Response:
        version = _VERSION.fullmatch(request.headers.get("x-server-protocol-version", ""))
        number = int(version[0]) if version else OLDEST_VERSION
        return await self._authenticated(request, Place.ACCOUNT, lambda world, caller: _account(world, caller, number))

    async def devices(self, request: Request) -> Response:
        body = await request.body()

        def work(world: World, caller: Resumed) -> Answer:
            page = device_page(world.services[caller.token.service], body)
            return replace(page, headers={SESSION_HEADER: caller.session}) if page.status == HTTPStatus.OK else page

        return await self._authenticated(request, Place.DEVICES, work)

    async def _authenticated(self, request: Request, place: Place, work: Work) -> Response:
        call = _call(request)

        async def answer() -> Answer:
            if refused := _refused_agent(request):
                return refused
            return await self._store.change(lambda world: _resumed(world, call, work))

        session = self._store.world.sessions.get(call.session or "")
        token = self._store.world.find_token(session.access_token) if session else None
        service = _service_name(self._store.world, token)
        return (await self._faults.around(place, service, answer)).response()


def _call(request: Request) -> Call:
    """Return what the rules need; the URL as the caller wrote it, since it is part of the signature."""
    host = request.headers.get("host", "")
    return Call(
        method=request.method,
        url=f"{request.url.scheme}://{host}{request.url.path}",
        client=request.client.host if request.client else "",
        authorization=request.headers.get("authorization"),
        session=request.headers.get(SESSION_HEADER),
    )


def _claimed_token(world: World, call: Call) -> Token | None:
    """Return whose token the caller says it has; not checked, good only to choose a fault script."""
    try:
        return world.find_token(parse_authorization(call.authorization)["oauth_token"])
    except BadParameters:
        return None


def _service_name(world: World, token: Token | None) -> str | None:
    return world.services[token.service].name if token else None


def _refused_agent(request: Request) -> Answer | None:
    agent = request.headers.get("user-agent", "").strip()
    if not agent:
        return Answer.text(400, "USER_AGENT_MISSING")
    return Answer.text(400, "USER_AGENT_INVALID") if REFUSED_AGENTS.match(agent) else None


def _resumed(world: World, call: Call, work: Work) -> tuple[World, Answer]:
    world, caller = resume_session(world, call, simulated_now(world.clock_offset))
    return world, caller if isinstance(caller, Answer) else work(world, caller)


def _account(world: World, caller: Resumed, version: int) -> Answer:
    """Return the account detail; what came with protocol version 3 is left out before it."""
    organisation = world.organisation
    detail: dict[str, Jsonable] = {
        "server_name": world.services[caller.token.service].name,
        "server_uuid": caller.token.service,
        "admin_id": caller.token.downloader,
        "facilitator_id": caller.token.downloader,
        "org_name": organisation.name,
        "org_email": organisation.email,
        "org_phone": organisation.phone,
        "org_address": organisation.address,
    }
    if version >= ORGANISATION_FIELDS_SINCE:
        detail |= {
            "org_id": organisation.id,
            "org_id_hash": organisation.id_hash,
            "org_type": organisation.type,
            "org_version": organisation.version,
            "urls": URLS,
        }
    return Answer.json(200, detail, {SESSION_HEADER: caller.session})
