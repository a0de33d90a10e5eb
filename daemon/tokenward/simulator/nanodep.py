"""The small device management service: the answers of NanoDEP's ``depserver``, as recorded from the real one.

Left out, as nothing about tokens needs them: assigner, MAID tokens, bypass codes.
"""

import asyncio
import base64
import binascii
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenward.simulator.answers import Answer, Jsonable
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.durable import Store
from tokenward.simulator.faults import Faults, Place
from tokenward.simulator.keypairs import make_keypair
from tokenward.simulator.proxy import Proxy
from tokenward.simulator.state import DepName, Secrets, World
from tokenward.simulator.unwrap import CannotOpen, open_envelope, parse_secrets

USER: Final = "depserver"
DEFAULT_CN: Final = "depserver"
_ANY: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_GO_JSON: Final = "application/json"
_GO_TEXT: Final = "text/plain; charset=utf-8"
Handler = Callable[[Request, str], Awaitable[Answer]]


def nanodep_app(store: Store, faults: Faults, proxy: Proxy) -> Starlette:
    """Return the application of the small device management service."""
    api = _Api(store, faults, proxy)
    routes = [
        Route("/version", api.version),
        Route("/v1/dep_names", api.guarded({"GET": api.dep_names}), methods=_ANY),
        Route("/v1/tokenpki/{name:path}", api.guarded({"GET": api.get_key, "PUT": api.put_key}), methods=_ANY),
        Route(
            "/v1/tokens/{name:path}",
            api.guarded({"GET": api.get_tokens, "PUT": api.put_tokens}),
            methods=_ANY,
        ),
        Route(
            "/v1/config/{name:path}",
            api.guarded({"GET": api.get_config, "PUT": api.put_config}),
            methods=_ANY,
        ),
        Route("/proxy/{name}/{path:path}", api.guarded(dict.fromkeys(_ANY, api.pass_on)), methods=_ANY),
    ]
    return Starlette(routes=routes, exception_handlers={404: _not_found})


def _go_text(status: int, body: str, headers: dict[str, str] | None = None) -> Answer:
    """Return an error as Go's standard library writes it."""
    return Answer(status, f"{body}\n".encode(), _GO_TEXT, {"x-content-type-options": "nosniff", **(headers or {})})


def _go_json(status: int, value: Jsonable) -> Answer:
    return Answer(status, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n", _GO_JSON)


def _error(text: str) -> Answer:
    return _go_json(500, {"error": text})


def _missing(column: str, name: str) -> Answer:
    key = f"{column}.{name}"
    return _error(f"resource not found: txn rolled back: getting {key}: key not found: {key}")


async def _not_found(_request: Request, _error: Exception) -> Response:
    return _go_text(404, "404 page not found").response()


class _Api:
    def __init__(self, store: Store, faults: Faults, proxy: Proxy) -> None:
        self._store = store
        self._faults = faults
        self._proxy = proxy

    def guarded(self, handlers: dict[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that asks for the API key first, then looks at method and name."""

        async def endpoint(request: Request) -> Response:
            if self._store.world.nanodep.down:
                return _go_text(503, "Service Unavailable").response()
            if not self._is_authorised(request):
                challenge = {"www-authenticate": f'Basic realm="{USER}"'}
                return _go_text(401, "Unauthorized", challenge).response()
            handler = handlers.get(request.method)
            if handler is None:
                return _go_text(405, "Method Not Allowed").response()
            name = request.path_params.get("name")
            if name == "":
                return _go_text(400, "Bad Request").response()
            return (await handler(request, name or "")).response()

        return endpoint

    def _is_authorised(self, request: Request) -> bool:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(value, validate=True)
        except binascii.Error:
            return False
        expected = f"{USER}:{self._store.world.nanodep.api_key}".encode()
        return scheme.casefold() == "basic" and hmac.compare_digest(given, expected)

    async def version(self, _request: Request) -> Response:
        if self._store.world.nanodep.down:
            return _go_text(503, "Service Unavailable").response()
        return Answer(200, b'{"version":"unknown"}', _GO_JSON).response()

    async def dep_names(self, request: Request, _name: str) -> Answer:
        """List the names that have a staged key."""
        wanted = request.query_params.getlist("dep_name")
        names: list[Jsonable] = [
            name
            for name, held in sorted(self._store.world.nanodep.names.items())
            if held.staging and (not wanted or name in wanted)
        ]
        body = json.dumps({"dep_names": names or None}, indent="\t", ensure_ascii=False)
        return Answer(200, body.encode() + b"\n", _GO_JSON)

    async def get_key(self, request: Request, name: str) -> Answer:
        """Make a new key each time, over the one that was staged."""
        query = request.query_params
        days = query.get("validity_days") or "1"
        if not _INTEGER.fullmatch(days):
            return _go_text(400, "Bad Request")
        cn = query.get("cn") or DEFAULT_CN

        async def work() -> Answer:
            now = simulated_now(self._store.world.clock_offset)
            keypair = await asyncio.to_thread(make_keypair, cn, int(days), now)

            def stage(world: World) -> tuple[World, Answer]:
                held = replace(world.nanodep.name(name), staging=keypair)
                file = f"{name}.pem".encode().decode("latin-1")  # raw UTF-8 in a header, as Go writes it
                headers = {"content-disposition": f'attachment; filename="{file}"'}
                answer = Answer(200, keypair.certificate.encode(), "application/x-pem-file", headers)
                return world.with_name(name, held), answer

            return await self._store.change(stage)

        return await self._faults.around(Place.NANODEP_GET_KEY, name, work)

    async def put_key(self, request: Request, name: str) -> Answer:
        """Open an envelope with the staged key, which becomes current before the token is looked at."""
        body = await request.body()
        forced = request.query_params.get("force") == "1"

        async def work() -> Answer:
            staging = self._store.world.nanodep.name(name).staging
            if staging is None:
                return _missing("cert_staging", name)
            try:
                secrets = await asyncio.to_thread(open_envelope, body, staging)
            except CannotOpen as error:
                return _error(str(error))

            def promote(world: World) -> tuple[World, Answer]:
                held = replace(world.nanodep.name(name), current=staging)
                return _with_secrets(world, name, held, secrets, forced=forced)

            return await self._store.change(promote)

        return await self._faults.around(Place.NANODEP_PUT_KEY, name, work)

    async def get_tokens(self, _request: Request, name: str) -> Answer:
        async def work() -> Answer:
            secrets = self._store.world.nanodep.name(name).secrets
            return _missing("consumer_key", name) if secrets is None else _go_json(200, asdict(secrets))

        return await self._faults.around(Place.NANODEP_TOKENS, name, work)

    async def put_tokens(self, request: Request, name: str) -> Answer:
        """Store the five values without an envelope."""
        body = await request.body()
        forced = request.query_params.get("force") == "1"

        async def work() -> Answer:
            try:
                secrets = parse_secrets(body)
            except CannotOpen as error:
                return _error(str(error))
            return await self._store.change(
                lambda world: _with_secrets(world, name, world.nanodep.name(name), secrets, forced=forced)
            )

        return await self._faults.around(Place.NANODEP_TOKENS, name, work)

    async def get_config(self, _request: Request, name: str) -> Answer:
        base_url = self._store.world.nanodep.name(name).base_url
        return _go_json(200, None if base_url is None else {"base_url": base_url})

    async def put_config(self, request: Request, name: str) -> Answer:
        try:
            asked = json.loads(await request.body())
        except (ValueError, RecursionError):
            return _error("unexpected EOF")
        base_url = asked.get("base_url") if isinstance(asked, dict) else None
        if not isinstance(base_url, str) or not base_url:
            return _error("empty base_url")

        def configure(world: World) -> tuple[World, Answer]:
            held = replace(world.nanodep.name(name), base_url=base_url)
            return world.with_name(name, held), _go_json(200, {"base_url": base_url})

        return await self._store.change(configure)

    async def pass_on(self, request: Request, name: str) -> Answer:
        """Ask Apple with this name's token and session."""
        body = await request.body()

        async def work() -> Answer:
            return await self._proxy.ask(name, request, body)

        return await self._faults.around(Place.NANODEP_PROXY, name, work)


def _with_secrets(world: World, name: str, held: DepName, secrets: Secrets, *, forced: bool) -> tuple[World, Answer]:
    """Return the world after storing *secrets*; a refusal keeps what *held* says, the promoted key too."""
    if not all((secrets.consumer_key, secrets.consumer_secret, secrets.access_token, secrets.access_secret)):
        return world.with_name(name, held), _go_text(400, "Bad Request")
    if not forced and held.secrets is not None and held.secrets.consumer_key != secrets.consumer_key:
        return world.with_name(name, held), _error("mismatched consumer key")
    return world.with_name(name, replace(held, secrets=secrets)), _go_json(200, asdict(secrets))
