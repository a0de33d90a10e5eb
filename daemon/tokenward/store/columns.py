"""How values stand in columns: the one place that converts instants, and words and lists as JSON."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, overload

from tokenward.model.instant import utc

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@overload
def micros(moment: datetime) -> int: ...
@overload
def micros(moment: None) -> None: ...
@overload
def micros(moment: datetime | None) -> int | None: ...
def micros(moment: datetime | None) -> int | None:
    """Return *moment* as microseconds since 1970 in UTC, which is exact, sorts, and can be indexed.

    Raises:
        BadInstant: It is naive.
    """
    return None if moment is None else (utc(moment) - _EPOCH) // _MICROSECOND


@overload
def instant(column: int) -> datetime: ...
@overload
def instant(column: None) -> None: ...
@overload
def instant(column: int | None) -> datetime | None: ...
def instant(column: int | None) -> datetime | None:
    """Return the instant that ``micros`` wrote."""
    return None if column is None else _EPOCH + column * _MICROSECOND


def words_text(words: Mapping[str, str]) -> str:
    """Return *words* as canonical JSON: equal mappings give equal texts."""
    return json.dumps(dict(words), sort_keys=True, separators=(",", ":"))


def words(text: str) -> dict[str, str]:
    """Return what ``words_text`` wrote."""
    return {str(name): str(value) for name, value in json.loads(text).items()}


def list_text(items: Iterable[str]) -> str:
    """Return *items* as a JSON list."""
    return json.dumps(list(items), separators=(",", ":"))


def items(text: str) -> tuple[str, ...]:
    """Return what ``list_text`` wrote."""
    return tuple(str(item) for item in json.loads(text))


def insert_into(table: str, columns: Iterable[str]) -> str:
    """Return the statement that inserts a row, given by name, into *table*. Names are constants."""
    names = tuple(columns)
    marks = ", ".join(f":{name}" for name in names)
    return f"insert into {table} ({', '.join(names)}) values ({marks})"  # noqa: S608  names are constants


def set_each(columns: Iterable[str]) -> str:
    """Return ``a = :a, b = :b`` for an update from a row given by name."""
    return ", ".join(f"{name} = :{name}" for name in columns)


def take_new(columns: Iterable[str]) -> str:
    """Return ``a = excluded.a, b = excluded.b``: on conflict, the row that comes wins."""
    return ", ".join(f"{name} = excluded.{name}" for name in columns)
