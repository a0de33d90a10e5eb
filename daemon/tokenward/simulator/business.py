"""Apple's Business and School Manager APIs over HTTP, with the token endpoint of ``account.apple.com`` beside them.

One listener has all: ``/auth/oauth2/token`` and ``/auth/oauth2/v2/token``, the business base ``/v1`` and the school
base ``/school/v1``. The school's offers the list of services, read only, and neither users nor audit events.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from tokenward.simulator.answers import Answer
from tokenward.simulator.api_clients import AUDIT_ROLES, SERVICE_ROLES
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.durable import Store
from tokenward.simulator.faults import Faults, Place
from tokenward.simulator.grants import find_client, grant
from tokenward.simulator.jsonapi import ApiRefused, Listing, single
from tokenward.simulator.mdm_servers import (
    KIND,
    create_server,
    delete_server,
    find_server,
    resource_of,
    update_server,
)
from tokenward.simulator.members import AUDIT_EVENTS, USERS, audit_events_of, find_member, users_of
from tokenward.simulator.state import ApiClient, Product, World

Endpoint = Callable[[Request], Awaitable[Response]]
Step = Callable[[World, ApiClient, Request, bytes], tuple[World, Answer]]
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_OPERATIONS: Final = {"GET": "GET_INSTANCE", "PATCH": "UPDATE", "DELETE": "DELETE"}
_COLLECTION_OPERATIONS: Final = {"GET": "GET_COLLECTION", "POST": "CREATE"}


def business_app(store: Store, faults: Faults) -> Starlette:
    """Return the application for both APIs and their token endpoint."""
    api = _Api(store, faults)
    business = [
        *_server_routes(api, Product.BUSINESS),
        *_routes(api, Product.BUSINESS, "/auditEvents", Place.AUDIT_EVENTS, {"GET": _list_events}),
        *_routes(api, Product.BUSINESS, "/users", Place.USERS, {"GET": _list_users}),
        *_routes(api, Product.BUSINESS, "/users/{key}", Place.USERS, {"GET": _get_user}),
    ]
    return Starlette(
        routes=[
            Route("/auth/oauth2/token", api.token, methods=["POST"]),
            Route("/auth/oauth2/v2/token", api.token, methods=["POST"]),
            Mount("/v1", routes=business),
            Mount("/school/v1", routes=_server_routes(api, Product.SCHOOL)),
        ],
        exception_handlers={HTTPException: _http_error},
    )


def _server_routes(api: "_Api", product: Product) -> list[Route]:
    collection: dict[str, Step] = {"GET": _list_servers}
    one: dict[str, Step] = {"GET": _get_server}
    if product is Product.BUSINESS:
        collection["POST"] = _create_server
        one |= {"PATCH": _update_server, "DELETE": _delete_server}
    return [
        *_routes(api, product, "/mdmServers", Place.MDM_SERVERS, collection),
        *_routes(api, product, "/mdmServers/{key}", Place.MDM_SERVERS, one),
    ]


def _routes(api: "_Api", product: Product, path: str, place: Place, steps: dict[str, Step]) -> list[Route]:
    return [Route(path, api.endpoint(product, place, steps), methods=_METHODS)]


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = "NOT_FOUND" if status == HTTPStatus.NOT_FOUND else "METHOD_NOT_ALLOWED"
    return ApiRefused(status, code, "There is nothing at this address.").answer().response()


class _Api:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    async def token(self, request: Request) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type", "")

        async def work() -> Answer:
            return await self._store.change(lambda world: grant(world, kind, body, simulated_now(world.clock_offset)))

        return (await self._faults.around(Place.OAUTH, None, work)).response()

    def endpoint(self, product: Product, place: Place, steps: dict[str, Step]) -> Endpoint:
        """Return an endpoint that asks for an access token of *product*, then for a step for the method."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()

            def change(world: World) -> tuple[World, Answer]:
                client = _client(world, product, request)
                _check_role(client, place)
                return _step(steps, request)(world, client, request, body)

            async def work() -> Answer:
                try:
                    return await self._store.change(change)
                except ApiRefused as refused:
                    return refused.answer()

            service = self._store.world.services.get(request.path_params.get("key", ""))
            answer = await self._faults.around(place, service.name if service else None, work)
            return _worded(answer).response()

        return endpoint


def _worded(answer: Answer) -> Answer:
    """Return *answer* with an error object where a fault script gave none, so that it looks like Apple's."""
    if answer.status < HTTPStatus.BAD_REQUEST or answer.body:
        return answer
    code = HTTPStatus(answer.status).name
    return replace(ApiRefused(answer.status, code, "The request failed.").answer(), headers=answer.headers)


def _client(world: World, product: Product, request: Request) -> ApiClient:
    client = find_client(world, request.headers.get("authorization", ""), simulated_now(world.clock_offset))
    if client is None or client.product is not product:
        raise ApiRefused(401, "NOT_AUTHORIZED", "An access token for this API is needed.")
    return client


def _check_role(client: ApiClient, place: Place) -> None:
    allowed = {Place.MDM_SERVERS: SERVICE_ROLES, Place.AUDIT_EVENTS: AUDIT_ROLES}.get(place)
    if allowed is not None and client.role not in allowed:
        raise ApiRefused(403, "FORBIDDEN_ERROR", f"The role {client.role!r} of this API account does not allow this.")


def _step(steps: dict[str, Step], request: Request) -> Step:
    """Return what is to be done; where nothing is, the refusal says what could be."""
    method = "GET" if request.method == "HEAD" else request.method
    if method in steps:
        return steps[method]
    names = _OPERATIONS if "key" in request.path_params else _COLLECTION_OPERATIONS
    offered = ", ".join(names[name] for name in steps)
    detail = f"The resource does not allow {method}. Allowed operations are: {offered}"
    raise ApiRefused(403, "FORBIDDEN_ERROR", detail)


def _base(request: Request) -> str:
    """Return the address of the base that was asked, as the caller wrote it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"


def _list_servers(world: World, _client: ApiClient, request: Request, _body: bytes) -> tuple[World, Answer]:
    listing = Listing(_base(request), request.query_params, world.switches.api_page)
    return world, listing.page(KIND, [resource_of(world, service) for service in world.services.values()])


def _get_server(world: World, _client: ApiClient, request: Request, _body: bytes) -> tuple[World, Answer]:
    service = find_server(world, request.path_params["key"])
    return world, single(resource_of(world, service), _base(request), KIND.fields(request.query_params))


def _create_server(world: World, client: ApiClient, request: Request, body: bytes) -> tuple[World, Answer]:
    world, service = create_server(world, body, client, simulated_now(world.clock_offset))
    return world, single(resource_of(world, service), _base(request), None, 201)


def _update_server(world: World, client: ApiClient, request: Request, body: bytes) -> tuple[World, Answer]:
    key = request.path_params["key"]
    world, service = update_server(world, key, body, client, simulated_now(world.clock_offset))
    return world, single(resource_of(world, service), _base(request), None)


def _delete_server(world: World, _client: ApiClient, request: Request, _body: bytes) -> tuple[World, Answer]:
    return delete_server(world, request.path_params["key"]), Answer(204)


def _list_events(world: World, _client: ApiClient, request: Request, _body: bytes) -> tuple[World, Answer]:
    listing = Listing(_base(request), request.query_params, world.switches.api_page, counted=False)
    return world, listing.page(AUDIT_EVENTS, audit_events_of(world, request.query_params))


def _list_users(world: World, _client: ApiClient, request: Request, _body: bytes) -> tuple[World, Answer]:
    return world, Listing(_base(request), request.query_params, world.switches.api_page).page(USERS, users_of(world))


def _get_user(world: World, _client: ApiClient, request: Request, _body: bytes) -> tuple[World, Answer]:
    user = find_member(world, request.path_params["key"])
    return world, single(user, _base(request), USERS.fields(request.query_params))
