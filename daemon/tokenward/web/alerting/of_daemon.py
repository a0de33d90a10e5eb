"""Alerts about the daemon itself: while nobody watches, nobody warns."""

from typing import Final

from tokenward.web import catalogue
from tokenward.web.alerting.promql import ON_SERVICE
from tokenward.web.alerting.rule import Alert, Group, Severity

JOB: Final = "{job}"
"""Stands for the name of the scrape job."""
_UP: Final = f'up{{job="{JOB}"}}'
_INFO: Final = catalogue.TOKEN_INFO.name
_CLOCK: Final = catalogue.CLOCK_TIME.name
_STATUS: Final = "`systemctl status tokenward` and `journalctl -u tokenward` say why; the operator mends it."

GROUP: Final = Group(
    "tokenward-daemon",
    (
        Alert(
            "Down",
            f"{_UP} == 0",
            Severity.CRITICAL,
            "Tokenward on {{ $labels.instance }} does not answer; nobody watches its tokens.",
            "The daemon has ended, hangs, or can't be reached by Prometheus. " + _STATUS,
            "10m",
        ),
        Alert(
            "Absent",
            f'absent({catalogue.BUILD_INFO.name}{{job="{JOB}"}})',
            Severity.CRITICAL,
            "Prometheus has no Tokenward at all; nobody watches any token.",
            "No daemon is scraped under this job's name: none runs, or the scrape configuration lost it.",
            "15m",
        ),
        Alert(
            "NotReady",
            f"{catalogue.READY.name} == 0",
            Severity.WARNING,
            "Tokenward on {{ $labels.instance }} runs and takes no events.",
            "Its configuration, its database or its sources are not as they have to be. /readyz names "
            "what is missing. " + _STATUS,
            "10m",
        ),
        Alert(
            "SeriesVanished",
            f"({_INFO} offset 1h unless {ON_SERVICE} {_INFO})\nand on (instance)\n({_UP} == 1)",
            Severity.WARNING,
            "{{ $labels.organisation }}/{{ $labels.service }} is no longer watched.",
            "Its series were there an hour ago. If it was not taken out of the configuration on purpose, the record "
            "can't be read: `tokenward status`. Ends by itself after an hour.",
            "15m",
        ),
        Alert(
            "ClockSkew",
            f"abs({catalogue.CLOCK_SKEW.name}) > 60\nor\nabs({_CLOCK} - timestamp({_CLOCK})) > 60",
            Severity.WARNING,
            "The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off; Apple refuses requests, "
            "and dates are wrong.",
            "Compared with Apple's or with Prometheus's. `timedatectl` on the machine; the operator mends its time "
            "service.",
            "10m",
        ),
        Alert(
            "ConfigReloadFailed",
            f"{catalogue.CONFIG_SUCCESSFUL.name} == 0",
            Severity.WARNING,
            "Tokenward on {{ $labels.instance }} could not read its new configuration; the old one is in force.",
            "`tokenward config check` names every problem; mend them and reload.",
            "5m",
        ),
        Alert(
            "InternalErrors",
            f"increase({catalogue.INTERNAL_ERRORS.name}[15m]) > 3",
            Severity.WARNING,
            "Tokenward on {{ $labels.instance }} meets faults that nobody foresaw, in {{ $labels.component }}.",
            "Each has a line in the log with its traceback: `journalctl -u tokenward -p err`. Report it.",
        ),
        Alert(
            "RestartLoop",
            f'changes(process_start_time_seconds{{job="{JOB}"}}[1h]) > 3',
            Severity.CRITICAL,
            "Tokenward on {{ $labels.instance }} starts again and again; nobody watches its tokens for long.",
            "It ends soon after each start. " + _STATUS,
        ),
        Alert(
            "Watchdog",
            "vector(1)",
            Severity.NONE,
            "Prometheus and Alertmanager work: this alert is always there.",
            "Send it to something outside that raises an alarm when it stops coming.",
        ),
    ),
)
