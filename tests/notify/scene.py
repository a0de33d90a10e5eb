"""Two services of kim, who is asked, and an outbox to be emptied."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from policy.situations import ANA, BOSS, KIM, NOW, a_roster, a_rotation, a_service, a_token, the_facts
from tokenward.model.finding import Code, Finding, Retryable
from tokenward.model.person import Contact, PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.rotation import Rotation
from tokenward.notify.desk import Desk
from tokenward.notify.letter import Letter
from tokenward.notify.ports import ChannelFailed, Tried, Waiting
from tokenward.notify.texts import texts
from tokenward.policy.asking import Situation
from tokenward.policy.decision import Facts
from tokenward.policy.templates import Template
from tokenward.rotation.record import Message
from tokenward.store.outbox import QueuedMessage

LINKS = {"kim": "https://tokenward.corp.example/handover/abc", "ana": "https://tokenward.corp.example/handover/def"}
AWAKE = QuietHours(start=NOW.time(), end=NOW.time(), weekends=False)
MAIN, LABS = a_service(), a_service(id="labs", name="Labs MDM")
ANAS = replace(LABS, custodian="ana", deputies=("kim",))
"""A service of ana's, for which kim is the deputy."""
ROSTER = a_roster(KIM, ANA, BOSS, services=(MAIN, LABS), quiet=AWAKE)
EVERY_WORD = {
    "person": "kim",
    "people": "kim, ana",
    "level": "moved",
    "service": "main",
    "organisation": "corp",
    **dict.fromkeys(("why", "reason", "remedy", "cause", "source", "name", "trusted", "difference", "account"), "x"),
}
"""Words as they come with messages; none comes with all of them."""


def facts_of(service=MAIN, rotation: Rotation | None = None, **words) -> Facts:
    """Return what is known of *service*."""
    known = {"token": a_token(service=service.id), **words}
    return the_facts(service=service, roster=ROSTER, rotation=rotation, **known)


def asked(service=MAIN, **words) -> Facts:
    """Return a service whose new token kim is asked for."""
    return facts_of(service, a_rotation(id=f"r-{service.id}", service=service.id, **words))


def situation(*services: Facts, states: tuple[PersonState, ...] = (), now: datetime = NOW, roster=ROSTER) -> Situation:
    """Return how things stand with *services*."""
    people = {state.person: state for state in states}
    moved = tuple(Facts(one.service, roster, people, one.token, one.rotation) for one in services)
    return Situation(roster, people, moved, now)


def desk(*services: Facts, **words) -> Desk:
    """Return what letters about *services* are made of."""
    return Desk(situation(*services, **words), texts(), LINKS)


def message(template: Template, audience: str = "person:kim", service: str | None = "main", **words: str) -> Message:
    """Return what somebody is to be told."""
    return Message(audience, template, f"{template}/{audience}/{service}/{sorted(words.items())}", service, words)


def waiting(*messages: Message, age: timedelta = timedelta(minutes=1)) -> list[QueuedMessage]:
    """Return *messages* as they lie in the outbox since *age*."""
    return [QueuedMessage(number, one, NOW - age, 0) for number, one in enumerate(messages)]


@dataclass
class Outbox:
    """What waits, and what became of it."""

    waiting: list[QueuedMessage] = field(default_factory=list)
    settled: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Template, and each channel with its result."""
    withdrawn: list[str] = field(default_factory=list)
    delayed: list[tuple[str, timedelta, str | None]] = field(default_factory=list)
    asked_for: list[int] = field(default_factory=list)
    is_full: bool = False
    """Whether it takes no entry at the moment."""

    def add(self, *messages: Message, added_at: datetime = NOW - timedelta(minutes=1)) -> None:
        """Have *messages* wait."""
        start = len(self.waiting)
        self.waiting += [QueuedMessage(start + number, one, added_at, 0) for number, one in enumerate(messages)]

    async def pending(self, now: datetime, limit: int) -> tuple[QueuedMessage, ...]:
        """Return what waits."""
        self.asked_for.append(limit)
        return tuple(self.waiting[:limit])

    async def settle(self, messages: tuple[Waiting, ...], tried: tuple[Tried, ...], at: datetime) -> None:
        """Take note of how it went."""
        self._drop(messages)
        how = tuple(f"{one.channel} {one.result}" for one in tried)
        self.settled += [(one.message.template, how) for one in messages]

    async def withdraw(self, messages: tuple[Waiting, ...], at: datetime) -> None:
        """Take note that it was never said."""
        self._drop(messages)
        self.withdrawn += [one.message.template for one in messages]

    async def put_off(
        self, messages: tuple[Waiting, ...], until: datetime, tried: tuple[Tried, ...] = (), why: str | None = None
    ) -> None:
        """Take note of until when, and why."""
        self._drop(messages)
        self.delayed += [(one.message.template, until - NOW, why) for one in messages]

    def _drop(self, messages: tuple[Waiting, ...]) -> None:
        if self.is_full:
            raise Retryable(Finding(Code.STORE, "The disk is full.", "Nothing is lost.", "Make room."))
        ids = {one.id for one in messages}
        self.waiting = [one for one in self.waiting if one.id not in ids]


@dataclass
class FakeChannel:
    """A channel that keeps what it is given, or refuses."""

    refuses: str = ""
    sent: list[tuple[str, Letter]] = field(default_factory=list)

    async def send(self, letter: Letter, to: str) -> None:
        """Keep it, or refuse it."""
        if self.refuses:
            raise ChannelFailed(self.refuses)
        self.sent.append((to, letter))


MAIL = (Contact("mail", "kim@corp.example"), Contact("chat", "@kim"))
