"""What would be sent, without sending it: for whoever wants to see a message before anybody gets it.

Where nothing calls for the message now, an example is made up: a rotation that waits for the reader.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable, TokenwardError
from tokenward.model.instant import format_instant
from tokenward.model.roster import Roster
from tokenward.model.rotation import Cause, Rotation, State
from tokenward.model.service import Service
from tokenward.notify.desk import Desk
from tokenward.notify.letter import Letter, compose
from tokenward.notify.ports import Knows
from tokenward.notify.sender import Outlets
from tokenward.notify.texts import Texts
from tokenward.notify.truth import is_true, is_urgent
from tokenward.policy.asking import Part, Situation
from tokenward.policy.audience import ON_CALL, OPERATORS, person_of, to_person
from tokenward.policy.ladder import Level
from tokenward.policy.quiet import quiet_until
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message
from tokenward.schema.near import suggest

_GROUPS: Final = (OPERATORS, ON_CALL)
_KEY: Final = re.compile(r"(/handover/)\w+")
_FOLLOWING: Final = frozenset(
    {Template.ASKED, Template.REMINDED, Template.STRAY_DOWNLOAD, Template.CONFIRM_ACCESS, Template.LINK}
)
"""Kinds of messages whose words all follow from how things stand; of the others only an example can be shown."""
_TWO_WEEKS: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see."""

    template: Template
    audience: str
    service: Service | None

    @property
    def name(self) -> str:
        """The reader as somebody wrote it: a person's id, or a group."""
        return person_of(self.audience) or self.audience


class Preview:
    """Answers ``GET /v1/preview`` on the control socket."""

    def __init__(self, knows: Knows, outlets: Callable[[], Outlets], texts: Texts) -> None:
        """Make letters of what *knows* says."""
        self._knows = knows
        self._outlets = outlets
        self._texts = texts

    def routes(self) -> tuple[Route, ...]:
        """Return ``GET /v1/preview?kind=KIND&to=PERSON&service=ID&reveal=yes``; the last two can be left out.

        It answers with ``subject``, ``body``, ``reference``, ``channels``, ``is_example``, ``held_until``, or with a
        finding.
        """
        return (Route("/v1/preview", self._answer),)

    async def _answer(self, request: Request) -> Response:
        try:
            situation = await self._knows.situation()
            asked = _understood(request, situation.roster)
            return JSONResponse(await self._told(asked, situation, reveals=request.query_params.get("reveal") == "yes"))
        except NeedsOperator as error:
            return _refusal(error, HTTPStatus.BAD_REQUEST)
        except Retryable as error:
            return _refusal(error, HTTPStatus.SERVICE_UNAVAILABLE)

    async def _told(self, asked: Asked, situation: Situation, *, reveals: bool) -> dict[str, object]:
        desk = Desk(situation, self._texts, await self._knows.links())
        person = person_of(asked.audience)
        if person is not None and not situation.may_be_told(person):
            raise NeedsOperator(_told_nothing(person))
        messages = _messages(asked, situation) if asked.template in _FOLLOWING else ()
        letter = compose(messages, desk) if messages and all(is_true(one, desk) for one in messages) else None
        is_example = letter is None
        if letter is None:
            desk, messages = _example(asked, desk)
            letter = compose(messages, desk)
        if letter is None:
            raise NeedsOperator(_nothing_to_say(asked))
        until = None if is_urgent(messages[0], desk) else quiet_until(situation.now, desk.quiet_of(asked.audience))
        return {
            **_shown(letter, reveals=reveals),
            "channels": [{"channel": one.channel, "to": one.to} for one in self._outlets().contacts_of(asked.audience)],
            "is_example": is_example,
            "held_until": format_instant(until) if until else None,
        }


def _shown(letter: Letter, *, reveals: bool) -> dict[str, str]:
    body = letter.body if reveals else _KEY.sub(r"\1…", letter.body)
    return {"subject": letter.subject, "body": body, "reference": letter.reference}


def _understood(request: Request, roster: Roster) -> Asked:
    """Return what is wanted.

    Raises:
        NeedsOperator: There is no such kind, reader or service.
    """
    kind, to, service = (request.query_params.get(word, "") for word in ("kind", "to", "service"))
    readers = [*roster.people, *_GROUPS]
    if kind not in set(Template):
        raise _unknown(f"{kind[:60]!r} is no kind of message", suggest(kind, [one.value for one in Template]))
    if to not in readers:
        raise _unknown(f"{to[:60]!r} is nobody who is told anything", suggest(to, readers))
    if service and service not in roster.services:
        raise _unknown(f"No service is called {service[:60]!r}", suggest(service, roster.services))
    audience = to_person(to) if to in roster.people else to
    return Asked(Template(kind), audience, roster.services.get(service))


def _messages(asked: Asked, situation: Situation) -> tuple[Message, ...]:
    """Return the rows that would wait for the reader now: about the service in question, or all that concern them."""
    services = [asked.service] if asked.service else [facts.service for facts in situation.services]
    person = asked.name
    wanted = {Template.ASKED: Part.DOWNLOAD, Template.REMINDED: Part.DOWNLOAD, Template.STRAY_DOWNLOAD: Part.FIND}
    if part := wanted.get(asked.template):
        theirs = {ask.service.id for ask in situation.asks_of(person) if ask.part is part}
        services = [one for one in services if one.id in theirs]
    elif asked.service is None:
        services = services[:1]
    return tuple(_message(asked, service, situation.now) for service in services)


def _message(asked: Asked, service: Service, now: datetime) -> Message:
    key = f"preview/{asked.template}/{service.id}"
    return Message(asked.audience, asked.template, key, service.id, _words(asked.template, service, now))


def _words(template: Template, service: Service, now: datetime) -> dict[str, str]:
    """Return words as they may come with a message; a date of its own only where the kind has one."""
    dates = {
        Template.DEPUTY_TOLD: {"moves_at": format_instant(now + timedelta(days=2))},
        Template.ROTATION_NEEDED: {"due_at": format_instant(now + _TWO_WEEKS)},
    }
    someone = service.custodian or next(iter(service.deputies), "somebody")
    return {
        "person": someone,
        "people": someone,
        "level": Level.REMINDED.name.lower(),
        **dates.get(template, {}),
        "organisation": service.organisation,
        "service": service.id,
        "rung": "3",
        "why": "an example",
        "reason": "target_unreachable",
        "remedy": "an example of a remedy",
        "cause": Cause.EXPIRY.value,
        "source": "an example",
        "name": "somebody@corp.example",
        "trusted": "yes",
        "difference": "an example of a difference",
        "account": "somebody@corp.example",
    }


def _example(asked: Asked, desk: Desk) -> tuple[Desk, tuple[Message, ...]]:
    """Return a desk on which a rotation of one service waits for the reader, and the message about it."""
    situation, person = desk.situation, asked.name
    service = asked.service or _theirs(person, situation) or next((one.service for one in situation.services), None)
    if service is None:
        return desk, ()
    now = situation.now
    recover_until = now + timedelta(hours=1) if asked.template is Template.STRAY_DOWNLOAD else None
    waiting = Rotation(
        "example", service.id, State.AWAITING_TOKEN, 0, (Cause.EXPIRY,), now, now, now + _TWO_WEEKS, now, person
    )
    services = tuple(
        replace(facts, rotation=replace(waiting, recover_until=recover_until), needs_person=True)
        if facts.service.id == service.id
        else facts
        for facts in situation.services
    )
    made_up = replace(desk, situation=replace(situation, services=services))
    return made_up, (_message(asked, service, now),)


def _theirs(person: str, situation: Situation) -> Service | None:
    lines = ((facts.service, (facts.service.custodian, *facts.service.deputies)) for facts in situation.services)
    return next((service for service, people in lines if person in people), None)


def _unknown(happened: str, right: str) -> NeedsOperator:
    finding = Finding(Code.NOT_AN_EVENT, f"{happened}.", "Nothing was shown, and nothing sent.", f"Say {right}.")
    return NeedsOperator(finding)


def _nothing_to_say(asked: Asked) -> Finding:
    return Finding(
        Code.NOT_AN_EVENT,
        f"A message of the kind {asked.template} would have nothing to say to this reader.",
        "Nothing was shown, and nothing sent.",
        "Name somebody whom it concerns, or a service with --service.",
    )


def _told_nothing(person: str) -> Finding:
    return Finding(
        Code.NOT_USABLE,
        f"Nothing is sent to {person} at the moment.",
        "Whoever is to hand over is told nothing.",
        f"Look at `tokenward show` for the services of {person}.",
    )


def _refusal(error: TokenwardError, status: HTTPStatus) -> Response:
    return JSONResponse(error.finding.parts(), status)
