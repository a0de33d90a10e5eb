"""Spans of days in which no rotation should come due: ``2026-12-15/2027-01-05``."""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import PlainValidator

from tokenward.model.service import Freeze
from tokenward.schema.fault import Fault, quote

_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FORM: Final = re.compile(rf"({_DAY})/({_DAY})")
_RIGHT: Final = 'first and last day, both included, such as "2026-12-15/2027-01-05"'


def parse_freeze(value: object) -> Freeze:
    """Return the span of days that *value* names.

    Raises:
        Fault: It is none, or ends before it begins.

    Source: ISO 8601-1, intervals; whole days only.
    """
    if isinstance(value, Freeze):
        return value
    match = _FORM.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Fault(f"{quote(value)} is no span of days", _RIGHT)
    try:
        first, last = date.fromisoformat(match[1]), date.fromisoformat(match[2])
    except ValueError as error:
        raise Fault(f"{quote(value)} names a day that does not exist", _RIGHT) from error
    if last < first:
        raise Fault(f"{quote(value)} ends before it begins", _RIGHT)
    return Freeze(first, last)


FreezeSpan = Annotated[Freeze, PlainValidator(parse_freeze)]
