"""What is done with the rows that wait: said now, later, or never. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from tokenward.notify.desk import Desk
from tokenward.notify.ports import Waiting
from tokenward.notify.section import family_of, section_of
from tokenward.notify.truth import LEADING, RECURRING, is_true, is_urgent, not_before
from tokenward.policy.audience import person_of
from tokenward.policy.quiet import quiet_until

log = structlog.get_logger("tokenward.notify")

GATHERED_FOR: Final = timedelta(seconds=15)
"""How long a message waits for others to the same reader, so that one event makes one letter."""
LOOKED_AT_AGAIN: Final = timedelta(minutes=5)
"""After that long a message that is held for the morning is looked at again: its token may have died meanwhile."""
KEPT_FOR: Final = timedelta(hours=1)
"""After that long what nobody may know yet is looked at again: the day may have come nearer."""
LINK_WITHIN: Final = timedelta(minutes=1)
"""How long a question waits for the link to its reader's page, which is made when something opens for them."""
MOST_SECTIONS: Final = 20
"""How many things one letter speaks of; what is beyond that is the next one's."""

Rows = tuple[Waiting, ...]


@dataclass(slots=True)
class Sorted:
    """Rows by what becomes of them."""

    letters: list[Rows] = field(default_factory=list)
    """To be sent now, each as one letter."""
    untrue: list[Waiting] = field(default_factory=list)
    """Not so any more, or not to be said to whom they are for."""
    withdrawn: list[Waiting] = field(default_factory=list)
    """As those, and may be so again for the same reason."""
    held: dict[datetime, list[Waiting]] = field(default_factory=dict)
    """To be looked at again later, by when."""
    unclear: list[Waiting] = field(default_factory=list)
    """Nobody here knows what they say: they come from another version, or from a fault."""

    def hold(self, rows: Iterable[Waiting], until: datetime) -> None:
        """Put *rows* to those that are looked at again at *until*."""
        self.held.setdefault(until, []).extend(rows)


def sort_out(waiting: Iterable[Waiting], desk: Desk) -> Sorted:
    """Return what becomes of each of *waiting* at the moment of *desk*."""
    found, by_audience = Sorted(), dict[str, list[Waiting]]()
    for row in waiting:
        try:
            if _is_ready(row, desk, found):
                by_audience.setdefault(row.message.audience, []).append(row)
        except Exception:
            log.exception("message.unclear", about=row.message.template)
            found.unclear.append(row)
    for audience, rows in by_audience.items():
        _address(audience, rows, desk, found)
    return found


def _is_ready(row: Waiting, desk: Desk, found: Sorted) -> bool:
    """Return whether *row* can be said; what can't is put where it belongs."""
    if not is_true(row.message, desk):
        (found.withdrawn if row.message.template in RECURRING else found.untrue).append(row)
        return False
    if (moment := not_before(row.message, desk)) is not None:
        found.hold([row], min(moment, desk.situation.now + KEPT_FOR))
        return False
    if _is_before_its_link(row, desk):
        return False
    section_of((row.message,), desk, "")  # what can't be written alone would keep the reader's whole letter back
    return True


def _is_before_its_link(row: Waiting, desk: Desk) -> bool:
    """Return whether *row* is of no use yet: it leads to a page whose link will be there at the next look."""
    person = person_of(row.message.audience)
    leads_to_page = person is not None and row.message.template in LEADING
    return leads_to_page and person not in desk.links and timedelta() <= desk.situation.now - row.added_at < LINK_WITHIN


def _address(audience: str, rows: list[Waiting], desk: Desk, found: Sorted) -> None:
    """Make letters to *audience*: what is urgent goes at once, and takes the rest along unless that is to wait."""
    now = desk.situation.now
    urgent_families = {family_of(row.message) for row in rows if is_urgent(row.message, desk)}
    urgent = [row for row in rows if family_of(row.message) in urgent_families]
    until = quiet_until(now, desk.quiet_of(audience))
    if until is not None:
        found.hold((row for row in rows if row not in urgent), min(until, now + LOOKED_AT_AGAIN))
        rows = urgent
    if rows and (urgent or not _is_gathering(rows, now)):
        found.letters.append(_no_more_than_fit(rows))


def _is_gathering(rows: list[Waiting], now: datetime) -> bool:
    """Return whether others may still join; a clock that was set back makes nobody wait."""
    return timedelta() <= now - min(row.added_at for row in rows) < GATHERED_FOR


def _no_more_than_fit(rows: list[Waiting]) -> Rows:
    families = list(dict.fromkeys(family_of(row.message) for row in rows))[:MOST_SECTIONS]
    return tuple(row for row in rows if family_of(row.message) in families)
