"""What somebody does on their page becomes events; nothing else is changed from here."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tokenward.model.event import ABOUT_PEOPLE, Attachment, AttachmentRole, Event, EventKind, Refused, Verdict, Way
from tokenward.model.finding import Finding
from tokenward.model.instant import Clock
from tokenward.model.person import Subject
from tokenward.policy.identity import PERSON_ID
from tokenward.rotation.ports import Chance
from tokenward.rotation.record import Settlement
from tokenward.web.handover.cards import Card
from tokenward.web.handover.upload import Upload

SOURCE: Final = "page"
_PATIENCE_SECONDS: Final = 5.0
"""How long an answer may wait for what becomes of an event."""


class TakesEvents(Protocol):
    """Takes events, durably."""

    async def submit(self, event: Event, attachment: Attachment | None = None) -> Verdict:
        """Take *event* and return what became of it once that is durable.

        Raises:
            Retryable: Nothing was taken, because the store could not write.
        """
        ...


class Settlements(Protocol):
    """Tells what became of an event."""

    async def settled(self, event_id: int, timeout_seconds: float) -> Settlement | None:
        """Return what became of the event as soon as that is known; None when it is not within the time."""
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says of a deed that was refused."""

    finding: Finding | None = None
    """Of a file."""
    words: str = ""
    """Of anything else: what happened, what it means, what to do."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Hands in what a person does."""

    intake: TakesEvents
    settlements: Settlements
    clock: Clock
    chance: Chance

    async def about(self, kind: EventKind, person: str, card: Card, **words: str) -> Said | None:
        """Hand in that *person* asks for *kind* at *card*; return what is to be said, if it was refused."""
        return await self._hand_in(self._event(kind, person, self.chance.token(), card.service.id, words))

    async def of_person(self, kind: EventKind, person: str) -> Said | None:
        """Hand in something that concerns the person, whatever the service."""
        return await self._hand_in(self._event(kind, person, self.chance.token(), None, {}))

    async def file(self, person: str, card: Card, file: Upload) -> Said | None:
        """Hand in a file; pressing twice hands it in once."""
        digest = hashlib.sha256(file.body).hexdigest()
        key = f"{card.rotation.id}/{digest}/{'confirmed' if file.is_confirmed else ''}"
        words = {"file_name": file.name, **({"confirmed": "yes"} if file.is_confirmed else {})}
        if file.account:
            words["account"] = file.account
        event = self._event(EventKind.TOKEN_SUPPLIED, person, key, card.service.id, words)
        return await self._hand_in(event, Attachment(AttachmentRole.ENVELOPE, file.name, file.body))

    def _event(self, kind: EventKind, person: str, key: str, service: str | None, words: Mapping[str, str]) -> Event:
        return Event(
            source=SOURCE,
            key=key,
            kind=kind,
            way=Way.PAGE,
            received_at=self.clock.now(),
            service=service,
            subject=Subject(PERSON_ID, person) if kind in ABOUT_PEOPLE else None,
            data={"person": person, **words},
        )

    async def _hand_in(self, event: Event, attachment: Attachment | None = None) -> Said | None:
        verdict = await self.intake.submit(event, attachment)
        if isinstance(verdict, Refused):
            return Said(finding=verdict.finding)
        settlement = await self.settlements.settled(verdict.event_id, _PATIENCE_SECONDS)
        if settlement is None or settlement.outcome != "denied":
            return None
        return Said(words=" ".join(Finding.sentences(line) for line in settlement.lines))


class Commits(Protocol):
    """Tells that something was committed."""

    async def wait(self) -> None:
        """Wait for the next commit."""
        ...
