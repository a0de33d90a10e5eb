"""What telling people needs of the rest: the outbox, how things stand, and ways to reach somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tokenward.notify.letter import Letter
from tokenward.policy.asking import Situation
from tokenward.rotation.record import Message


class Result(StrEnum):
    """What became of a message, by the word that metrics use."""

    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Waiting(Protocol):
    """A message that waits to be sent."""

    @property
    def id(self) -> int:
        """Its number in the outbox."""
        ...

    @property
    def message(self) -> Message:
        """What is to be said, and to whom."""
        ...

    @property
    def added_at(self) -> datetime:
        """Since when it waits."""
        ...

    @property
    def attempts(self) -> int:
        """How often sending it failed."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """One way that was tried."""

    channel: str
    result: Result


class Letters(Protocol):
    """The outbox, as its sender sees it. Each call is one transaction."""

    async def pending(self, now: datetime, limit: int) -> tuple[Waiting, ...]:
        """Return the messages that may be sent now: on-call's first, then the oldest of each reader in turn."""
        ...

    async def settle(self, messages: tuple[Waiting, ...], tried: tuple[Tried, ...], at: datetime) -> None:
        """Put on record that *messages* are done with, sent or suppressed, and how."""
        ...

    async def withdraw(self, messages: tuple[Waiting, ...], at: datetime) -> None:
        """Put on record that *messages* were never said, so that their reasons can come up again."""
        ...

    async def put_off(
        self, messages: tuple[Waiting, ...], until: datetime, tried: tuple[Tried, ...] = (), why: str | None = None
    ) -> None:
        """Leave *messages* alone until then; with *why*, because sending them failed."""
        ...


class Knows(Protocol):
    """Knows how things stand, and at which address each person's page is."""

    async def situation(self) -> Situation:
        """Return how things stand with every service now."""
        ...

    async def links(self) -> Mapping[str, str]:
        """Return the address of everybody's present page, by person."""
        ...


class ChannelFailed(Exception):
    """A letter could not be handed to a channel; the text says why, without an address or a secret."""


class Channel(Protocol):
    """One way to reach people."""

    async def send(self, letter: Letter, to: str) -> None:
        """Hand *letter* over for *to*, within bounded time.

        Raises:
            ChannelFailed: It was not taken.
        """
        ...
