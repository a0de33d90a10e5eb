"""Time zones by their name: ``Europe/Berlin``."""

from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import PlainValidator

from tokenward.schema.fault import Fault, quote


def parse_zone(value: object) -> ZoneInfo:
    """Return the time zone that *value* names.

    Raises:
        Fault: There is none of that name.

    Source: the IANA time zone database, as the system or the package tzdata has it.
    """
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = get_close_matches(value, available_timezones(), n=1) if isinstance(value, str) else ()
        right = f'"{near[0]}"' if near else 'a name such as "Europe/Berlin"'
        raise Fault(f"there is no time zone {quote(value)}", right) from error


Zone = Annotated[ZoneInfo, PlainValidator(parse_zone)]
