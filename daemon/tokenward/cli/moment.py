"""Dates and instants on the command line."""

from datetime import UTC, date, datetime, time
from typing import Final

import click

from tokenward.model.instant import BadInstant, format_instant, parse_instant


class Moment(click.ParamType[str]):
    """A date, which means its first moment in UTC, or an instant with its offset; given on as RFC 3339."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return *value* as an instant, or end with what would be right."""
        try:
            return format_instant(_moment(value))
        except ValueError:
            self.fail(f"{value!r} is neither a date, 2027-03-01, nor an instant, 2027-03-01T09:00:00Z", param, ctx)


def _moment(text: str) -> datetime:
    try:
        return parse_instant(text)
    except BadInstant:
        return datetime.combine(date.fromisoformat(text.strip()), time(), UTC)


MOMENT: Final = Moment()
