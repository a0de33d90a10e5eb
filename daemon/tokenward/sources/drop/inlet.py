"""One drop folder at work: what lies there is read, handed in, and only then put away."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Final

import structlog

from tokenward.model.event import Refused
from tokenward.model.finding import Finding, Retryable
from tokenward.model.instant import Clock
from tokenward.sources import TakesEvents
from tokenward.sources.drop.entry import Entry, Folder, Unusable
from tokenward.sources.drop.folder import DropFolder
from tokenward.sources.drop.reader import DropReader, Flawed, Reading, Ready, Unfinished

log = structlog.get_logger(__name__)

LISTED_AT_ONCE: Final = 2000
"""How many files are dealt with before listing anew, so that every folder gets its turn."""
TAKEN_AT_ONCE: Final = 100
"""How many are read into memory together, and share the store's commits."""
STORE_REST_SECONDS: Final = 5.0
"""How long the store is left in peace after it could not write, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What is durably decided about a file; without findings it was taken."""

    findings: tuple[Finding, ...] = ()
    is_secret: bool = False


class Inlet:
    """Takes what is dropped into one folder: ``begin``, then ``take_some`` until nothing new is left."""

    def __init__(
        self, folder: DropFolder, reader: DropReader, intake: TakesEvents, clock: Clock, still_seconds: float
    ) -> None:
        """Hand the files of *folder* to *intake*; what is unfinished must stand still for *still_seconds*."""
        self._folder = folder
        self._reader = reader
        self._intake = intake
        self._clock = clock
        self._still_seconds = still_seconds
        self._present: set[Entry] = set()
        self._tried: set[Entry] = set()
        self._unfinished_since: dict[Entry, float] = {}
        self._settled: dict[Entry, Settled] = {}
        self._store_rest_seconds: float | None = None
        self.oldest_pending: datetime | None = None
        """Since when the oldest file has been lying there, as of the last look."""

    @property
    def folder(self) -> Folder:
        """Which of the three it is."""
        return self._folder.folder

    @property
    def look_again_seconds(self) -> float | None:
        """After how long it is worth looking again without being woken; None where nothing is waited for."""
        waits = [self._still_seconds / 4] if self._unfinished_since else []
        if self._store_rest_seconds is not None:
            waits.append(self._store_rest_seconds)
        return min(waits, default=None)

    def begin(self) -> None:
        """Give everything another try."""
        self._tried.clear()
        self._store_rest_seconds = None

    async def take_some(self) -> bool:
        """Deal with up to 2000 files not tried in this sweep; return whether it is worth going on."""
        try:
            fresh = await asyncio.to_thread(self._list)
        except OSError as error:
            log.warning("drop.unreachable", folder=self.folder.value, error=str(error))
            return False
        for start in range(0, len(fresh), TAKEN_AT_ONCE):
            await self._take(fresh[start : start + TAKEN_AT_ONCE])
            if self._store_rest_seconds is not None:
                return False
        return bool(fresh)

    def _list(self) -> Sequence[Entry]:
        """Return what this sweep has not tried, in order of arrival, and forget what no longer lies there."""
        self._folder.make()
        self._present = set(self._folder.entries())
        self._unfinished_since = {one: since for one, since in self._unfinished_since.items() if one in self._present}
        self._settled = {one: settled for one, settled in self._settled.items() if one in self._present}
        oldest = min((entry.changed_ns for entry in self._present), default=None)
        self.oldest_pending = None if oldest is None else datetime.fromtimestamp(oldest / 1e9, UTC)
        untried = (one for one in self._present if one not in self._tried)
        fresh = nsmallest(LISTED_AT_ONCE, untried, key=lambda one: one.changed_ns)
        self._tried.update(fresh)
        return fresh

    async def _take(self, batch: Sequence[Entry]) -> None:
        """Read, hand in, put away: in this order nothing is lost, wherever the process ends."""
        clock = asyncio.get_running_loop().time()
        looked_at = await asyncio.to_thread(self._look_at, batch, clock, self._clock.now())
        await asyncio.gather(*(self._hand_in(entry, reading) for entry, reading in looked_at))
        await asyncio.to_thread(self._put_away, batch, self._clock.now())

    # --- reading, in a thread

    def _look_at(self, batch: Sequence[Entry], clock: float, now: datetime) -> list[tuple[Entry, Ready | Flawed]]:
        """Return what is to be handed in now."""
        found = []
        for entry in batch:
            if entry in self._settled:
                continue
            try:
                reading = self._read(entry, now)
            except Exception:  # one file must not hold up the others, whatever a parser makes of it
                log.exception("drop.unreadable", folder=self.folder.value, file=self._named(entry))
                continue
            if isinstance(reading, Unfinished):
                reading = self._patiently(entry, reading, clock)
            if reading is not None:
                found.append((entry, reading))
        return found

    def _read(self, entry: Entry, now: datetime) -> Reading | None:
        content = self._folder.read(entry)
        if content is None:
            return None
        if isinstance(content, bytes):
            return self._reader.read(entry, content, now)
        return self._refused_unread(entry, content, now)

    def _refused_unread(self, entry: Entry, unusable: Unusable, now: datetime) -> Reading:
        refusal = self._reader.refusal(entry, unusable.finding, now)
        return Unfinished(refusal) if unusable.may_change else refusal

    def _patiently(self, entry: Entry, reading: Unfinished, clock: float) -> Ready | Flawed | None:
        """Return what *reading* becomes once the file has stood still for long enough; None until then."""
        since = self._unfinished_since.setdefault(entry, clock)
        if clock - since < self._still_seconds:
            return None
        del self._unfinished_since[entry]
        return reading.then

    # --- handing in, on the loop

    async def _hand_in(self, entry: Entry, reading: Ready | Flawed) -> None:
        try:
            self._settled[entry] = await self._settle(reading)
        except Retryable as error:
            rest = error.retry_after_seconds
            self._store_rest_seconds = STORE_REST_SECONDS if rest is None else rest
            log.warning("drop.waits", folder=self.folder.value, file=self._named(entry), error=str(error))
        except Exception:  # it stays where it is, the others go on
            log.exception("drop.not_handed_in", folder=self.folder.value, file=self._named(entry))

    async def _settle(self, reading: Ready | Flawed) -> Settled:
        """Return what is durably decided; a known event means that this very file was taken before a crash."""
        if isinstance(reading, Flawed):
            refused = await self._intake.refuse(reading.event, reading.finding)
            return Settled((refused.finding,), reading.is_secret)
        verdicts = [await self._intake.submit(one.event, one.attachment) for one in reading.submissions]
        findings = tuple(verdict.finding for verdict in verdicts if isinstance(verdict, Refused))
        return Settled(findings, reading.is_secret)

    # --- putting away, in a thread

    def _named(self, entry: Entry) -> str | None:
        """Return the file's name for a log; that of an event may say what is nobody's business yet."""
        return None if self.folder is Folder.EVENTS else entry.shown_name

    def _put_away(self, batch: Sequence[Entry], now: datetime) -> None:
        for entry in batch:
            self._unsettle(entry, now)

    def _unsettle(self, entry: Entry, now: datetime) -> None:
        """Put *entry* away if it is settled; if it can't be moved it stays so, and only the move is repeated."""
        settled = self._settled.get(entry)
        if settled is None:
            return
        try:
            self._folder.put_away(entry, now, settled.findings, close=settled.is_secret)
        except OSError as error:
            log.warning("drop.not_moved", folder=self.folder.value, file=self._named(entry), error=str(error))
            return
        del self._settled[entry]
        outcome = ",".join(finding.code.number for finding in settled.findings) or "taken"
        log.info("drop.put_away", folder=self.folder.value, file=self._named(entry), outcome=outcome)
