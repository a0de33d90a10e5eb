"""The pages over HTTP: forms are posted, done in one durable step, and answered with a redirect or a refusal.

A cookie says who is signed in. There is no password, and nothing to protect: whoever reaches this address may do all.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenward.simulator.answers import Answer
from tokenward.simulator.clock import simulated_now
from tokenward.simulator.durable import Store
from tokenward.simulator.faults import Faults, Place
from tokenward.simulator.forms import Form, NotAForm, parse_form
from tokenward.simulator.markup import Markup
from tokenward.simulator.page_deeds import (
    Act,
    Deed,
    accept,
    add,
    add_person,
    change_password,
    download,
    go_to,
    leave,
    publish,
    save_certificate,
)
from tokenward.simulator.pages import (
    Visit,
    account_page,
    choice_page,
    download_page,
    home_page,
    new_service_page,
    refusal_page,
    service_page,
)
from tokenward.simulator.services import PortalRefused, known_person, signed_in
from tokenward.simulator.state import User, World

COOKIE: Final = "stand-in-person"
STYLE: Final = (Path(__file__).parent / "portal.css").read_bytes()
NO_FORM: Final = PortalRefused(400, "This is not a form of these pages.")
FOR_ANY_ROLE: Final = (home_page, account_page)
_HTML: Final = "text/html; charset=utf-8"
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
Page = Callable[[Visit], Markup]
Check = Callable[[World, str], User]
Endpoint = Callable[[Request], Awaitable[Response]]


def page_routes(store: Store, faults: Faults) -> list[Route]:
    """Return the routes of the portal's pages."""
    pages = _Pages(store, faults)
    one = "/services/{uuid}"
    shown = {
        "/account": pages.shown(account_page, known_person),
        "/services/new": pages.shown(new_service_page),
        one: pages.shown(service_page),
        f"{one}/download": pages.shown(download_page),
    }
    done = {
        "/people": pages.done(add_person, choice_page),
        "/new-terms": pages.done(publish, choice_page),
        "/terms": pages.done(accept, home_page),
        "/account/password": pages.done(change_password, account_page),
        "/account/leave": pages.done(leave, account_page),
        "/services": pages.done(add, new_service_page),
        f"{one}/certificate": pages.done(save_certificate, service_page, Place.PORTAL_CERTIFICATE),
        f"{one}/token": pages.done(download, service_page, Place.PORTAL_TOKEN),
    }
    return [
        Route("/", pages.home, methods=["GET"]),
        Route("/portal.css", _style, methods=["GET"]),
        Route("/sign-in", pages.sign_in, methods=["POST"]),
        Route("/sign-out", _sign_out, methods=["POST"]),
        *(Route(path, endpoint, methods=["GET"]) for path, endpoint in shown.items()),
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in done.items()),
    ]


async def _style(_request: Request) -> Response:
    return Response(STYLE, media_type="text/css", headers={"cache-control": "no-cache"})


async def _sign_out(_request: Request) -> Response:
    response = go_to("/").response()
    response.delete_cookie(COOKIE, path="/")
    return response


class _Pages:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def _visit(self, request: Request) -> Visit:
        world = self._store.world
        return Visit(
            world,
            simulated_now(world.clock_offset),
            user=world.users.get(_account(request)),
            service=request.path_params.get("uuid", ""),
            done=request.query_params.get("done", ""),
        )

    async def home(self, request: Request) -> Response:
        """Show the services, or who could be signed in; with the reason, where a person may not see them."""
        visit, account = self._visit(request), _account(request)
        try:
            known_person(visit.world, account)
        except PortalRefused as refused:
            sentence = refused.sentence if account and not visit.done else ""
            return _html(choice_page(replace(visit, user=None, refused=sentence)))
        try:
            signed_in(visit.world, account)
        except PortalRefused as refused:
            visit = replace(visit, refused=refused.sentence)
        return _html(home_page(visit))

    def shown(self, page: Page, check: Check = signed_in) -> Endpoint:
        """Return an endpoint that shows *page* to whom *check* lets in."""

        async def endpoint(request: Request) -> Response:
            visit = self._visit(request)
            try:
                check(visit.world, _account(request))
                return _html(page(visit))
            except PortalRefused as refused:
                return _refusal(visit, refused)

        return endpoint

    def done(self, act: Act, back: Page, place: Place | None = None) -> Endpoint:
        """Return an endpoint that carries out a form; what the portal refuses is said on the page *back*."""

        async def endpoint(request: Request) -> Response:
            form = await _form(request)
            if form is None:
                return _refusal(self._visit(request), NO_FORM)
            try:
                answer = await self._carried_out(request, act, form, place)
            except PortalRefused as refused:
                visit = replace(self._visit(request), form=form, refused=refused.sentence)
                return _refused_on(back, visit, refused)
            return answer.response()

        return endpoint

    async def _carried_out(self, request: Request, act: Act, form: Form, place: Place | None) -> Answer:
        account, uuid = _account(request), request.path_params.get("uuid", "")

        async def work() -> Answer:
            return await self._store.change(
                lambda world: act(world, Deed(account, uuid, form, simulated_now(world.clock_offset)))
            )

        if place is None:
            return await work()
        service = self._store.world.services.get(uuid.replace("-", "").upper())
        return await self._faults.around(place, service.name if service else None, work)

    async def sign_in(self, request: Request) -> Response:
        """Set the cookie for somebody who can sign in."""
        visit, form = self._visit(request), await _form(request)
        if form is None:
            return _refusal(visit, NO_FORM)
        try:
            user = known_person(visit.world, form.text("account"))
        except PortalRefused as refused:
            return _html(choice_page(replace(visit, user=None, refused=refused.sentence)), refused.status)
        response = go_to("/").response()
        response.set_cookie(COOKIE, quote(user.account, safe=""), path="/", httponly=True, samesite="lax")
        return response


async def _form(request: Request) -> Form | None:
    body = await request.body()
    try:
        return parse_form(request.headers.get("content-type", ""), body)
    except NotAForm:
        return None


def _account(request: Request) -> str:
    return unquote(request.cookies.get(COOKIE, ""))


def _html(page: Markup, status: int = 200) -> Response:
    return Response(page, status, _HEADERS, _HTML)


def _refusal(visit: Visit, refused: PortalRefused) -> Response:
    """Return the refusal on a page of its own; somebody who is not signed in is asked who it is instead."""
    if refused.status == HTTPStatus.UNAUTHORIZED:
        return go_to("/").response()
    return _html(refusal_page(replace(visit, refused=refused.sentence)), refused.status)


def _refused_on(page: Page, visit: Visit, refused: PortalRefused) -> Response:
    """Return *page* with the refusal on it, for who may see that page."""
    if refused.status == HTTPStatus.UNAUTHORIZED:
        return _refusal(visit, refused)
    try:
        if page is not choice_page:
            check = known_person if page in FOR_ANY_ROLE else signed_in
            check(visit.world, visit.user.account if visit.user else "")
        return _html(page(visit), refused.status)
    except PortalRefused:
        return _refusal(visit, refused)
