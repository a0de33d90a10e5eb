"""All rules, and which alert mutes which."""

from typing import Final

from tokenward.web import catalogue
from tokenward.web.alerting import of_arrivals, of_daemon, of_people, of_rotations, of_tokens
from tokenward.web.alerting.promql import BY_SERVICE, DEAD, is_in
from tokenward.web.alerting.rule import SAME_SERVICE, Alert, Group, Matching, Mute, Recording, Severity

RECORDINGS: Final = Group(
    "tokenward-recordings",
    recordings=(
        Recording(
            "organisation:tokenward_token_days_until_expiry:min",
            f"min by (job, instance, organisation) ({catalogue.TOKEN_DAYS.name})",
        ),
        Recording(
            "organisation:tokenward_token_dead:count",
            f"sum by (job, instance, organisation) ({is_in(catalogue.TOKEN_STATE, *DEAD).removesuffix(' == 1')})",
        ),
        Recording(
            "service:tokenward_rotation_blocked:max",
            f"max {BY_SERVICE} ({catalogue.ROTATION_BLOCKED.name})",
        ),
        Recording(
            "service:tokenward_outage_seconds:increase30d",
            f"increase({catalogue.OUTAGE_SECONDS.name}[30d])",
        ),
    ),
)

GROUPS: Final = (
    RECORDINGS,
    of_tokens.GROUP,
    of_rotations.GROUP,
    of_people.GROUP,
    of_arrivals.GROUP,
    of_daemon.GROUP,
)
"""In this order they are written."""

ALERTS: Final = tuple(alert for group in GROUPS for alert in group.alerts)

_TWICE: Final = ("RotationBlocked", "OutageClockRunning", "CustodianGone")
"""Alerts that come as a warning and as something worse."""


def _nearer(days: int) -> Mute:
    wider = tuple(f"{wide}d" for wide, *_ in of_tokens.THRESHOLDS if wide > days)
    return Mute(
        f"{days} days are said once, and not as every longer time too",
        Matching(("TokenExpiring",), labels={"threshold": (f"{days}d",)}),
        Matching(("TokenExpiring",), labels={"threshold": wider}),
        SAME_SERVICE,
    )


MUTES: Final = (
    Mute(
        "while Apple's terms are unsigned nothing syncs, whatever the token does",
        Matching(("TermsNotAccepted",)),
        Matching(("InstalledNotProven", "ProbeStale", "OutageClockRunning", "RotationBlocked", "RotationStalled")),
        SAME_SERVICE,
    ),
    *(_nearer(days) for days, *_ in reversed(of_tokens.THRESHOLDS[1:])),
    Mute(
        "what has expired expires no more, and need not be asked",
        Matching(("TokenExpired",)),
        Matching(("TokenExpiring", "ProbeStale")),
        SAME_SERVICE,
    ),
    Mute(
        "a blocked rotation says why; that it stands still follows",
        Matching(("RotationBlocked",)),
        Matching(("RotationStalled", "InstalledNotProven")),
        SAME_SERVICE,
    ),
    Mute(
        "the worse of two says all that the other says",
        Matching(_TWICE, labels={"severity": (Severity.CRITICAL,)}),
        Matching(_TWICE, labels={"severity": (Severity.WARNING,)}),
        ("alertname", *SAME_SERVICE),
    ),
    Mute(
        "what a daemon that is down said last is old",
        Matching(("Down",)),
        Matching(other_than=("Down", "Absent", "Watchdog")),
        ("job", "instance"),
    ),
    Mute(
        "the same where there is no daemon at all",
        Matching(("Absent",)),
        Matching(other_than=("Absent", "Watchdog")),
        ("job",),
    ),
)


def alerts_called(name: str) -> tuple[Alert, ...]:
    """Return the alerts of this *name*, which has no prefix."""
    return tuple(alert for alert in ALERTS if alert.name == name)


def mutes_of(alert: Alert) -> tuple[Alert, ...]:
    """Return the alerts about the same service that mute *alert*."""
    return tuple(
        other
        for mute in MUTES
        if mute.muted.has(alert) and set(SAME_SERVICE) <= set(mute.equal)
        for other in ALERTS
        if mute.by.has(other) and ("alertname" not in mute.equal or other.name == alert.name)
    )
