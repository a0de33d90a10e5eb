"""Lengths of time as people write them: ``45d``, ``1h``, ``30m``, ``90s``, ``2w``."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, PlainValidator

from tokenward.schema.fault import Fault, quote

LONGEST: Final = timedelta(days=3650)

_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_FORM: Final = re.compile(r"([0-9]{1,9})([wdhms])")
_RIGHT: Final = 'a whole number and one unit in quotes, such as "45d", "12h", "30m", "90s" or "2w"'


def parse_duration(value: object) -> timedelta:
    """Return the length of time that *value* names. The unit is required: a bare number could mean anything.

    Raises:
        Fault: It is no text of that form, zero, or longer than ten years.
    """
    if isinstance(value, timedelta):
        return value
    match = _FORM.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Fault(f"{quote(value)} is no length of time with a unit", _RIGHT)
    seconds = int(match[1]) * _SECONDS[match[2]]
    if not 0 < seconds <= LONGEST.total_seconds():
        raise Fault(f"{quote(value)} is not between one second and ten years", _RIGHT)
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Return *duration* in days or the largest smaller unit that divides it; ``parse_duration`` gives it back."""
    total = int(duration.total_seconds())
    unit = next(unit for unit in "dhms" if total % _SECONDS[unit] == 0)
    return f"{total // _SECONDS[unit]}{unit}"


Duration = Annotated[timedelta, PlainValidator(parse_duration)]


def waited_at_most(longest: timedelta, what: str) -> AfterValidator:
    """Return the check of a ``Duration`` field that says how long a *what* is waited for, which is never too long."""

    def check(value: timedelta) -> timedelta:
        if value > longest:
            raise Fault(f"no {what} is waited for that long", f'at most "{format_duration(longest)}"')
        return value

    return AfterValidator(check)
