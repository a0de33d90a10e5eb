"""Whom a message is for, as it is kept: one person, or a group of those who run the services."""

from typing import Final

OPERATORS: Final = "operators"
ON_CALL: Final = "on-call"
_PERSON: Final = "person:"


def to_person(person: str) -> str:
    """Return the audience that *person*, by id, is."""
    return f"{_PERSON}{person}"


def person_of(audience: str) -> str | None:
    """Return the id of the person who *audience* is; None for a group."""
    return audience.removeprefix(_PERSON) if audience.startswith(_PERSON) else None
