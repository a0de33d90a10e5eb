"""What a letter is made of: how things stand at one moment, the words for it, and where people's pages are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from tokenward.model.person import PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.service import Service
from tokenward.notify.texts import Texts
from tokenward.notify.times import Times
from tokenward.policy.asking import Ask, Part, Situation
from tokenward.policy.audience import person_of
from tokenward.policy.decision import Facts
from tokenward.rotation.announce import is_silent
from tokenward.rotation.record import Message

_LONGEST_WORD: Final = 500


@dataclass(frozen=True)
class Desk:
    """As of one moment. What is found is kept, for the rows of one moment ask for the same things."""

    situation: Situation
    texts: Texts
    links: Mapping[str, str]
    """Address of everybody's present page, by person."""
    _asks: dict[str, tuple[Ask, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def facts_of(self, message: Message) -> Facts | None:
        """Return what is known of the service that *message* is about; None where it is about none that is known."""
        return self.services.get(message.service or (message.words or {}).get("service", ""))

    @cached_property
    def services(self) -> Mapping[str, Facts]:
        """What is known of each service, by id."""
        return {facts.service.id: facts for facts in self.situation.services}

    def asks(self, person: str, part: Part) -> tuple[Ask, ...]:
        """Return what *person* is asked for as *part*, but for what they want no word about; the most urgent first."""
        if person not in self._asks:
            self._asks[person] = tuple(ask for ask in self.situation.asks_of(person) if not self._is_silent(ask))
        return tuple(ask for ask in self._asks[person] if ask.part is part)

    def _is_silent(self, ask: Ask) -> bool:
        return is_silent(ask.rotation, self.services[ask.service.id], self.situation.now)

    def state_of(self, person: str) -> PersonState:
        """Return what is known about *person*."""
        return self.situation.state_of(person)

    def quiet_of(self, audience: str) -> QuietHours:
        """Return when *audience* is left in peace."""
        person = self.situation.roster.people.get(person_of(audience) or "")
        return (person.quiet if person else None) or self.situation.roster.quiet

    def times_of(self, audience: str) -> Times:
        """Return how *audience* is told times."""
        return Times(self.texts, self.quiet_of(audience).zone, self.situation.now)

    def called(self, person: str) -> str:
        """Return what people call *person*."""
        known = self.situation.roster.people.get(person)
        return one_line(known.called if known else person)

    def organisation_of(self, service: Service) -> str:
        """Return the name of the organisation that *service* belongs to."""
        return one_line(self.situation.roster.organisation_of(service).name)


def one_line(text: str, longest: int = _LONGEST_WORD) -> str:
    """Return *text* as one line that says what it seems to say.

    Some of it comes from outside: line breaks would make headers and paragraphs of their own, and characters that turn
    the direction of writing would show something else.
    """
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
