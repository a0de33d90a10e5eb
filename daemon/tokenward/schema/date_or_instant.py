"""A day or an instant, as TOML knows both without quotes."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Final

from pydantic import PlainValidator

from tokenward.model.instant import BadInstant, utc
from tokenward.schema.fault import Fault, quote

_RIGHT: Final = "without quotes a day, 2027-03-01, or an instant with its offset, 2027-03-01T09:00:00Z"


def parse_date_or_instant(value: object) -> datetime:
    """Return *value* in UTC; a day means its start, so that a date never promises more than it says.

    Raises:
        Fault: Neither a day nor an instant with an offset.
    """
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise Fault(f"{quote(value)} is neither a day nor an instant", _RIGHT)


def _instant(value: datetime) -> datetime:
    try:
        return utc(value)
    except (BadInstant, OverflowError) as error:
        raise Fault(f"{value.isoformat()} has no place in UTC without its offset", _RIGHT) from error


DateOrInstant = Annotated[datetime, PlainValidator(parse_date_or_instant)]
