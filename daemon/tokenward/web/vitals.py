"""What only the running process knows, handed in by the application each time somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Build:
    """What is running."""

    version: str
    revision: str
    """Of the source it was built from; empty where nobody knows."""
    python: str


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How things stand with one source."""

    source: str
    kind: str
    is_up: bool | None = None
    """Whether the last poll went well, or the listener is bound. None: before the first pass."""
    last_success_at: datetime | None = None
    """The last good poll or sign of life."""
    last_event_at: datetime | None = None
    silence_limit: timedelta | None = None
    """After how long a silence somebody should be told."""


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """Whether a target of a service let us in when it was last asked."""

    service: str
    target: str
    is_up: bool | None = None
    """None: never asked."""
    last_success_at: datetime | None = None


class Signal(StrEnum):
    """What a source may be able to tell of a person."""

    PASSWORD = "password"  # noqa: S105 - a word, no secret
    DEPARTURE = "departure"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Coverage:
    """A source can tell this of that person."""

    person: str
    signal: Signal
    source: str


@dataclass(frozen=True, slots=True)
class ConfigurationHealth:
    """What came of the last attempt to load the configuration."""

    is_loaded: bool
    loaded_at: datetime
    """When one was last taken into force."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the daemon can take events and act on them."""

    configuration: bool
    """A configuration is in force."""
    store: bool
    """The record can be written."""
    sources: bool
    """Every source was looked at once."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not there yet, in words for a person; nothing where it is ready."""
        parts = (
            (self.configuration, "configuration: none is in force"),
            (self.store, "store: it can't be written to now"),
            (self.sources, "sources: the first pass over them is not done"),
        )
        return tuple(sentence for is_there, sentence in parts if not is_there)


@dataclass(frozen=True, slots=True)
class Vitals:
    """Everything that the running process knows of itself, as of one moment."""

    now: datetime
    build: Build
    readiness: Readiness
    configuration: ConfigurationHealth
    sources: tuple[SourceHealth, ...] = ()
    targets: tuple[TargetHealth, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    """What configured sources can tell, beyond each person's own ``password_source``."""
    oldest_pending_at: Mapping[str, datetime] = field(default_factory=dict)
    """Since when the oldest file has been waiting, for each drop folder in which one does."""
    clock_skew_seconds: Mapping[str, float] = field(default_factory=dict)
    """By how much another's clock is ahead of ours, by its name, where one has answered."""
    store_bytes: int | None = None
