"""What waits for one person at one moment becomes one letter, true at the moment at which it is sent. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from tokenward.model.instant import parse_instant
from tokenward.model.quiet import QuietHours
from tokenward.model.rotation import Cause
from tokenward.model.service import Service
from tokenward.model.token import DEAD, Basis, Expiry
from tokenward.notify.texts import Texts
from tokenward.policy.asking import Ask, Part, Situation
from tokenward.policy.decision import Facts
from tokenward.policy.due import expiry_of
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message

PERSON: Final = "person:"
_ASKING: Final = frozenset({Template.ASKED, Template.REMINDED})
_SINGLE: Final = frozenset({*_ASKING, Template.STRAY_DOWNLOAD, Template.ROTATION_DONE, Template.CONFIRM_ACCESS})
"""Messages of which all that wait for one person are one letter (B11.1)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is sent."""

    subject: str
    body: str
    reference: str
    """By which it can be recognised again; follows from what it is about."""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a letter is made of: how things stand now, and the words for it."""

    situation: Situation
    texts: Texts
    links: Mapping[str, str]
    """Address of everybody's present page, by person."""

    def quiet_of(self, audience: str) -> QuietHours:
        """Return when *audience* is left in peace."""
        person = self.situation.roster.people.get(audience.removeprefix(PERSON))
        return (person.quiet if person else None) or self.situation.roster.quiet

    def zone_of(self, audience: str) -> tzinfo:
        """Return the time zone in which *audience* reads."""
        return self.quiet_of(audience).zone


def family(message: Message) -> tuple[str, str]:
    """Return what *message* is put together with: all of one family that wait for somebody are one letter."""
    template = Template(message.template)
    if template in _ASKING:
        return message.audience, "ask"
    return message.audience, template if template in _SINGLE else message.reason_key


def is_alarm(message: Message, situation: Situation) -> bool:
    """Return whether *message* must not wait for the morning: on-call's business, or a dead token."""
    if message.audience == "on-call" or message.template == Template.STRAY_DOWNLOAD:
        return True
    facts = _facts(message, situation)
    return message.template in _ASKING and facts is not None and _is_dead(facts)


def is_true(message: Message, situation: Situation) -> bool:
    """Return whether *message* still says what is so, and may be said to whom it is for (B7.2)."""
    person = message.audience.removeprefix(PERSON)
    if person == message.audience:
        return True
    if not situation.may_be_told(person):
        return False
    match Template(message.template):
        case Template.ASKED | Template.REMINDED:
            return any(ask.service.id == message.service for ask in _asks(person, Part.DOWNLOAD, situation))
        case Template.STRAY_DOWNLOAD:
            return any(ask.service.id == message.service for ask in _asks(person, Part.FIND, situation))
        case Template.DEPUTY_TOLD:
            facts = _facts(message, situation)
            rotation = facts.rotation if facts else None
            return rotation is not None and not rotation.is_after_click and rotation.actor != person
        case Template.CONFIRM_ACCESS:
            return situation.owes_confirmation(person)
        case _:
            return True


def compose(messages: tuple[Message, ...], desk: Desk) -> Letter | None:
    """Return the one letter that *messages* of one family are now; None where it would have nothing to say."""
    first = messages[0]
    words = {**(first.words or {}), **_of_reader(first, desk), **_of_service(first, desk), **_of_words(first, desk)}
    listed = _listed(messages, desk)
    if listed is not None and not listed:
        return None
    if first.template == Template.LINK and not words["link"]:
        return None
    text = desk.texts.messages[_loudest(messages)]
    words |= {"services": "\n".join(listed or ()), "count": str(len(listed or ()))}
    subject = text.subject
    if text.subject_many and len(listed or ()) > 1:
        subject = text.subject_many
    elif text.subject_dead and _concerns_dead(messages, desk.situation):
        subject = text.subject_dead
    return Letter(subject.format_map(words), f"{text.body.format_map(words).strip()}\n", words["reference"])


def _loudest(messages: Iterable[Message]) -> Template:
    """Return what the letter is: whoever is asked for something new is asked, whatever they are reminded of."""
    kinds = {Template(message.template) for message in messages}
    return Template.ASKED if Template.ASKED in kinds else kinds.pop()


def _of_reader(message: Message, desk: Desk) -> dict[str, str]:
    person = message.audience.removeprefix(PERSON)
    known = desk.situation.roster.people.get(person)
    digest = hashlib.sha256(message.reason_key.encode()).hexdigest()
    reference = f"TW-{digest[:4]}-{digest[4:8]}".upper()
    address = desk.links.get(person) if person != message.audience else None
    return {
        "name": known.called if known else "",
        "reference": reference,
        "link": desk.texts.parts["link"].format(address=address) if address else "",
        "genuine": desk.texts.parts["genuine"].format(reference=reference),
    }


def _of_service(message: Message, desk: Desk) -> dict[str, str]:
    facts = _facts(message, desk.situation)
    if facts is None:
        return {}
    zone = desk.zone_of(message.audience)
    due_at = facts.rotation.due_at if facts.rotation else None
    found = {"service": facts.service.name, "service_id": facts.service.id}
    if due_at is not None:
        found |= {"when": _when(due_at, desk.situation.now, zone), "day": _day(due_at, zone)}
    return found


def _of_words(message: Message, desk: Desk) -> dict[str, str]:
    """Return the message's own words as people say them: instants in the reader's time, people by their names."""
    said, zone = dict(message.words or {}), desk.zone_of(message.audience)
    found: dict[str, str] = {}
    for word in ("person", "people"):
        if word in said:
            found[word] = ", ".join(_called(one.strip(), desk) for one in said[word].split(","))
    for word in ("moves_at", "due_at"):
        if word in said:
            moment = parse_instant(said[word])
            found |= {"when": _when(moment, desk.situation.now, zone), "day": _day(moment, zone)}
    if "level" in said:
        found["level"] = desk.texts.levels.get(said["level"], said["level"])
    if "organisation" in said:
        organisation = desk.situation.roster.organisations.get(said["organisation"])
        found["organisation"] = organisation.name if organisation else said["organisation"]
    if message.template == Template.ALARM:
        found["why"] = said.get("why") or said.get("remedy") or found.get("level") or ""
    return found


def _listed(messages: tuple[Message, ...], desk: Desk) -> tuple[str, ...] | None:
    """Return a line for each service that the letter speaks of; None for a letter that lists none."""
    first, person = messages[0], messages[0].audience.removeprefix(PERSON)
    zone = desk.zone_of(first.audience)
    match Template(first.template):
        case Template.ASKED | Template.REMINDED:
            return tuple(_ask_line(ask, desk, zone) for ask in _asks(person, Part.DOWNLOAD, desk.situation))
        case Template.STRAY_DOWNLOAD:
            asks = _asks(person, Part.FIND, desk.situation)
            return tuple(_plain_line("find", ask.service, desk) for ask in asks)
        case Template.CONFIRM_ACCESS:
            services = desk.situation.services_to_confirm(person)
            return tuple(_plain_line("confirm", service, desk) for service in services)
        case Template.ROTATION_DONE:
            return tuple(line for message in messages for line in _done_line(message, desk, zone))
        case _:
            return None


def _ask_line(ask: Ask, desk: Desk, zone: tzinfo) -> str:
    parts, facts = desk.texts.parts, _facts_of(ask.service.id, desk.situation)
    causes = [cause for cause in Cause if cause in ask.rotation.causes]
    expiry = expiry_of(facts) if facts else None
    otherwise = parts["otherwise"].format(expires=_expires(expiry, zone)) if expiry else parts["otherwise_unknown"]
    line = parts["ask_dead" if facts and _is_dead(facts) else "ask"]
    return line.format(
        service=ask.service.name,
        organisation=_organisation(ask.service, desk),
        when=_when(ask.rotation.due_at, desk.situation.now, zone),
        why=" ".join(desk.texts.causes[cause] for cause in causes),
        otherwise=otherwise,
    )


def _done_line(message: Message, desk: Desk, zone: tzinfo) -> Iterator[str]:
    facts, parts = _facts(message, desk.situation), desk.texts.parts
    if facts is None:
        return
    expiry = expiry_of(facts)
    seconds = (message.words or {}).get("outage_seconds")
    outage = parts["outage"].format(span=_span(float(seconds))) if seconds else ""
    yield parts["done" if expiry else "done_unknown"].format(
        service=facts.service.name,
        organisation=_organisation(facts.service, desk),
        expires=_expires(expiry, zone) if expiry else "",
        outage=outage,
    )


def _plain_line(part: str, service: Service, desk: Desk) -> str:
    return desk.texts.parts[part].format(service=service.name, organisation=_organisation(service, desk))


def _asks(person: str, part: Part, situation: Situation) -> tuple[Ask, ...]:
    return tuple(ask for ask in situation.asks_of(person) if ask.part is part)


def _facts(message: Message, situation: Situation) -> Facts | None:
    return _facts_of(message.service or (message.words or {}).get("service", ""), situation)


def _facts_of(service: str, situation: Situation) -> Facts | None:
    return next((facts for facts in situation.services if facts.service.id == service), None)


def _is_dead(facts: Facts) -> bool:
    return facts.token is not None and facts.token.state in DEAD


def _concerns_dead(messages: Iterable[Message], situation: Situation) -> bool:
    found = (_facts(message, situation) for message in messages)
    return any(facts is not None and _is_dead(facts) for facts in found)


def _called(person: str, desk: Desk) -> str:
    known = desk.situation.roster.people.get(person)
    return known.called if known else person


def _organisation(service: Service, desk: Desk) -> str:
    return desk.situation.roster.organisation_of(service).name


def _day(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b}"


def _when(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """Return *moment* as a person needs it: day of the week, date, local time, and how far off it is."""
    local = moment.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    far = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days, f"in {days} days" if days > 0 else f"{-days} days ago")
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} {local.tzname() or 'UTC'} ({far})"


def _expires(expiry: Expiry, zone: tzinfo) -> str:
    local = expiry.at.astimezone(zone if expiry.basis is not Basis.STATED else UTC)
    estimated = " (estimated)" if expiry.basis is Basis.ESTIMATED else ""
    return f"{local.day} {local:%B %Y}{estimated}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(timedelta(seconds=seconds).total_seconds()), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
