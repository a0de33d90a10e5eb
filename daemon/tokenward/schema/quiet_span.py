"""Hours of a day: ``20:00-07:00``."""

import re
from datetime import time
from typing import Annotated, Final

from pydantic import PlainValidator

from tokenward.schema.fault import Fault, quote

_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_FORM: Final = re.compile(rf"({_CLOCK})-({_CLOCK})")
_RIGHT: Final = 'hours as on the wall, such as "20:00-07:00"; "00:00-00:00" for none'


def parse_quiet_span(value: object) -> tuple[time, time]:
    """Return when the hours that *value* names begin and end; an earlier end is on the next day.

    Raises:
        Fault: They are none.
    """
    if isinstance(value, tuple):
        start, end = value
        return start, end
    match = _FORM.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Fault(f"{quote(value)} is no span of hours", _RIGHT)
    return time.fromisoformat(match[1]), time.fromisoformat(match[2])


QuietSpan = Annotated[tuple[time, time], PlainValidator(parse_quiet_span)]
