"""What the policy would decide about an event: the table's own answer, on the facts as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from tokenward.app.roster_of import roster_of
from tokenward.app.settings import Settings
from tokenward.cli.at_rest import overview_at_rest, record_of, services_asking_people
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.standing import unknown_service
from tokenward.model.event import ABOUT_PEOPLE, Event, EventKind, Way
from tokenward.model.finding import Finding
from tokenward.model.instant import format_instant, parse_instant
from tokenward.model.person import Person, PersonState, Subject
from tokenward.model.roster import Roster
from tokenward.model.service import Service
from tokenward.policy.decision import Decision, Deny, Facts, Ignore, NotePerson
from tokenward.policy.standing import note
from tokenward.policy.table import TABLE, decide
from tokenward.schema.near import suggest
from tokenward.web.as_json import Json, as_json

_WORDS: Final[Mapping[str, str]] = {
    "Rotate": "rotate",
    "Reassign": "ask somebody else",
    "TakeCertificate": "take the certificate",
    "TakeEnvelope": "take the token",
    "Probe": "probe",
    "Tell": "tell",
    "NotePerson": "note about the person",
    "NoteToken": "note about the token",
    "StateExpiry": "note when it expires",
    "Cancel": "end the rotation",
    "Resume": "look at the rotation again",
    "HoldFor": "check the way, then hold the rotation",
    "Snooze": "remind later",
    "TakeAsInstalled": "take a person's word that it was installed",
    "TakeAsProven": "take a person's word as the proof",
    "EndRecovery": "ask for a new token now",
    "Retire": "look after it no longer",
    "Reinstate": "look after it again",
    "Record": "keep on record",
    "Ignore": "ignore",
    "Deny": "refuse",
}
"""What a person calls each decision."""

_UNSAID: Final = frozenset({"why", "reason", "satisfied_after_click", "reason_key", "fingerprint", "digest", "since"})
"""Parts of a decision that its line leaves out: programs get all of them."""

_EXAMPLE: Final = "0" * 64
"""Stands for the file that would come with the event: in no record, so it is a new one."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An event about a service, the rule for it, and what that comes to."""

    service: str
    event: EventKind
    rule: str
    decisions: tuple[Decision, ...]
    has_record: bool
    """Whether what is on record of the service was taken into account."""

    def text(self) -> str:
        """Return it for a person."""
        basis = "on the service's record" if self.has_record else "with nothing on record of the service"
        head = f"{self.event} for {self.service}, {basis}:\n  rule     {self.rule}\n"
        return head + "".join(f"  decides  {_sentence(one)}\n" for one in self.decisions)

    def as_json(self) -> Json:
        """Return it for a program."""
        return {
            "service": self.service,
            "event": self.event.value,
            "rule": self.rule,
            "on_record": self.has_record,
            "decisions": [{"decision": _word(one), **_parts(one)} for one in self.decisions],
        }


def explained(invocation: Invocation, service: str, kind: str, person: str | None, at: str | None) -> Explanation:
    """Return what the policy would decide about an event of *kind* for *service*.

    Raises:
        Failed: There is no such service, kind or person.
        ConfigInvalid: The configuration can't be used.
    """
    settings, now = invocation.settings(), invocation.now().replace(microsecond=0)
    roster = roster_of(settings)
    found = _service(service, roster)
    about = _person(person or found.custodian, roster)
    event = _event(_kind(kind), found, about, at, now)
    facts, has_record = _facts(settings, found, roster, now)
    noted: tuple[Decision, ...] = ()
    speaks_of = about if event.kind in ABOUT_PEOPLE else None
    if speaks_of is not None:
        noted = note(event, speaks_of, facts.state_of(speaks_of.id), roster, now)
    passed_over = found.id in facts.roster.retired and event.kind is not EventKind.REINSTATE
    decided = (Ignore("the service is retired"),) if passed_over else decide(event, facts, now, speaks_of)
    decisions = (*noted, *decided)
    return Explanation(service, event.kind, TABLE[event.kind].summary, decisions, has_record)


def _facts(settings: Settings, service: Service, roster: Roster, now: datetime) -> tuple[Facts, bool]:
    with record_of(settings) as views:
        if views is not None:
            return overview_at_rest(settings, views, now).facts_of(service), True
    asking = services_asking_people(settings)
    return Facts(service, roster, people={}, needs_person=service.id in asking), False


def _event(kind: EventKind, service: Service, person: Person | None, at: str | None, now: datetime) -> Event:
    """Return the event as a person would report it, a file standing for the one that would come with it."""
    said = {"person": person.id if person else "", "reason": "to see what follows", "attachment": _EXAMPLE}
    return Event(
        source="control",
        key="explain",
        kind=kind,
        way=Way.CONTROL,
        received_at=now,
        service=service.id,
        subject=Subject("person", person.id) if person else None,
        effective_at=parse_instant(at) if at else None,
        data={**said, "expires_at": at or ""},
    )


def _service(service: str, roster: Roster) -> Service:
    if service not in roster.services:
        raise unknown_service(service, tuple(roster.services))
    return roster.services[service]


def _kind(written: str) -> EventKind:
    try:
        return EventKind(written)
    except ValueError as error:
        raise _used_wrongly(f"{written[:60]!r} is no kind of event.", suggest(written, EventKind)) from error


def _person(written: str | None, roster: Roster) -> Person | None:
    if written is None:
        return None
    if written not in roster.people:
        raise _used_wrongly(f"The configuration has no person {written[:60]!r}.", suggest(written, roster.people))
    return roster.people[written]


def _used_wrongly(happened: str, right: str) -> Failed:
    return Failed(Exit.USED_WRONGLY, happened, "Nothing was looked up.", f"Say {right}." if right else "See --help.")


# --- Saying it -----------------------------------------------------------------------------------------------


def _word(decision: Decision) -> str:
    return _WORDS[type(decision).__name__]


def _parts(decision: Decision) -> dict[str, Json]:
    return {name: _part(value) for name, value in _values(decision)}


def _values(value: Decision | PersonState) -> list[tuple[str, object]]:
    return [(field.name, getattr(value, field.name)) for field in fields(value)]


def _part(value: object) -> Json:
    if isinstance(value, Finding):
        return as_json(value.parts())
    return as_json(value)


def _sentence(decision: Decision) -> str:
    """Return *decision* in a line: what, the details that count, and why."""
    match decision:
        case Deny(finding):
            return f"{_word(decision)}: {finding.code.number} {finding.happened} {finding.means}"
        case NotePerson(state, why):
            told = _values(state)
        case _:
            told, why = _values(decision), getattr(decision, "why", "")
    details = ", ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in told if _counts(name, value))
    return f"{_word(decision)}{f' ({details})' if details else ''}{f': {why}' if why else ''}"


def _counts(name: str, value: object) -> bool:
    return name not in _UNSAID and value not in (None, False, "") and not isinstance(value, Mapping)


def _short(value: object) -> str:
    match value:
        case datetime():
            return format_instant(value)
        case tuple():
            return f"{_short(value[0])} and {len(value) - 1} times more" if len(value) > 1 else _short(value[0])
        case True:
            return "yes"
        case _:
            return str(value)
