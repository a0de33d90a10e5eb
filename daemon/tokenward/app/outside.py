"""What the daemon is given from outside: time, chance, the environment. Tests and the demonstration give others."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from tokenward.app.clock import SystemClock
from tokenward.rotation.ports import Chance, Waypoints

_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH: Final = 20
"""Over a hundred random bits."""


class DaemonClock(Protocol):
    """A clock that knows whether it may be believed."""

    def now(self) -> datetime:
        """Return the present, aware and in UTC."""
        ...

    @property
    def is_settled(self) -> bool:
        """Whether it did not jump in the last minutes."""
        ...

    @property
    def jumps(self) -> int:
        """How many jumps were noticed."""
        ...

    @property
    def last_jump(self) -> timedelta:
        """By how much the last one went ahead, or back."""
        ...


class SystemChance:
    """Randomness from the operating system."""

    def token(self) -> str:
        """Return a fresh identifier."""
        return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


class NoWaypoints:
    """Nobody follows the daemon's durable points."""

    def reached(self, name: str, about: str) -> None:
        """Take no note."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that the daemon does not make itself."""

    environment: Mapping[str, str]
    clock: DaemonClock = field(default_factory=SystemClock)
    chance: Chance = field(default_factory=SystemChance)
    waypoints: Waypoints = field(default_factory=NoWaypoints)
