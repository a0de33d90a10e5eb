"""The control plane for tests and demos: the clock, the people, the terms, the switches, the faults.

It shows no secret. Bodies with a field that is not known are refused, so that a misspelt switch is noticed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenward.simulator.answers import Answer, Jsonable
from tokenward.simulator.api_clients import TooManyClients, add_client
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.devices import DeviceSetting, assign_devices
from tokenward.simulator.durable import Store
from tokenward.simulator.faults import Fault, Faults
from tokenward.simulator.overview import overview
from tokenward.simulator.people import NewUser, PersonRefused, UserChange, add_user, change_user
from tokenward.simulator.services import PortalRefused
from tokenward.simulator.state import Encoding, Product, Terms, TermsGate, World
from tokenward.simulator.traffic import RequestLog

_STRICT: Final = ConfigDict(extra="forbid")
_EFFECT: Final = r"none|at-once|delay:\d+(\.\d+)?"
Body = TypeVar("Body")
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, config=_STRICT)
class ClockSetting:
    """The body of ``POST /admin/clock``."""

    offset_seconds: float


@dataclass(frozen=True, config=_STRICT)
class TermsSetting:
    """The body of ``POST /admin/terms``; an acceptance may take some seconds to count."""

    accepted: bool
    effective_after_seconds: float = 0.0
    at: TermsGate = TermsGate.SESSION


@dataclass(frozen=True, config=_STRICT)
class NewApiClient:
    """The body of ``POST /admin/api-clients``."""

    product: Product = Product.BUSINESS
    role: str = "device-enrolment-manager"


@dataclass(frozen=True, config=_STRICT)
class NanoDepSetting:
    """The body of ``POST /admin/nanodep``: down answers 503 to everything."""

    down: bool


@dataclass(frozen=True, config=_STRICT)
class SwitchSetting:
    """The body of ``POST /admin/switches``: what is not named stays as it is."""

    verbose_oauth: bool | None = None
    session_seconds: float | None = Field(default=None, gt=0)
    rotate_session_every: int | None = Field(default=None, ge=0)
    unknown_session: Literal[401, 403] | None = None
    superseded_status: Literal[401, 403] | None = None
    superseded_session: str | None = Field(default=None, pattern=r"^(401|403|alive:\d+(\.\d+)?)$")
    password_effect: str | None = Field(default=None, pattern=f"^({_EFFECT})$")
    role_effect: str | None = Field(default=None, pattern=f"^({_EFFECT})$")
    deactivation_effect: str | None = Field(default=None, pattern=f"^({_EFFECT})$")
    access_denied: bool | None = None
    envelope: frozenset[Encoding] | None = None
    audience: str | None = None
    api_page: int | None = Field(default=None, ge=1)
    api_milliseconds: bool | None = None
    certificate_moves_updated: bool | None = None


class BadBody(Exception):
    """The request's body does not fit; the sentence says where."""


def _parsed(shape: type[Body], body: bytes) -> Body:
    try:
        return TypeAdapter(shape).validate_json(body)
    except ValidationError as error:
        faults = (f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        raise BadBody("; ".join(faults)) from error


def admin_routes(store: Store, faults: Faults, log: RequestLog) -> list[Route]:
    """Return the control plane's routes."""
    admin = _Admin(store, faults, log)
    return [
        Route("/admin/clock", admin.get_clock, methods=["GET"]),
        Route("/admin/clock", admin.setting(ClockSetting, _set_clock), methods=["POST"]),
        Route("/admin/state", admin.get_state, methods=["GET"]),
        Route("/admin/requests", admin.get_requests, methods=["GET"]),
        Route("/admin/faults", admin.get_faults, methods=["GET"]),
        Route("/admin/faults", admin.post_fault, methods=["POST"]),
        Route("/admin/faults", admin.delete_faults, methods=["DELETE"]),
        Route("/admin/terms", admin.setting(TermsSetting, _set_terms), methods=["POST"]),
        Route("/admin/users", admin.setting(NewUser, add_user), methods=["POST"]),
        Route("/admin/api-clients", admin.post_api_client, methods=["POST"]),
        Route("/admin/devices", admin.setting(DeviceSetting, assign_devices), methods=["POST"]),
        Route("/admin/users/{account}", admin.patch_user, methods=["PATCH"]),
        Route("/admin/switches", admin.setting(SwitchSetting, _set_switches), methods=["POST"]),
        Route("/admin/nanodep", admin.setting(NanoDepSetting, _set_nanodep), methods=["POST"]),
    ]


class _Admin:
    def __init__(self, store: Store, faults: Faults, log: RequestLog) -> None:
        self._store = store
        self._faults = faults
        self._log = log

    def setting(self, shape: type[Body], change: Callable[[World, Body, datetime], World]) -> Endpoint:
        """Return an endpoint that reads a body of this shape, changes the world, and answers the overview."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            return (await self._change(lambda world, now: change(world, _parsed(shape, body), now))).response()

        return endpoint

    async def _change(self, change: Callable[[World, datetime], World]) -> Answer:
        def step(world: World) -> tuple[World, Answer]:
            changed = change(world, simulated_now(world.clock_offset))
            return changed, Answer.json(200, overview(changed, simulated_now(changed.clock_offset)))

        try:
            return await self._store.change(step)
        except (BadBody, PersonRefused) as error:
            return Answer.json(400, {"error": str(error)})
        except KeyError:
            return Answer.json(404, {"error": "There is no such user."})
        except PortalRefused as refused:
            return Answer.json(refused.status, {"error": refused.sentence})

    async def post_api_client(self, request: Request) -> Response:
        body = await request.body()

        def step(world: World) -> tuple[World, Answer]:
            asked = _parsed(NewApiClient, body)
            world, new = add_client(world, asked.product, asked.role, simulated_now(world.clock_offset))
            shown = {"client_id": new.client.id, "key_id": new.client.key_id, "private_key": new.private_key}
            return world, Answer.json(200, shown)

        try:
            return (await self._store.change(step)).response()
        except (BadBody, TooManyClients) as error:
            return Answer.json(400, {"error": str(error)}).response()

    async def get_clock(self, _request: Request) -> Response:
        offset = self._store.world.clock_offset
        shown: dict[str, Jsonable] = {
            "offset_seconds": offset.total_seconds(),
            "now": simulated_now(offset).isoformat(),
        }
        return Answer.json(200, shown).response()

    async def get_state(self, _request: Request) -> Response:
        world = self._store.world
        return Answer.json(200, overview(world, simulated_now(world.clock_offset))).response()

    async def get_requests(self, _request: Request) -> Response:
        return Answer.json(200, self._log.shown()).response()

    async def get_faults(self, _request: Request) -> Response:
        return Answer.json(200, self._shown_faults()).response()

    async def post_fault(self, request: Request) -> Response:
        try:
            self._faults.add(_parsed(Fault, await request.body()))
        except BadBody as error:
            return Answer.json(400, {"error": str(error)}).response()
        return Answer.json(200, self._shown_faults()).response()

    async def delete_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return Answer.json(200, []).response()

    def _shown_faults(self) -> list[Jsonable]:
        return [asdict(fault) for fault in self._faults.waiting()]

    async def patch_user(self, request: Request) -> Response:
        body = await request.body()
        account = request.path_params["account"].casefold()

        def change(world: World, now: datetime) -> World:
            return change_user(world, account, _parsed(UserChange, body), now)

        return (await self._change(change)).response()


def _set_clock(world: World, setting: ClockSetting, _now: datetime) -> World:
    return replace(world, clock_offset=timedelta(seconds=setting.offset_seconds))


def _set_terms(world: World, setting: TermsSetting, now: datetime) -> World:
    wait = timedelta(seconds=setting.effective_after_seconds)
    effective_at = now + wait if wait else None
    terms = Terms(setting.accepted, effective_at, setting.at)
    return replace(world, organisation=replace(world.organisation, terms=terms))


def _set_switches(world: World, setting: SwitchSetting, _now: datetime) -> World:
    given = {name: value for name, value in vars(setting).items() if value is not None}
    return replace(world, switches=replace(world.switches, **given))


def _set_nanodep(world: World, setting: NanoDepSetting, _now: datetime) -> World:
    return replace(world, nanodep=replace(world.nanodep, down=setting.down))
