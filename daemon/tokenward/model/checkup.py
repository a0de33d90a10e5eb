"""What a look at everything found: one line for each thing, with the remedy where something is wrong."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How one thing stands."""

    WELL = "well"
    UNSURE = "unsure"
    """It can't be told, or is not as it had better be."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    about: str
    """What: ``configuration``, ``target main/jamf`` …"""
    grade: Grade
    said: str
    do: str = ""
    """The remedy; nothing where all is well or nobody can tell."""
