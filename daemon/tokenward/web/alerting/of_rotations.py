"""Alerts about open rotations and outages."""

from typing import Final

from tokenward.web import catalogue
from tokenward.web.alerting.promql import DEAD, ON_SERVICE, both, is_in, seconds_since, seconds_until
from tokenward.web.alerting.rule import Alert, Group, Severity

_WEEK: Final = 7 * 86400
_MOVED: Final = 3
"""The escalation level of a question that has passed to a deputy."""
_RESTING: Final = ("idle", "awaiting_token", "installed", "proven")
"""States that may last: others are waited for, or there is nothing to do. ``installed`` has an alert of its own."""

_BLOCKED: Final = f"{catalogue.ROTATION_BLOCKED.name} == 1"
_IS_BLOCKED: Final = (
    "`tokenward show {{ $labels.service }}` says what would clear it; `tokenward retry {{ $labels.service }}` has it "
    "looked at again at once. The operator acts."
)
_OUTAGE: Final = (
    "The old token is dead since the download, and the new one is not seen to work. `tokenward show {{ "
    "$labels.service }}` shows the step; while a file exists nobody downloads again."
)


def _outage(seconds: int, severity: Severity) -> Alert:
    return Alert(
        "OutageClockRunning",
        f"{seconds_since(catalogue.OUTAGE_START)} > {seconds}",
        severity,
        "{{ $labels.organisation }}/{{ $labels.service }} has been without a working token for {{ $value | "
        "humanizeDuration }}; new devices do not enrol.",
        _OUTAGE,
    )


GROUP: Final = Group(
    "tokenward-rotations",
    (
        Alert(
            "RotationWaitingForHuman",
            both(
                f"{seconds_until(catalogue.ROTATION_DEADLINE)} < {_WEEK} or {catalogue.ESCALATION.name} >= {_MOVED}",
                is_in(catalogue.ROTATION_STATE, "awaiting_token"),
            ),
            Severity.WARNING,
            "{{ $labels.organisation }}/{{ $labels.service }} waits for somebody to download a token, and the date "
            "is near.",
            "The person was asked, and reminded, by Tokenward itself. `tokenward show {{ $labels.service }}` says "
            "who; call them, or have them hand it to a deputy on their page.",
            "15m",
        ),
        Alert(
            "RotationStalled",
            both(
                f"{seconds_since(catalogue.ROTATION_ENTERED)} > 3600",
                f'{catalogue.ROTATION_STATE.name}{{{catalogue.ROTATION_STATE.name}!~"{"|".join(_RESTING)}"}} == 1',
            ),
            Severity.WARNING,
            "The rotation of {{ $labels.organisation }}/{{ $labels.service }} has not moved for {{ $value | "
            "humanizeDuration }}.",
            "A step that needs nobody does not come to its end. " + _IS_BLOCKED,
            "5m",
        ),
        Alert(
            "RotationBlocked",
            _BLOCKED,
            Severity.WARNING,
            "The rotation of {{ $labels.organisation }}/{{ $labels.service }} is blocked: {{ $labels.reason }}.",
            "It stands still until the reason is gone. " + _IS_BLOCKED,
            "5m",
        ),
        Alert(
            "RotationBlocked",
            f"({_BLOCKED})\nand {ON_SERVICE}\n"
            f"({is_in(catalogue.TOKEN_STATE, *DEAD)} or {ON_SERVICE} {catalogue.OUTAGE_START.name})",
            Severity.CRITICAL,
            "The rotation of {{ $labels.organisation }}/{{ $labels.service }} is blocked ({{ $labels.reason }}) and "
            "no token works; new devices do not enrol.",
            "The old token is dead, and the new one can't be had or installed until the reason is gone. " + _IS_BLOCKED,
            "5m",
        ),
        _outage(300, Severity.WARNING),
        _outage(1800, Severity.CRITICAL),
        Alert(
            "InstalledNotProven",
            both(f"{seconds_since(catalogue.ROTATION_ENTERED)} > 7200", is_in(catalogue.ROTATION_STATE, "installed")),
            Severity.WARNING,
            "The new token of {{ $labels.organisation }}/{{ $labels.service }} has been installed for {{ $value | "
            "humanizeDuration }}, and nobody has seen it work.",
            "The product holds it and has not been at Apple with it. Have the product sync, and look at its log; "
            "`tokenward probe {{ $labels.service }}` asks again.",
            "15m",
        ),
    ),
)
