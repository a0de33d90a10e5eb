"""One part of a letter: what messages of one family say together, at the moment at which it is written. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tokenward.model.instant import parse_instant
from tokenward.model.rotation import Cause
from tokenward.model.service import Service
from tokenward.model.target import BlockReason
from tokenward.notify.desk import Desk, one_line
from tokenward.notify.texts import Text
from tokenward.notify.times import Times
from tokenward.notify.truth import ASKING, is_broken
from tokenward.policy.asking import Ask, Part
from tokenward.policy.audience import person_of
from tokenward.policy.decision import Facts
from tokenward.policy.due import expiry_of
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message

Rows = tuple[Message, ...]
Words = dict[str, str]

_LISTING: Final = frozenset({*ASKING, Template.STRAY_DOWNLOAD, Template.ROTATION_DONE, Template.CONFIRM_ACCESS})
"""Messages of which all that wait for one reader are one section, with a line for each service."""
_REPLACED: Final = frozenset({Template.LATE, Template.DEPUTY_TOLD, Template.ROTATION_BLOCKED})
"""Messages of which the latest about a service says all that the earlier ones did."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a letter; its subject is that of the letter where it is the first."""

    subject: str
    body: str


def family_of(message: Message) -> str:
    """Return what tells the sections of one letter apart: messages of one family are one of them."""
    template = Template(message.template)
    if template in ASKING:
        return "ask"
    if template in _LISTING:
        return template
    return f"{template}/{message.service}" if template in _REPLACED else message.reason_key


def section_of(rows: Rows, desk: Desk, link: str) -> Section | None:
    """Return the section that *rows*, the messages of one family, are now; None where there is nothing to say.

    *link* is the line with the address of the reader's page; nothing where it is said elsewhere, or there is none.
    """
    if rows[0].template == Template.LINK and not link:
        return None
    listed = _listed(rows, desk)
    if listed is None:
        return _written(rows[-1], desk, {"link": link})
    return _list(rows, listed, desk, link) if listed else None


@dataclass(frozen=True, slots=True)
class _Line:
    """What is said of one service."""

    facts: Facts
    text: str


def _list(rows: Rows, listed: tuple[_Line, ...], desk: Desk, link: str) -> Section:
    """Return the section about the services of *listed*, whose subject is that of the most urgent one."""
    first = listed[0].facts
    dead = next((one.facts for one in listed if is_broken(one.facts)), None)
    message, text = _loudest(rows), desk.texts.messages[_loudest(rows)]
    speaks_of_dead = dead is not None and message in ASKING
    words = {
        **_of_service(dead if dead is not None and speaks_of_dead else first, desk.times_of(rows[0].audience)),
        "link": link,
        "count": str(len(listed)),
        "services": "\n".join(one.text for one in listed),
    }
    many = "many" if len(listed) > 1 else ""
    subject = "dead" if speaks_of_dead else many
    body = "operators" if person_of(rows[0].audience) is None else many
    return _filled(text, words, subject, body)


def _written(message: Message, desk: Desk, words: Words) -> Section:
    """Return the section of a message that speaks for itself."""
    facts, times = desk.facts_of(message), desk.times_of(message.audience)
    said = _of_message(message, desk)
    variant = "nobody" if message.template == Template.LATE and not (message.words or {}).get("person") else ""
    of_service = _of_service(facts, times) if facts else {}
    of_alarm = _of_alarm(message, facts, desk) if facts and message.template == Template.ALARM else {}
    text = desk.texts.messages[Template(message.template)]
    return _filled(text, {**said, **of_service, **_due(message, times), **of_alarm, **words}, variant, variant)


def _filled(text: Text, words: Words, subject: str, body: str) -> Section:
    """Return *text* with its *words*, in the variants called *subject* and *body* where it has them."""
    return Section(
        text.get(f"subject_{subject}", text["subject"]).format_map(words),
        text.get(f"body_{body}", text["body"]).format_map(words).strip("\n"),
    )


def _loudest(rows: Rows) -> Template:
    """Return what the section is: whoever is asked for something new is asked, whatever they are reminded of."""
    kinds = [Template(one.template) for one in rows]
    return Template.ASKED if Template.ASKED in kinds else kinds[0]


def _of_service(facts: Facts, times: Times) -> Words:
    found = {"service": one_line(facts.service.name), "service_id": facts.service.id}
    if facts.rotation is not None:
        due_at = facts.rotation.due_at
        found |= {"when": times.when(due_at), "day": times.day(due_at)}
    return found


def _due(message: Message, times: Times) -> Words:
    """Return the date that the message itself names, which goes before the rotation's."""
    named = (message.words or {}).get("moves_at") or (message.words or {}).get("due_at")
    if not named:
        return {}
    moment = parse_instant(named)
    return {"when": times.when(moment), "day": times.day(moment)}


def _of_message(message: Message, desk: Desk) -> Words:
    """Return the message's own words as people say them; some of them come from outside."""
    said = {name: one_line(text) for name, text in (message.words or {}).items()}
    said["person_id"] = said.get("person", "")
    for word in ("person", "people"):
        if word in said:
            said[word] = ", ".join(desk.called(one.strip()) for one in said[word].split(","))
    if "level" in said:
        said["level"] = desk.texts.levels.get(said["level"], "")
    if said.get("reason") in set(BlockReason):
        said["reason"] = desk.texts.blocks[BlockReason(said["reason"])]
    if "organisation" in said:
        known = desk.situation.roster.organisations.get(said["organisation"])
        said["organisation"] = one_line(known.name) if known else said["organisation"]
    return said


def _of_alarm(message: Message, facts: Facts, desk: Desk) -> Words:
    """Return what is wrong, what that means for devices, and what would mend it."""
    parts, said, rotation = desk.texts.parts, _of_message(message, desk), facts.rotation
    why, remedy = parts["alarm_nobody"], parts["remedy_name"]
    if rotation is not None and rotation.actor is not None:
        person = desk.called(rotation.actor)
        why, remedy = parts["alarm_dead"].format(person=person), parts["remedy_ask"].format(person=person)
    if rotation is not None and rotation.recover_until is not None:
        remedy = parts["remedy_find"]
    return {
        "why": said.get("why") or said.get("reason") or why,
        "remedy": said.get("remedy") or remedy,
        "effect": parts["effect_dead" if is_broken(facts) else "effect_alive"],
    }


def _listed(rows: Rows, desk: Desk) -> tuple[_Line, ...] | None:
    """Return a line for each service that the section speaks of; None for one that lists none."""
    template, person = Template(rows[0].template), person_of(rows[0].audience) or ""
    times = desk.times_of(rows[0].audience)
    match template:
        case Template.ASKED | Template.REMINDED:
            asks = desk.asks(person, Part.DOWNLOAD)
            return tuple(_ask_line(ask, desk.services[ask.service.id], desk, times) for ask in asks)
        case Template.STRAY_DOWNLOAD:
            found = {ask.service.id for ask in desk.asks(person, Part.FIND)} if person else _services_of(rows)
            return tuple(_plain_line(service, desk) for service in found if service in desk.services)
        case Template.CONFIRM_ACCESS:
            return tuple(_plain_line(one.id, desk) for one in desk.situation.services_to_confirm(person))
        case Template.ROTATION_DONE:
            return tuple(line for message in rows for line in _done_line(message, desk, times))
        case _:
            return None


def _services_of(rows: Rows) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.service for one in rows if one.service))


def _ask_line(ask: Ask, facts: Facts, desk: Desk, times: Times) -> _Line:
    parts, expiry = desk.texts.parts, expiry_of(facts)
    otherwise = parts["otherwise_unknown"]
    if expiry is not None and expiry.at > times.now:
        otherwise = parts["otherwise"].format(expires=times.expires(expiry))
    text = parts["ask_dead" if is_broken(facts) else "ask"].format(
        **_place(ask.service, desk),
        when=times.when(ask.rotation.due_at),
        why=" ".join(desk.texts.causes[cause] for cause in Cause if cause in ask.rotation.causes),
        otherwise=otherwise,
    )
    return _Line(facts, text)


def _done_line(message: Message, desk: Desk, times: Times) -> Iterator[_Line]:
    facts, parts = desk.facts_of(message), desk.texts.parts
    if facts is None:
        return
    expiry, seconds = expiry_of(facts), (message.words or {}).get("outage_seconds")
    text = parts["done" if expiry else "done_unknown"].format(
        **_place(facts.service, desk),
        expires=times.expires(expiry) if expiry else "",
        outage=parts["outage"].format(span=times.span(float(seconds))) if seconds else "",
    )
    yield _Line(facts, text)


def _plain_line(service: str, desk: Desk) -> _Line:
    facts = desk.services[service]
    return _Line(facts, desk.texts.parts["service"].format(**_place(facts.service, desk)))


def _place(service: Service, desk: Desk) -> Words:
    return {"service": one_line(service.name), "organisation": desk.organisation_of(service)}
