"""Alerts about the tokens in use."""

from typing import Final

from tokenward.web import catalogue
from tokenward.web.alerting.promql import BY_SERVICE, DEAD, both, is_in, seconds_since, seconds_until, without
from tokenward.web.alerting.rule import Alert, Group, Severity

_DAY: Final = 86400
_EXPIRES_IN: Final = seconds_until(catalogue.TOKEN_EXPIRY)

THRESHOLDS: Final = (
    (60, Severity.INFO, "1h"),
    (30, Severity.WARNING, "1h"),
    (14, Severity.WARNING, "1h"),
    (7, Severity.CRITICAL, "15m"),
    (1, Severity.CRITICAL, "5m"),
)
"""Days left, how loudly that is said, and for how long it must be so. Widest first."""


def _expiring(days: int, severity: Severity, lasts: str) -> Alert:
    return Alert(
        "TokenExpiring",
        f"{_EXPIRES_IN} < {days} * {_DAY}",
        severity,
        "The token of {{ $labels.organisation }}/{{ $labels.service }} expires in {{ $value | humanizeDuration }}; "
        "then new devices stop enrolling.",
        "No newer token is installed yet. `tokenward show {{ $labels.service }}` says whether a rotation is open "
        "and whom it waits for; the operator sees to it that it goes on.",
        lasts,
        {"threshold": f"{days}d"},
    )


GROUP: Final = Group(
    "tokenward-tokens",
    (
        *(_expiring(*threshold) for threshold in THRESHOLDS),
        Alert(
            "TokenExpired",
            f"{_EXPIRES_IN} <= 0",  # with a lower bound, what has expired would fall silent
            Severity.CRITICAL,
            "The token of {{ $labels.organisation }}/{{ $labels.service }} has expired; new devices do not enrol.",
            "Devices that are enrolled go on working. `tokenward rotate {{ $labels.service }}`, and have the "
            "custodian or any deputy download a new token today.",
            "5m",
        ),
        Alert(
            "ExpiryUnknown",
            without(f"max {BY_SERVICE} ({catalogue.TOKEN_INFO.name})", catalogue.TOKEN_EXPIRY.name),
            Severity.WARNING,
            "Nobody knows when the token of {{ $labels.organisation }}/{{ $labels.service }} expires, so nobody is "
            "warned.",
            "The target can't be asked or holds no token, and no date is stated. `tokenward show {{ $labels.service "
            "}}`; the operator states the date with `tokenward adopt`, or mends the target.",
            "6h",
        ),
        Alert(
            "ProbeStale",
            without(f"{seconds_since(catalogue.LAST_PROBE_SUCCESS)} > 2 * {_DAY}", is_in(catalogue.TOKEN_STATE, *DEAD)),
            Severity.WARNING,
            "Nobody has said for {{ $value | humanizeDuration }} whether the token of {{ $labels.organisation }}/{{ "
            "$labels.service }} works.",
            "Neither Apple nor the target gave an answer that means something. `tokenward probe {{ $labels.service "
            "}}` asks now; the operator mends what it names.",
            "1h",
        ),
        Alert(
            "TokenRejected",
            is_in(catalogue.TOKEN_STATE, "rejected"),
            Severity.CRITICAL,
            "Apple rejects the token of {{ $labels.organisation }}/{{ $labels.service }}; new devices do not enrol.",
            "It was revoked, or a newer one was downloaded. Do not download again before you know: `tokenward "
            "history {{ $labels.service }}`, then ask whoever has portal rights for the file.",
            "10m",
        ),
        Alert(
            "UnplannedDownload",
            both(is_in(catalogue.TOKEN_STATE, "superseded"), is_in(catalogue.ROTATION_STATE, "awaiting_token")),
            Severity.CRITICAL,
            "A newer token of {{ $labels.organisation }}/{{ $labels.service }} was downloaded and is not here; the "
            "old one is dead.",
            "Somebody has the file, or lost it. `tokenward show {{ $labels.service }}` says who is asked; ask "
            "everybody with portal rights for the .p7m file and drop it. Do not download again.",
            "5m",
        ),
        Alert(
            "TermsNotAccepted",
            is_in(catalogue.TOKEN_STATE, "terms_unsigned"),
            Severity.WARNING,
            "Apple's terms are to be accepted for {{ $labels.organisation }}/{{ $labels.service }}; until then "
            "nothing syncs.",
            "The token is well: do not rotate. An Administrator signs in to Apple's portal and accepts; it may take "
            "hours to show. `tokenward probe {{ $labels.service }}` asks again.",
            "5m",  # no later than what it mutes
        ),
    ),
)
