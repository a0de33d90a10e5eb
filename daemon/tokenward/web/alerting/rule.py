"""An alert and a recording rule as values, whatever they are rendered for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PREFIX: Final = "Tokenward"
"""How every alert's name begins."""

SAME_SERVICE: Final = ("instance", "organisation", "service")
"""By these labels alerts about one service belong together. ``instance`` keeps tenants of their own daemon apart."""

_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Severity(StrEnum):
    """Who should look, and when."""

    CRITICAL = "critical"
    """Now: enrolment is broken, or will be within a week."""
    WARNING = "warning"
    """In working hours."""
    INFO = "info"
    """With the next digest."""
    NONE = "none"
    """Nobody: its absence is the alarm."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alerting rule. Several may share a name: then they differ in severity or threshold."""

    name: str
    """Without the prefix."""
    expr: str
    """PromQL whose every result is somebody's business. ``{job}`` stands for the name of the scrape job."""
    severity: Severity
    summary: str
    """One line: what it is about, and what follows. A template, as ``description``."""
    description: str
    """What it means, what to type first, and who acts."""
    lasts: str = "0m"
    """For how long it must be so, in Prometheus's words."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Beside the severity."""

    @property
    def dashboard(self) -> str:
        """Return the dashboard to look at: its uid, and the service that it is to show where the alert names one."""
        if "$labels.service" not in self.summary:
            return "tokenward"
        return "tokenward?var-organisation={{ $labels.organisation }}&var-service={{ $labels.service }}"

    @property
    def full_name(self) -> str:
        """Return the name with its prefix, as alerts bear it."""
        return PREFIX + self.name

    @property
    def page(self) -> str:
        """Return the name of its runbook, without ``.md``."""
        return _WORD.sub("-", self.name).lower()


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording rule: a value that is dear to compute, or that several pictures show."""

    name: str
    """Level, metric and operation, with colons between, as Prometheus's own advice has it."""
    expr: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are looked at together."""

    name: str
    alerts: tuple[Alert, ...] = ()
    recordings: tuple[Recording, ...] = ()


@dataclass(frozen=True, slots=True)
class Matching:
    """Some of the alerts, by their labels."""

    names: tuple[str, ...] = ()
    """One of these, without the prefix; every one of ours where none is given."""
    other_than: tuple[str, ...] = ()
    """And none of these."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each of these labels has one of these values."""

    def has(self, alert: Alert) -> bool:
        """Return whether *alert* is one of them."""
        own = {"severity": alert.severity.value, **alert.labels}
        is_called = alert.name in self.names if self.names else alert.name not in self.other_than
        return is_called and all(own.get(label) in values for label, values in self.labels.items())


@dataclass(frozen=True, slots=True)
class Mute:
    """While one alert is there, others are not told."""

    why: str
    by: Matching
    muted: Matching
    equal: tuple[str, ...]
    """Only where these labels are the same on both."""
