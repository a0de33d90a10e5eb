"""Frozen values as JSON: fields keep their names, instants are RFC 3339, unknown is null."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from tokenward.model.instant import format_instant

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None


def as_json(value: object) -> Json:
    """Return *value*, a tree of dataclasses, tuples, sets, mappings and plain values, as JSON.

    Raises:
        TypeError: Something in it has no form in JSON, a ``Secret`` for one.
    """
    match value:
        case Enum():
            return as_json(value.value)
        case str() | int() | float() | None:
            return value
        case datetime():
            return format_instant(value)
        case Mapping():
            return {str(key): as_json(item) for key, item in value.items()}
        case tuple() | list():
            return [as_json(item) for item in value]
        case frozenset():
            return [as_json(item) for item in sorted(value)]
        case _ if is_dataclass(value):
            return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON")
