"""The personal page over HTTP. The key in the address is the whole permission; looking changes nothing."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
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
from tokenward.crypto.envelope import parse_envelope
from tokenward.model.event import EventKind
from tokenward.model.finding import NeedsCustodian, NeedsOperator, Retryable
from tokenward.model.instant import Clock
from tokenward.rotation.ports import World
from tokenward.web.answering import NotThere
from tokenward.web.exports import ExportedEnvelope
from tokenward.web.handover.cards import Card, Stage
from tokenward.web.handover.deeds import Commits, Deeds, Said
from tokenward.web.handover.notes import Notes
from tokenward.web.handover.presses import PRESSES, Do, Press, Pressed
from tokenward.web.handover.progress import Progress
from tokenward.web.handover.sentences import Spoken
from tokenward.web.handover.upload import LARGEST_BODY, LARGEST_READ, uploaded
from tokenward.web.handover.visit import FindLink, Standing, Visit, visit
from tokenward.web.html import page, render
from tokenward.web.read_model import ReadModel, Views
from tokenward.wire.rate import Rate

LOOKS_FOR_SECONDS: Final = 8.0
"""How long *Start now* waits for the way to be found clear before it answers all the same."""
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
    give_out: Callable[[str], Awaitable[ExportedEnvelope]]
    """Gives out the envelope of a service, and puts on record that it did."""
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
        self._notes = Notes()
        self._progress = Progress(given.commits, given.clock, given.is_ending)

    def routes(self) -> tuple[Route, ...]:
        """Return ``/handover/{key}`` and what is behind it."""
        root = "/handover/{key}"
        at_service = f"{root}/service/{{service}}/{{deed}}"
        return (
            Route(root, self._show),
            Route(f"{root}/changes", self._changes),
            Route(f"{root}/service/{{service}}/certificate", self._certificate),
            Route(
                f"{root}/service/{{service}}/file",
                self._press_file,
                methods=["POST"],
                middleware=[_at_most(LARGEST_READ)],
            ),
            Route(
                f"{root}/service/{{service}}/envelope",
                self._envelope,
                methods=["POST"],
                middleware=[_at_most(LARGEST_BODY)],
            ),
            Route(at_service, self._press, methods=["POST"], middleware=[_at_most(LARGEST_BODY)]),
            Route(f"{root}/link", self._send_link, methods=["POST"], middleware=[_at_most(LARGEST_BODY)]),
            Route(f"{root}/{{deed}}", self._say, methods=["POST"], middleware=[_at_most(LARGEST_BODY)]),
            # Whoever loads the address of a button again, or opens it from the history, is shown the page; so is
            # whoever opens a link behind which a slash was put on its way.
            Route(f"{root}/", _see_page, methods=["GET"]),
            Route(at_service, _see_page, methods=["GET"]),
            Route(f"{root}/{{deed}}", _see_page, methods=["GET"]),
        )

    # --- Looking --------------------------------------------------------------------------------------------------

    async def _show(self, request: Request) -> Response:
        key = _key(request)
        found = await self._visit(key)
        return self._too_often(self._looks, key, found) or await self._page(key, found)

    async def _page(
        self, key: str, found: Visit, said: Said | None = None, status: HTTPStatus | None = None
    ) -> Response:
        """Return the page, with what was last said to its reader; *said* is said once."""
        note = self._notes.of(key, found) if said is None else None
        shown = {"visit": found, "key": key, "help_at": self._help_at(), "Stage": Stage, "spoken": Spoken()}
        words = {"said": note.said if note else said, "said_at": note.service if note else "", **shown}
        html = await self._given.read_model.look(lambda _: render(_TEMPLATES[found.standing], **words))
        return page(html, status or _STATUS[found.standing])

    def _answer(self, key: str, found: Visit, said: Said, service: str = "") -> Response:
        """Have *said* said at the card of *service*, and return the way back to the page."""
        self._notes.put(key, said, service, found)
        return _back(key, service)

    async def _certificate(self, request: Request) -> Response:
        """Give the certificate to whoever holds the rotation, and to nobody before (B4.2)."""
        key = _key(request)
        found = await self._visit(key)
        if refused := self._too_often(self._looks, key, found):
            return refused
        card = _open_card(found, request)
        if card is None or card.certificate is None:
            return await self._page(key, found, status=HTTPStatus.NOT_FOUND)
        pem = await self._given.read_model.look(partial(_pem, card))
        name = f'attachment; filename="{card.certificate}"'
        return Response(pem, media_type="application/x-pem-file", headers={"Content-Disposition": name})

    async def _changes(self, request: Request) -> Response:
        key = _key(request)
        found = await self._visit(key)
        if refused := self._too_often(self._looks, key, found):
            return refused
        if found.standing is Standing.READ_ONLY:
            return Response(status_code=HTTPStatus.NO_CONTENT)  # by which a browser knows not to ask again
        if found.standing is not Standing.OPEN:
            return PlainTextResponse("", _STATUS[found.standing])
        if self._progress.is_full(key):
            return PlainTextResponse("Too many windows.\n", HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "60"})
        told = self._progress.told(key, found, partial(self._visit, key))
        return StreamingResponse(told, media_type="text/event-stream")

    async def _envelope(self, request: Request) -> Response:
        """Give the file back to whoever is to hand it over by hand (B4.5)."""
        key = _key(request)
        found = await self._visit(key)
        if refused := self._too_often(self._presses, key, found):
            return refused
        card = _open_card(found, request)
        if card is None or not card.by_hand:
            return await self._page(key, found, status=HTTPStatus.NOT_FOUND)
        try:
            given = await self._given.give_out(card.service.id)
        except (NotThere, NeedsOperator):
            return self._answer(key, found, _NO_FILE_HERE, card.service.id)
        name = f'attachment; filename="{card.service.id}.p7m"'
        body = b64decode(given.content_base64)
        return Response(body, media_type="application/pkcs7-mime", headers={"Content-Disposition": name})

    # --- Doing ----------------------------------------------------------------------------------------------------

    async def _press(self, request: Request) -> Response:
        """Take what somebody presses at one service's card."""
        key, press = _key(request), PRESSES.get(str(request.path_params["deed"]))
        found = await self._visit(key)
        return self._too_often(self._presses, key, found) or await self._pressed(request, key, found, press)

    async def _press_file(self, request: Request) -> Response:
        """Take a file; the very one that is installed already, sent by a second press, is no mistake."""
        key = _key(request)
        found = await self._visit(key)
        if refused := self._too_often(self._presses, key, found):
            return refused
        done = found.done_card(_service(request))
        if done is None or found.standing not in {Standing.OPEN, Standing.READ_ONLY}:
            return await self._pressed(request, key, found, PRESSES["file"])
        if await _is_that_of(done, request):
            return _back(key, done.service.id)
        return self._answer(key, found, _DONE_ALREADY, done.service.id)

    async def _pressed(self, request: Request, key: str, found: Visit, press: Press | None) -> Response:
        self._notes.forget(key)
        card = _open_card(found, request)
        if found.person is None or found.standing is not Standing.OPEN:
            return await self._page(key, found)
        if press is None or card is None:
            return self._answer(key, found, _NOT_NOW)
        if card.stage in press.is_so_in:
            return _back(key, card.service.id)
        if card.stage not in press.stages:
            return self._answer(key, found, _NOT_NOW, card.service.id)
        said = await self._tried(press.do, Pressed(request, found.person.id, card, found.zone))
        if said is not None:
            return self._answer(key, await self._visit(key), said, card.service.id)
        await self._until(key, lambda now: _is_done_with(now, card.service.id, press.waits_for))
        return _back(key, card.service.id)

    async def _tried(self, do: Do, pressed: Pressed) -> Said | None:
        try:
            return await do(self._given.deeds, pressed)
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
        if found.person is None or found.standing is not Standing.OPEN:
            return await self._page(key, found)
        if kind is None:
            return self._answer(key, found, _NOT_NOW)
        said = await self._given.deeds.of_person(kind, found.person.id)
        return self._answer(key, await self._visit(key), said or _NOTED[kind])

    async def _send_link(self, request: Request) -> Response:
        """Have a link that works sent to the contact on record, and nowhere else."""
        key = _key(request)
        found = await self._visit(key)
        if refused := self._too_often(self._presses, key, found):
            return refused
        if found.standing is Standing.OVER and found.person is not None:
            await self._given.deeds.of_person(EventKind.LINK_WANTED, found.person.id)
        return await self._page(key, found, _LINK_SENT if found.standing is Standing.OVER else None)

    # --- Both -----------------------------------------------------------------------------------------------------

    async def _visit(self, key: str) -> Visit:
        world, now = self._given.world(), self._given.clock.now()
        return await self._given.read_model.look(lambda views: visit(key, self._given.find, world, views, now))

    async def _until(self, key: str, is_done: Callable[[Visit], bool]) -> None:
        """Wait a little for what was begun, so that the next page shows it without a second look."""
        until = self._given.clock.now() + timedelta(seconds=LOOKS_FOR_SECONDS)
        while not self._given.is_ending() and self._given.clock.now() < until:
            committed = asyncio.create_task(self._given.commits.wait())
            try:
                if is_done(await self._visit(key)):
                    return
                await asyncio.wait({committed}, timeout=1.0)
            finally:
                committed.cancel()

    def _too_often(self, rate: Rate, key: str, found: Visit) -> Response | None:
        """Return the refusal of whoever asks too often: strangers together, everybody else by their link."""
        is_stranger = found.standing is Standing.UNKNOWN
        allowed = (self._strangers if is_stranger else rate).allows("" if is_stranger else key, self._given.clock.now())
        if allowed:
            return None
        words = "Too many requests. Wait a minute, then try again; keep your file.\n"
        return PlainTextResponse(words, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "60"})

    def _help_at(self) -> str | None:
        """Return the address of those who run the services, for whoever is stuck."""
        return next((one.to for one in self._given.world().roster.operators if "@" in one.to), None)


async def trouble(request: Request, _: Exception) -> Response:
    """Return what is said while the record can't be read; but for the address it is the same for everybody."""
    html = await asyncio.to_thread(render, "handover_trouble.html", key=_key(request))
    answer = page(html, HTTPStatus.SERVICE_UNAVAILABLE)
    answer.headers["Retry-After"] = "10"
    return answer


def _key(request: Request) -> str:
    return str(request.path_params["key"])[:200]


def _service(request: Request) -> str:
    return str(request.path_params["service"])


def _open_card(found: Visit, request: Request) -> Card | None:
    return found.card(_service(request)) if found.standing is Standing.OPEN else None


def _back(key: str, service: str = "") -> Response:
    """Return the way back to the page, so that reloading it repeats nothing."""
    return RedirectResponse(f"/handover/{key}{f'#{service}' if service else ''}", HTTPStatus.SEE_OTHER)


async def _is_that_of(done: Card, request: Request) -> bool:
    """Return whether the file in the form is the one that was installed."""
    try:
        envelope = await asyncio.to_thread(parse_envelope, (await uploaded(request)).body)
    except NeedsCustodian:
        return False
    return envelope.digest == done.rotation.envelope


async def _see_page(request: Request) -> Response:
    return _back(_key(request))


def _at_most(size: int) -> Middleware:
    return Middleware(RequestBodyLimitMiddleware, max_body_size=size)


def _pem(card: Card, views: Views) -> bytes:
    certificate = views.certificate(card.service.id, card.rotation.certificate or "")
    return to_pem(certificate) if certificate else b""


def _is_done_with(found: Visit, service: str, waits_for: frozenset[Stage]) -> bool:
    card = found.card(service)
    return card is None or card.stage not in waits_for


_NOT_NOW: Final = Said(words="That is not to be done here any more. This is how things stand now.")
_NO_FILE_HERE: Final = Said(words="The file is not to be had here. Take the one that you downloaded.")
_DONE_ALREADY: Final = Said(
    words="This service has its new token already, and this is another file, so it was not used. If you have just "
    "downloaded it: keep it, and don't download again. You are asked for it as soon as Apple's answers show it."
)
_NOTED: Final = {
    EventKind.ROLE_LOST: Said(words="From now on you are asked no more. What was open for you passes to a deputy."),
    EventKind.PASSWORD_CHANGED: Said(
        words="Your new password is noted. Whatever it makes necessary is asked of you here, and by a message."
    ),
    EventKind.ACCESS_CONFIRMED: Said(words="Thank you. That you can sign in is on record now."),
}
"""What is answered to whoever says something of themselves: often nothing else on the page tells that it was heard."""
_LINK_SENT: Final = Said(words="If anything is open for you, a link is on its way to the address that is on record.")
