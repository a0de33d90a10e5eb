"""The personal page over HTTP. The key in the address is the whole permission; looking changes nothing."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tokenward.crypto.certificate import to_pem
from tokenward.model.event import EventKind
from tokenward.model.finding import NeedsCustodian, Retryable
from tokenward.model.instant import Clock
from tokenward.rotation.ports import World
from tokenward.web.handover.cards import Card, Stage
from tokenward.web.handover.deeds import Commits, Deeds, Said, next_commit
from tokenward.web.handover.presses import PRESSES, Do
from tokenward.web.handover.sentences import WRONG_SERVICE, advice
from tokenward.web.handover.upload import LARGEST_BODY
from tokenward.web.handover.visit import FindLink, Standing, Visit, visit
from tokenward.web.html import page, render
from tokenward.web.read_model import ReadModel, Views
from tokenward.wire.rate import Rate

LOOKS_FOR_SECONDS: Final = 8.0
"""How long *Start now* waits for the way to be found clear before it answers all the same."""
_STREAM_FOR: Final = timedelta(minutes=30)
_BEAT_SECONDS: Final = 15.0
_STATUS: Final = {
    Standing.OPEN: HTTPStatus.OK,
    Standing.READ_ONLY: HTTPStatus.OK,
    Standing.OVER: HTTPStatus.GONE,
    Standing.UNKNOWN: HTTPStatus.NOT_FOUND,
}
_TEMPLATES: Final = {
    Standing.OPEN: "handover.html",
    Standing.READ_ONLY: "handover.html",
    Standing.OVER: "handover_over.html",
    Standing.UNKNOWN: "handover_unknown.html",
}
_OF_PERSON: Final = {
    "role": EventKind.ROLE_LOST,
    "password": EventKind.PASSWORD_CHANGED,
    "confirm": EventKind.ACCESS_CONFIRMED,
}
"""What somebody says of themselves, whatever the service."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What the page needs of the rest of the daemon."""

    read_model: ReadModel
    world: Callable[[], World]
    find: FindLink
    deeds: Deeds
    commits: Commits
    clock: Clock
    is_ending: Callable[[], bool]
    """Whether the daemon is about to end, so that nothing should be held open."""


class Handover:
    """Answers for the personal pages."""

    def __init__(self, given: Answering) -> None:
        """Show what *given* knows."""
        self._given = given
        self._strangers = Rate(60, timedelta(minutes=1))
        self._looks = Rate(240, timedelta(minutes=1))
        self._presses = Rate(60, timedelta(minutes=1))

    def routes(self) -> tuple[Route, ...]:
        """Return ``/handover/{key}`` and what is behind it."""
        limit = [Middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)]
        root = "/handover/{key}"
        return (
            Route(root, self._show),
            Route(f"{root}/changes", self._changes),
            Route(f"{root}/service/{{service}}/certificate", self._certificate),
            Route(f"{root}/service/{{service}}/{{deed}}", self._press, methods=["POST"], middleware=limit),
            Route(f"{root}/link", self._send_link, methods=["POST"], middleware=limit),
            Route(f"{root}/{{deed}}", self._say, methods=["POST"], middleware=limit),
        )

    # --- Looking --------------------------------------------------------------------------------------------------

    async def _show(self, request: Request) -> Response:
        key = _key(request)
        found = await self._visit(key)
        return self._too_often(self._looks, key, found) or await self._page(key, found)

    async def _page(
        self, key: str, found: Visit, service: str = "", said: Said | None = None, status: HTTPStatus | None = None
    ) -> Response:
        shown = {"visit": found, "key": key, "said": said, "said_at": service, "help_at": self._help_at()}
        words = {"Stage": Stage, "advice": advice, "wrong_service": WRONG_SERVICE, **shown}
        html = await self._given.read_model.look(lambda _: render(_TEMPLATES[found.standing], **words))
        return page(html, status or _STATUS[found.standing])

    async def _certificate(self, request: Request) -> Response:
        """Give the certificate to whoever holds the rotation, and to nobody before (B4.2)."""
        key = _key(request)
        found = await self._visit(key)
        card = _open_card(found, request)
        if card is None or card.certificate is None:
            return await self._page(key, found, status=HTTPStatus.NOT_FOUND)
        pem = await self._given.read_model.look(partial(_pem, card))
        name = f'attachment; filename="{card.certificate}"'
        return Response(pem, media_type="application/x-pem-file", headers={"Content-Disposition": name, **_PRIVATE})

    async def _changes(self, request: Request) -> Response:
        key = _key(request)
        found = await self._visit(key)
        if found.standing is not Standing.OPEN:
            return PlainTextResponse("", _STATUS[found.standing], _PRIVATE)
        if refused := self._too_often(self._looks, key, found):
            return refused
        return StreamingResponse(self._told(key, found), media_type="text/event-stream", headers=_PRIVATE)

    async def _told(self, key: str, shown: Visit) -> AsyncIterator[str]:
        """Say each time that the page looks different now, until the link is over."""
        until = self._given.clock.now() + _STREAM_FOR
        silent_since = self._given.clock.now()
        while not self._given.is_ending() and self._given.clock.now() < until:
            if await next_commit(self._given.commits, timeout_seconds=1.0):
                now = await self._visit(key)
                if now.what_shows != shown.what_shows:
                    shown, silent_since = now, self._given.clock.now()
                    yield "event: changed\ndata: \n\n"
                if now.standing is not Standing.OPEN:
                    return
            elif (self._given.clock.now() - silent_since).total_seconds() >= _BEAT_SECONDS:
                silent_since = self._given.clock.now()
                yield ": still here\n\n"

    # --- Doing ----------------------------------------------------------------------------------------------------

    async def _press(self, request: Request) -> Response:
        """Take what somebody presses at one service's card."""
        key, press = _key(request), PRESSES.get(str(request.path_params["deed"]))
        found = await self._visit(key)
        if refused := self._too_often(self._presses, key, found):
            return refused
        card = _open_card(found, request)
        if press is None or card is None or found.person is None or card.stage not in press.stages:
            status = HTTPStatus.CONFLICT if found.standing is Standing.OPEN else None
            return await self._page(key, found, _service(request), _NOT_NOW, status)
        said = await self._tried(press.do, request, found.person.id, card)
        if said is not None:
            return await self._page(key, await self._visit(key), card.service.id, said, HTTPStatus.UNPROCESSABLE_ENTITY)
        await self._until(key, lambda now: _is_done_with(now, card.service.id, press.waits_for))
        return _back(key, card.service.id)

    async def _tried(self, do: Do, request: Request, person: str, card: Card) -> Said | None:
        try:
            return await do(self._given.deeds, request, person, card)
        except NeedsCustodian as error:
            return Said(finding=error.finding)
        except Retryable as error:
            return Said(words=f"{error.finding.happened} Nothing was taken. Try again in a moment; keep your file.")

    async def _say(self, request: Request) -> Response:
        """Take what somebody says of themselves."""
        key, kind = _key(request), _OF_PERSON.get(str(request.path_params["deed"]))
        found = await self._visit(key)
        if refused := self._too_often(self._presses, key, found):
            return refused
        if kind is None or found.person is None or found.standing is not Standing.OPEN:
            return await self._page(key, found, "", _NOT_NOW, None if found.person is None else HTTPStatus.CONFLICT)
        said = await self._given.deeds.of_person(kind, found.person.id)
        return await self._page(key, await self._visit(key), "", said) if said else _back(key)

    async def _send_link(self, request: Request) -> Response:
        """Have a link that works sent to the contact on record, and nowhere else."""
        key = _key(request)
        found = await self._visit(key)
        if refused := self._too_often(self._presses, key, found):
            return refused
        if found.standing is Standing.OVER and found.person is not None:
            await self._given.deeds.of_person(EventKind.LINK_WANTED, found.person.id)
        return await self._page(key, found, "", _LINK_SENT if found.standing is Standing.OVER else None)

    # --- Both -----------------------------------------------------------------------------------------------------

    async def _visit(self, key: str) -> Visit:
        world, now = self._given.world(), self._given.clock.now()
        return await self._given.read_model.look(lambda views: visit(key, self._given.find, world, views, now))

    async def _until(self, key: str, is_done: Callable[[Visit], bool]) -> None:
        """Wait a little for what was begun, so that the next page shows it without a second look."""
        until = self._given.clock.now() + timedelta(seconds=LOOKS_FOR_SECONDS)
        while not is_done(await self._visit(key)):
            left = (until - self._given.clock.now()).total_seconds()
            if left <= 0 or self._given.is_ending():
                return
            await next_commit(self._given.commits, min(left, 1.0))

    def _too_often(self, rate: Rate, key: str, found: Visit) -> Response | None:
        """Return the refusal of whoever asks too often: strangers together, everybody else by their link."""
        is_stranger = found.standing is Standing.UNKNOWN
        allowed = (self._strangers if is_stranger else rate).allows("" if is_stranger else key, self._given.clock.now())
        if allowed:
            return None
        words = "Too many requests. Wait a minute, then try again; keep your file.\n"
        return PlainTextResponse(words, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "60", **_PRIVATE})

    def _help_at(self) -> str | None:
        """Return the address of those who run the services, for whoever is stuck."""
        return next((one.to for one in self._given.world().roster.operators if "@" in one.to), None)


def _key(request: Request) -> str:
    return str(request.path_params["key"])[:200]


def _service(request: Request) -> str:
    return str(request.path_params["service"])


def _open_card(found: Visit, request: Request) -> Card | None:
    return found.card(_service(request)) if found.standing is Standing.OPEN else None


def _back(key: str, service: str = "") -> Response:
    """Return the way back to the page, so that reloading it repeats nothing."""
    return RedirectResponse(f"/handover/{key}{f'#{service}' if service else ''}", HTTPStatus.SEE_OTHER, _PRIVATE)


def _pem(card: Card, views: Views) -> bytes:
    certificate = views.certificate(card.service.id, card.rotation.certificate or "")
    return to_pem(certificate) if certificate else b""


def _is_done_with(found: Visit, service: str, waits_for: frozenset[Stage]) -> bool:
    card = found.card(service)
    return card is None or card.stage not in waits_for


_NOT_NOW: Final = Said(words="That is not to be done here any more. This is how things stand now.")
_LINK_SENT: Final = Said(words="If anything is open for you, a link is on its way to the address that is on record.")
_PRIVATE: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
