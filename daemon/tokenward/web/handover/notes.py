"""What was last said to somebody at their page: it stays there until they do something else, or things have moved on.

Every press is answered with the way back to the page, so that loading it again, or going back to it, repeats nothing.
What is to be said waits here meanwhile. It is kept in memory only: nothing hangs on it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tokenward.web.handover.cards import Card
from tokenward.web.handover.deeds import Said
from tokenward.web.handover.visit import Visit

KEPT_FOR: Final = timedelta(minutes=30)
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was said."""

    said: Said
    service: str
    """At which card; empty where it is about the person."""
    where: object
    """How far that service was then."""
    until: datetime


@dataclass(slots=True)
class Notes:
    """The last thing that was said at each link."""

    _by_key: dict[str, Note] = field(default_factory=dict)

    def put(self, key: str, said: Said, service: str, found: Visit) -> None:
        """Have *said* shown at the card of *service* on the page with *key*, as *found* shows it."""
        self.forget(key)
        self._by_key[key] = Note(said, service, _place(found, service), found.now + KEPT_FOR)
        if len(self._by_key) > _MOST:
            del self._by_key[next(iter(self._by_key))]

    def forget(self, key: str) -> None:
        """Say it no more: the person does something else."""
        self._by_key.pop(key, None)

    def of(self, key: str, found: Visit) -> Note | None:
        """Return what is still to be said on the page with *key*, as *found* shows it."""
        note = self._by_key.get(key)
        is_so = note is not None and found.now < note.until and note.where == _place(found, note.service)
        return note if is_so else None


def _place(found: Visit, service: str) -> object:
    card: Card | None = found.card(service) or found.done_card(service)
    return (card.rotation.id, card.rotation.visit, card.stage) if card else None
