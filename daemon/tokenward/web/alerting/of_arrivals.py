"""Alerts about what comes in: sources and the drop folder."""

from typing import Final

from tokenward.web import catalogue
from tokenward.web.alerting.promql import seconds_since
from tokenward.web.alerting.rule import Alert, Group, Severity

_REJECTED: Final = f'{catalogue.DROP_FILES.name}{{outcome="rejected"}}'

GROUP: Final = Group(
    "tokenward-arrivals",
    (
        Alert(
            "SourceDown",
            f"{catalogue.SOURCE_UP.name} == 0",
            Severity.WARNING,
            "The source {{ $labels.source }} does not work; what it would tell goes unnoticed.",
            "Its last poll failed, or it can't listen. `journalctl -u tokenward` says why; the operator mends it.",
            "30m",
        ),
        Alert(
            "InboxStuck",
            f"{seconds_since(catalogue.DROP_OLDEST)} > 900",
            Severity.WARNING,
            "A file has been lying in the drop folder {{ $labels.folder }} for {{ $value | humanizeDuration }} and "
            "is not read.",
            "It is not complete, or may not be read. The operator looks at its owner and mode; `tokenward drop "
            "FILE` hands it over the right way.",
            "5m",
        ),
        Alert(
            "InboxRejects",
            f"sum by (job, instance, folder, reason) (increase({_REJECTED}[1h])) > 0",
            Severity.INFO,
            "A file in the drop folder {{ $labels.folder }} was refused: {{ $labels.reason }}.",
            "The reason stands beside the file in rejected/, with what to do. `tokenward events` shows what came in.",
        ),
    ),
)
