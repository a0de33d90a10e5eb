"""Retirement: that nobody looks after a service any more, though the configuration still names it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Retirement:
    """Since when a service is retired, and why. What is on record of it stays."""

    service: str
    at: datetime
    why: str
    """What whoever retired it gave as the reason."""
