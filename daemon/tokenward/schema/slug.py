"""Ids: they name things in files, links, metrics and folders."""

import re
from typing import Annotated, Final

from pydantic import PlainValidator

from tokenward.schema.fault import Fault, quote

RESERVED: Final = frozenset({"done", "rejected"})
"""Folders of these names stand beside the services' own in the drop folder."""

_FORM: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


def is_slug(value: object) -> bool:
    """Return whether *value* has the form of an id."""
    return isinstance(value, str) and _FORM.fullmatch(value) is not None


def parse_slug(value: object) -> str:
    """Return *value* if it is an id.

    Raises:
        Fault: Another form, or the name of a folder that every service shares.
    """
    if not isinstance(value, str) or not is_slug(value):
        raise Fault(f"{quote(value)} is no id", "1 to 41 of a-z, 0-9 and hyphen, not beginning with a hyphen")
    if value in RESERVED:
        raise Fault(f"{quote(value)} is kept for a folder in the drop folder", "any other id")
    return value


Slug = Annotated[str, PlainValidator(parse_slug)]
