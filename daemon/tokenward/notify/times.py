"""Times and spans as their reader says them: in the reader's zone, by the names and forms of their language. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from tokenward.model.token import Basis, Expiry
from tokenward.notify.texts import Texts


@dataclass(frozen=True, slots=True)
class Times:
    """Says when something is."""

    texts: Texts
    zone: tzinfo
    now: datetime

    def day(self, moment: datetime) -> str:
        """Return the day of *moment* for a subject: ``28 Nov``."""
        local = moment.astimezone(self.zone)
        return self._form("day", day=str(local.day), short_month=self.texts.names["short_months"][local.month - 1])

    def date(self, moment: datetime) -> str:
        """Return the day of *moment*: ``28 November 2026``."""
        return self._date(moment.astimezone(self.zone))

    def when(self, moment: datetime) -> str:
        """Return *moment* as a person needs it: day of the week, date, local time, and how far off it is."""
        local = moment.astimezone(self.zone)
        return self._form(
            "when",
            weekday=self.texts.names["weekdays"][local.weekday()],
            date=self._date(local),
            clock=f"{local:%H:%M}",
            zone=local.tzname() or "UTC",
            far=self._far((local.date() - self.now.astimezone(self.zone).date()).days),
        )

    def expires(self, expiry: Expiry) -> str:
        """Return when a token ends, and how that is known where it is less than certain (B1.2)."""
        match expiry.basis:
            case Basis.ESTIMATED:
                return self._form("estimated", date=self.date(expiry.at))
            case Basis.STATED:  # a day as somebody wrote it down, which begins in UTC
                return self._form("stated", date=self._date(expiry.at.astimezone(UTC)))
            case Basis.DECRYPTED | Basis.READ_BACK:
                return self.date(expiry.at)

    def span(self, seconds: float) -> str:
        """Return how long something took; what is negative took no time."""
        minutes, rest = divmod(max(int(seconds), 0), 60)
        hours, minutes_left = divmod(minutes, 60)
        if hours:
            return self._form("hours", hours=str(hours), minutes=str(minutes_left))
        if minutes:
            return self._form("minutes", minutes=str(minutes), seconds=str(rest))
        return self._form("seconds", seconds=str(rest))

    def _date(self, local: datetime) -> str:
        month = self.texts.names["months"][local.month - 1]
        return self._form("date", day=str(local.day), month=month, year=str(local.year))

    def _far(self, days: int) -> str:
        named = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days)
        return self._form(named) if named else self._form("ahead" if days > 0 else "past", days=str(abs(days)))

    def _form(self, name: str, **words: str) -> str:
        return self.texts.times[name].format_map(words)
