"""An intake that keeps the promises of the real one: each event once, durable before the answer, no content twice."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from typing_extensions import override

from tokenward.model.event import AlreadyKnown, Attachment, Event, Refused, Taken, Verdict
from tokenward.model.finding import Code, Finding, Retryable
from tokenward.sources import TakesEvents

DUPLICATE = Finding(Code.DUPLICATE, "The very same file again.", "It was not used.", "Nothing.")
BUSY = Finding(Code.STORE, "The disk is full.", "Nothing was taken.", "Make room.")


@dataclass
class Record:
    """What lies on disk; it outlives the intake, as a database outlives a process."""

    events: dict[tuple[str, str], tuple[Event, Attachment | None]] = field(default_factory=dict)
    refusals: list[tuple[Event, Finding]] = field(default_factory=list)
    contents: set[str] = field(default_factory=set)


class FakeIntake(TakesEvents):
    """Takes events into a ``Record``. ``judge`` may refuse one; while ``is_full`` nothing can be written."""

    def __init__(self, record: Record | None = None) -> None:
        self.record = record or Record()
        self.judge: Callable[[Event, Attachment | None], Finding | None] = lambda event, attachment: None
        self.is_full = False
        self.submissions = 0

    @property
    def events(self) -> list[Event]:
        return [event for event, _ in self.record.events.values()]

    @property
    def attachments(self) -> list[Attachment]:
        return [attachment for _, attachment in self.record.events.values() if attachment]

    @property
    def refusals(self) -> list[Finding]:
        return [finding for _, finding in self.record.refusals]

    @override
    async def submit(self, event: Event, attachment: Attachment | None = None) -> Verdict:
        await self._write()
        self.submissions += 1
        name = (event.source, event.key)
        if name in self.record.events:
            return AlreadyKnown(list(self.record.events).index(name) + 1)
        digest = hashlib.sha256(attachment.body).hexdigest() if attachment else ""
        finding = DUPLICATE if digest in self.record.contents else self.judge(event, attachment)
        if finding is not None:
            return await self.refuse(event, finding)
        if digest:
            self.record.contents.add(digest)
        self.record.events[name] = (event, attachment)
        return Taken(len(self.record.events))

    @override
    async def refuse(self, event: Event, finding: Finding) -> Refused:
        await self._write()
        self.record.refusals.append((event, finding))
        return Refused(finding)

    async def _write(self) -> None:
        await asyncio.sleep(0)
        if self.is_full:
            raise Retryable(BUSY, retry_after_seconds=0.02)
