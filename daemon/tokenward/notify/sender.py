"""Sends what waits in the outbox: one letter for each reader, by the first of their channels that takes it.

A row is done with only after its letter was handed over, so a crash says something twice rather than never. Nobody
waits for anybody else: each letter is a task of its own, each channel has room of its own, and what is in hand is not
taken up again. What became of a letter is kept until the store has it: a disk that is full sends nothing twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from tokenward.model.finding import Retryable
from tokenward.model.instant import Clock
from tokenward.model.person import LOG, NO_CHANNEL, Contact
from tokenward.model.roster import Roster
from tokenward.notify.desk import Desk
from tokenward.notify.letter import Letter, compose
from tokenward.notify.ports import Channel, ChannelFailed, Knows, Letters, Result, Tried
from tokenward.notify.sorting import Rows, Sorted, sort_out
from tokenward.notify.texts import Texts
from tokenward.notify.truth import is_true, is_urgent
from tokenward.policy.audience import ON_CALL, OPERATORS, person_of
from tokenward.policy.backoff import PATIENT, URGENT, Pace, next_attempt_at, share_of

log = structlog.get_logger("tokenward.notify")

_AT_ONCE: Final = 500
SIDE_BY_SIDE: Final = 8
"""How many letters of one pace one channel is given at once."""
_FRESH: Final = timedelta(seconds=5)
"""How old the view of things may be that a letter is written from."""
_SUPPRESSED: Final = (Tried(NO_CHANNEL, Result.SUPPRESSED),)
_OUR_FAULT: Final = "a fault of Tokenward's own"


@dataclass(frozen=True, slots=True)
class Outlets:
    """The ways to reach people, by the configuration in force."""

    channels: Mapping[str, Channel]
    """By id; ``log`` is always among them."""
    roster: Roster

    def contacts_of(self, audience: str) -> tuple[Contact, ...]:
        """Return how *audience* is reached, the best way first; by the log where nothing is configured."""
        person = self.roster.people.get(person_of(audience) or "")
        by_part = {OPERATORS: self.roster.operators, ON_CALL: self.roster.on_call or self.roster.operators}
        wanted = person.contact if person else by_part.get(audience, ())
        return tuple(one for one in wanted if one.channel in self.channels) or (Contact(LOG, audience),)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the store is to know of some rows."""

    rows: Rows
    write: Callable[[], Awaitable[None]]


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
        self._rooms: dict[tuple[str, Pace], asyncio.Semaphore] = {}
        self._in_hand: dict[int, asyncio.Task[None]] = {}
        self._owed: list[_Entry] = []
        self._desk: Desk | None = None
        self._looking = asyncio.Lock()

    async def send_pending(self) -> None:
        """Begin to send everything that may be sent now; return without waiting for it.

        Raises:
            Retryable: The store can't be read now.
        """
        await self._pay()
        busy = {*self._in_hand, *(row.id for entry in self._owed for row in entry.rows)}
        pending = await self._letters.pending(self._clock.now(), _AT_ONCE + len(busy))
        waiting = [row for row in pending if row.id not in busy]
        if not waiting:
            return
        self._desk = desk = await self._look()
        found = await asyncio.to_thread(sort_out, waiting, desk)
        for rows in found.letters:
            self._take_up(rows, desk)
        await self._put_away(found)

    async def finish(self) -> None:
        """Wait for what is in hand; what does not come to an end is sent again after a restart."""
        await asyncio.gather(*set(self._in_hand.values()), return_exceptions=True)
        await self._pay()

    def _take_up(self, rows: Rows, desk: Desk) -> None:
        pace = URGENT if any(is_urgent(row.message, desk) for row in rows) else PATIENT
        task = asyncio.create_task(self._deliver(rows, pace), name=f"letter to {rows[0].message.audience}")
        for row in rows:
            self._in_hand[row.id] = task
        task.add_done_callback(lambda _: [self._in_hand.pop(row.id, None) for row in rows])

    async def _put_away(self, found: Sorted) -> None:
        now, letters = self._clock.now(), self._letters
        untrue, withdrawn = tuple(found.untrue), tuple(found.withdrawn)
        if untrue:
            await self._record(_Entry(untrue, lambda: letters.settle(untrue, _SUPPRESSED, now)))
        if withdrawn:
            await self._record(_Entry(withdrawn, lambda: letters.withdraw(withdrawn, now)))
        for until, held in found.held.items():
            await self._record(_Entry(tuple(held), partial(letters.put_off, tuple(held), until)))
        for row in found.unclear:
            await self._record(self._later((row,), (), _OUR_FAULT, PATIENT))

    async def _deliver(self, rows: Rows, pace: Pace) -> None:
        try:
            entry = await self._by_the_first_that_takes_it(rows, pace)
        except Retryable as error:
            log.warning("message.waits", to=rows[0].message.audience, happened=error.finding.happened)
        except Exception:
            # A fault of ours keeps this letter back and nothing else.
            log.exception("message.fault", to=rows[0].message.audience)
            await self._record(self._later(rows, (), _OUR_FAULT, pace))
        else:
            await self._record(entry)

    async def _by_the_first_that_takes_it(self, rows: Rows, pace: Pace) -> _Entry:
        """Return what became of *rows*. Each attempt writes them anew: a channel may have taken its time to fail."""
        outlets, audience = self._outlets(), rows[0].message.audience
        tried: list[Tried] = []
        why = ""
        for contact in outlets.contacts_of(audience):
            async with self._room(contact.channel, pace):
                desk = await self._recent_look()
                rows = tuple(row for row in rows if is_true(row.message, desk))
                letter = compose(tuple(row.message for row in rows), desk) if rows else None
                if letter is None:
                    return self._done(rows, (*tried, *_SUPPRESSED))
                why = await _handed_over(outlets.channels[contact.channel], contact, letter)
            tried.append(Tried(contact.channel, Result.FAILED if why else Result.SENT))
            said = {"to": audience, "reference": letter.reference, "channel": contact.channel}
            about = [row.message.template for row in rows]
            if not why:
                log.info("message.sent", **said, about=about)
                return self._done(rows, tuple(tried))
            log.warning("message.not_taken", **said, about=about, why=why)
        return self._later(rows, tuple(tried), why, pace)

    def _done(self, rows: Rows, tried: tuple[Tried, ...]) -> _Entry:
        return _Entry(rows, lambda: self._letters.settle(rows, tried, self._clock.now()))

    def _later(self, rows: Rows, tried: tuple[Tried, ...], why: str, pace: Pace) -> _Entry:
        attempts = max(row.attempts for row in rows) + 1
        jitter = share_of(rows[0].message.reason_key)
        until = next_attempt_at(self._clock.now(), attempts, None, jitter, pace)
        return _Entry(rows, lambda: self._letters.put_off(rows, until, tried, why))

    async def _record(self, entry: _Entry) -> None:
        """Have the store know *entry*; while it can't, *entry* is owed, and its rows are left alone."""
        try:
            await entry.write()
        except Retryable as error:
            log.warning("message.unrecorded", messages=len(entry.rows), happened=error.finding.happened)
            self._owed.append(entry)

    async def _pay(self) -> None:
        """Record what is owed, as far as the store takes it."""
        owed, self._owed = self._owed, []
        for entry in owed:
            await self._record(entry)

    def _room(self, channel: str, pace: Pace) -> asyncio.Semaphore:
        """Return the room of *channel*; what is urgent has its own, so it waits for nothing that can wait."""
        return self._rooms.setdefault((channel, pace), asyncio.Semaphore(SIDE_BY_SIDE))

    async def _recent_look(self) -> Desk:
        async with self._looking:
            now = self._clock.now()
            if self._desk is None or not timedelta() <= now - self._desk.situation.now < _FRESH:
                self._desk = await self._look()
            return self._desk

    async def _look(self) -> Desk:
        return Desk(await self._knows.situation(), self._texts, await self._knows.links())


async def _handed_over(channel: Channel, contact: Contact, letter: Letter) -> str:
    """Hand *letter* to *channel*, and return why it was not taken; nothing where it was."""
    try:
        await channel.send(letter, contact.to)
    except ChannelFailed as error:
        return str(error)
    except Exception:  # a plugin's own; the next channel has its turn
        log.exception("channel.fault", channel=contact.channel)
        return f"{contact.channel} broke down"
    return ""
