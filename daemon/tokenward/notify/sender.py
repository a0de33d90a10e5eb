"""Sends what waits in the outbox: one letter for each person, by the first of their channels that takes it.

A row is done with only after its letter was handed over, so a crash says something twice rather than never. Nobody
waits for anybody else: each letter is a task of its own, and what is in hand is not taken up again.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from tokenward.model.finding import Retryable
from tokenward.model.instant import Clock
from tokenward.model.person import Contact
from tokenward.model.roster import Roster
from tokenward.notify.letter import PERSON, Desk, Letter, compose, family, is_alarm, is_true
from tokenward.notify.ports import Channel, ChannelFailed, Knows, Letters, Result, Tried, Waiting
from tokenward.notify.texts import Texts
from tokenward.policy.backoff import PATIENT, next_attempt_at
from tokenward.policy.quiet import quiet_until
from tokenward.rotation.record import Message

log = structlog.get_logger("tokenward.notify")

GATHERED_FOR: Final = timedelta(seconds=15)
"""How long a message waits for others to the same person, so that one event makes one letter."""
LOG: Final = "log"
"""The channel that is always there, and is used where nothing else is configured."""
_AT_ONCE: Final = 500
_SIDE_BY_SIDE: Final = 8


@dataclass(frozen=True, slots=True)
class Outlets:
    """The ways to reach people, by the configuration in force."""

    channels: Mapping[str, Channel]
    """By id; ``log`` is always among them."""
    roster: Roster

    def contacts_of(self, audience: str) -> tuple[Contact, ...]:
        """Return how *audience* is reached, the best way first; by the log where nothing is configured."""
        person = self.roster.people.get(audience.removeprefix(PERSON)) if audience.startswith(PERSON) else None
        by_part = {"operators": self.roster.operators, "on-call": self.roster.on_call or self.roster.operators}
        wanted = person.contact if person else by_part.get(audience, ())
        return tuple(one for one in wanted if one.channel in self.channels) or (Contact(LOG, audience),)


class Sender:
    """Empties the outbox."""

    def __init__(
        self, letters: Letters, knows: Knows, outlets: Callable[[], Outlets], texts: Texts, clock: Clock
    ) -> None:
        """Send what waits in *letters*, made of what *knows* says, by the present *outlets*."""
        self._letters = letters
        self._knows = knows
        self._outlets = outlets
        self._texts = texts
        self._clock = clock
        self._room = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._in_hand: dict[int, asyncio.Task[None]] = {}

    async def send_pending(self) -> None:
        """Begin to send everything that may be sent now; return without waiting for it.

        Raises:
            Retryable: The store can't be read or written now.
        """
        now = self._clock.now()
        waiting = [one for one in await self._letters.pending(now, _AT_ONCE) if one.id not in self._in_hand]
        if not waiting:
            return
        situation = await self._knows.situation()
        desk = Desk(situation, self._texts, await self._knows.links())
        for group in _grouped(waiting):
            await self._take_up(group, desk)

    async def finish(self) -> None:
        """Wait for what is in hand; what does not come to an end is sent again after a restart."""
        await asyncio.gather(*set(self._in_hand.values()), return_exceptions=True)

    async def _take_up(self, group: tuple[Waiting, ...], desk: Desk) -> None:
        now = self._clock.now()
        true = tuple(one for one in group if is_true(one.message, desk.situation))
        if gone := tuple(one for one in group if one not in true):
            await self._letters.settle(gone, (Tried("none", Result.SUPPRESSED),), now)
        if not true:
            return
        if not any(is_alarm(one.message, desk.situation) for one in true):
            gathered_at = min(one.added_at for one in true) + GATHERED_FOR
            if now < gathered_at:
                return
            audience = true[0].message.audience
            if (until := quiet_until(now, desk.quiet_of(audience))) is not None:
                await self._letters.put_off(true, until)
                return
        letter = compose(tuple(one.message for one in true), desk)
        if letter is None:
            await self._letters.settle(true, (Tried("none", Result.SUPPRESSED),), now)
            return
        task = asyncio.create_task(self._deliver(true, letter), name=f"letter {letter.reference}")
        for one in true:
            self._in_hand[one.id] = task
        task.add_done_callback(lambda _: [self._in_hand.pop(one.id, None) for one in true])

    async def _deliver(self, messages: tuple[Waiting, ...], letter: Letter) -> None:
        async with self._room:
            try:
                await self._by_the_first_that_takes_it(messages, letter)
            except Retryable as error:
                log.warning("message.waits", reference=letter.reference, happened=error.finding.happened)
            except Exception:
                # A fault of ours, or of a plugin's, keeps this letter back and nothing else.
                log.exception("message.fault", reference=letter.reference)
                await self._try_later(messages, (), "a fault of Tokenward's own")

    async def _by_the_first_that_takes_it(self, messages: tuple[Waiting, ...], letter: Letter) -> None:
        first, outlets = messages[0].message, self._outlets()
        tried: list[Tried] = []
        why = ""
        for contact in outlets.contacts_of(first.audience):
            try:
                await outlets.channels[contact.channel].send(letter, contact.to)
            except ChannelFailed as error:
                why = str(error)
                tried.append(Tried(contact.channel, Result.FAILED))
                log.warning("message.not_taken", **_said(first, letter), channel=contact.channel, why=why)
                continue
            tried.append(Tried(contact.channel, Result.SENT))
            await self._letters.settle(messages, tuple(tried), self._clock.now())
            log.info("message.sent", **_said(first, letter), channel=contact.channel, messages=len(messages))
            return
        await self._try_later(messages, tuple(tried), why)

    async def _try_later(self, messages: tuple[Waiting, ...], tried: tuple[Tried, ...], why: str) -> None:
        attempts = max(one.attempts for one in messages) + 1
        jitter = zlib.crc32(messages[0].message.reason_key.encode()) / 2**32
        until = next_attempt_at(self._clock.now(), attempts, None, jitter, PATIENT)
        await self._letters.put_off(messages, until, tried, why)


def _grouped(waiting: Iterable[Waiting]) -> list[tuple[Waiting, ...]]:
    groups: dict[tuple[str, str], list[Waiting]] = {}
    for one in waiting:
        groups.setdefault(family(one.message), []).append(one)
    return [tuple(group) for group in groups.values()]


def _said(message: Message, letter: Letter) -> dict[str, str | None]:
    """Return what the log may know of a letter: never its text, which may hold a link."""
    return {
        "to": message.audience,
        "about": message.template,
        "service": message.service,
        "reference": letter.reference,
    }
