"""The rows of the dashboard, from what needs somebody down to the daemon itself."""

from collections.abc import Mapping
from typing import Final

from dashboards.parts import (
    BY_SERVICE,
    DAYS_LEFT,
    GOOD_AT_ZERO,
    NOTEWORTHY,
    OF_PROCESS,
    OF_SERVICE,
    PERSON_STATES,
    PLAIN,
    ROTATION_STATES,
    SERVICE,
    TOKEN_STATES,
    YES_NO,
    AnyPanel,
    by_number,
    in_unit,
    numbered,
    of_process,
    of_service,
    said,
    series_of,
    stat_of,
    table_of,
    timeline_of,
)
from tokenward.web import catalogue

_MILLISECONDS: Final = "1000 *"
"""Grafana counts instants in them."""


def needs_me() -> list[AnyPanel]:
    """Return what needs somebody now."""
    return [
        stat_of(
            "Next expiry",
            "Days until the first of the tokens ends; then its service enrols no new device.",
            "token-expiring",
            f"min({of_service(catalogue.TOKEN_DAYS)})",
            unit="d",
            steps=DAYS_LEFT,
        ),
        stat_of(
            "Wait for a person",
            "Services for which somebody has to download a token, or whose rotation is blocked.",
            "rotation-waiting-for-human",
            f"sum(max {BY_SERVICE} ({of_service(catalogue.ROTATION_STATE, tokenward_rotation_state='awaiting_token')} "
            f"or {of_service(catalogue.ROTATION_BLOCKED)}))",
            steps=NOTEWORTHY,
        ),
        stat_of(
            "Without a working token",
            "Services whose old token is dead while the new one is not seen to work. New devices do not enrol.",
            "outage-clock-running",
            f"count({of_service(catalogue.OUTAGE_START)}) or vector(0)",
        ),
        stat_of(
            "Expiry not known",
            "Services whose token's end nobody can tell, so that nobody is warned of it.",
            "expiry-unknown",
            f"count(max {BY_SERVICE} ({of_service(catalogue.TOKEN_INFO)}) "
            f"unless {BY_SERVICE.replace('by', 'on')} {of_service(catalogue.TOKEN_EXPIRY)}) or vector(0)",
            steps=NOTEWORTHY,
        ),
        table_of(
            "Alerts",
            "What Prometheus's rules say just now; empty where it has not loaded them.",
            "watchdog",
            [('ALERTS{alertname=~"Tokenward.+",alertname!="TokenwardWatchdog",alertstate="firing"}', "", ())],
        ),
    ]


def tokens() -> list[AnyPanel]:
    """Return every token in use."""
    columns = (
        (f"max by (organisation, service, custodian, expiry_basis) ({of_service(catalogue.TOKEN_INFO)})", "", ()),
        (f"min {BY_SERVICE} ({of_service(catalogue.TOKEN_DAYS)})", "days left", in_unit("d", DAYS_LEFT)),
        (
            numbered(catalogue.TOKEN_STATE, TOKEN_STATES, BY_SERVICE, OF_SERVICE),
            "state",
            said(by_number(TOKEN_STATES)),
        ),
        (f"max {BY_SERVICE} ({of_service(catalogue.PROOF_RUNG)})", "proof", in_unit("none")),
        (
            f"{_MILLISECONDS} max {BY_SERVICE} ({of_service(catalogue.PLANNED_ROTATION)})",
            "next rotation",
            in_unit("dateTimeAsIso"),
        ),
        (f"max {BY_SERVICE} ({of_service(catalogue.BACKUP_CUSTODIANS)})", "deputies", in_unit("none")),
    )
    return [
        table_of(
            "Tokens",
            "Each token in use: until when, how that is known, how strongly it was proven, who downloaded it.",
            "token-expiring",
            columns,
            how_known="expiry_basis",
        ),
        timeline_of(
            "States of tokens",
            "How things stood with each token. Where nobody can be asked, it says so.",
            "token-rejected",
            numbered(catalogue.TOKEN_STATE, TOKEN_STATES, BY_SERVICE, OF_SERVICE),
            SERVICE,
            TOKEN_STATES,
        ),
    ]


def rotations() -> list[AnyPanel]:
    """Return the open rotations, and how long the past ones took."""
    phase = of_process(catalogue.ROTATION_PHASE).replace(
        catalogue.ROTATION_PHASE.name, f"{catalogue.ROTATION_PHASE.name}_bucket"
    )
    return [
        timeline_of(
            "Rotations",
            "Which way each rotation went, and where it waited.",
            "rotation-stalled",
            numbered(catalogue.ROTATION_STATE, ROTATION_STATES, BY_SERVICE, OF_SERVICE),
            SERVICE,
            ROTATION_STATES,
        ),
        table_of(
            "Open rotations",
            "Each with its date. What is blocked says why in `tokenward show`.",
            "rotation-blocked",
            (
                (
                    f"{_MILLISECONDS} max {BY_SERVICE} ({of_service(catalogue.ROTATION_DEADLINE)})",
                    "due",
                    in_unit("dateTimeAsIso"),
                ),
                (
                    f"{_MILLISECONDS} max {BY_SERVICE} ({of_service(catalogue.ROTATION_ENTERED)})",
                    "since",
                    in_unit("dateTimeAsIso"),
                ),
                (f"max {BY_SERVICE} ({of_service(catalogue.ESCALATION)})", "escalation", in_unit("none")),
                (
                    f"max {BY_SERVICE} ({of_service(catalogue.ROTATION_BLOCKED)})",
                    "blocked",
                    said({"0": ("no", "text"), "1": ("yes", "red")}),
                ),
            ),
        ),
        series_of(
            "How long the phases take",
            "Nine of ten took less, in the time that is looked at. The human phase is the person at Apple's portal.",
            "rotation-stalled",
            [(f"histogram_quantile(0.9, sum by (le, phase) (increase({phase}[$__range])))", "{{phase}}")],
            unit="s",
        ),
        series_of(
            "Outage",
            "Seconds without a working token, past and running, since the service is watched.",
            "outage-clock-running",
            [(f"max {BY_SERVICE} ({of_service(catalogue.OUTAGE_SECONDS)})", SERVICE)],
            unit="s",
        ),
    ]


def people() -> list[AnyPanel]:
    """Return the people who download tokens, as far as it may be told."""
    return [
        timeline_of(
            "People",
            "How things stand with each person. A departure that is not effective yet is not shown.",
            "custodian-gone",
            numbered(catalogue.CUSTODIAN_STATE, PERSON_STATES, "by (custodian)", OF_PROCESS),
            "{{custodian}}",
            PERSON_STATES,
        ),
        table_of(
            "Who would tell",
            "Which source can tell a new password, a departure or a lost role; none where nobody can.",
            "source-down",
            [(f"max by (custodian, signal, source) ({of_process(catalogue.CUSTODIAN_COVERAGE)})", "", ())],
        ),
    ]


def arrivals() -> list[AnyPanel]:
    """Return the sources and what came in."""
    return [
        table_of(
            "Sources",
            "Whether each works, and when it last gave a sign of life.",
            "source-down",
            (
                (f"max by (source) ({of_process(catalogue.SOURCE_UP)})", "works", said(YES_NO)),
                (
                    f"{_MILLISECONDS} max by (source) ({of_process(catalogue.SOURCE_LAST_SUCCESS)})",
                    "last sign of life",
                    in_unit("dateTimeAsIso"),
                ),
            ),
        ),
        series_of(
            "Events",
            "What came in and what became of it, each hour.",
            "source-down",
            [(f"sum by (source, outcome) (increase({of_process(catalogue.EVENTS)}[1h]))", "{{source}} {{outcome}}")],
        ),
        series_of(
            "Dropped files",
            "Taken, and refused with the reason, each hour.",
            "inbox-rejects",
            [
                (
                    f"sum by (folder, outcome, reason) (increase({of_process(catalogue.DROP_FILES)}[1h])) > 0",
                    "{{folder}} {{outcome}} {{reason}}",
                )
            ],
        ),
    ]


def answers() -> list[AnyPanel]:
    """Return what Apple and the products answer."""
    return [
        series_of(
            "Answers about tokens",
            "What Apple or the product said when it was asked, each hour.",
            "probe-stale",
            [
                (
                    f"sum by (service, result) (increase({of_service(catalogue.PROBES)}[1h])) > 0",
                    "{{service}} {{result}}",
                )
            ],
        ),
        series_of(
            "Clocks",
            "By how much Apple's clock is ahead of the daemon's.",
            "clock-skew",
            [(of_process(catalogue.CLOCK_SKEW), "{{instance}} {{peer}}")],
            unit="s",
        ),
    ]


def notices() -> list[AnyPanel]:
    """Return what people were told."""
    total = of_process(catalogue.NOTIFICATIONS)
    return [
        series_of(
            "Messages",
            "Sent, failed, and suppressed because they were no longer so, each hour.",
            "notification-failing",
            [(f"sum by (channel, result) (increase({total}[1h])) > 0", "{{channel}} {{result}}")],
        ),
        series_of(
            "Escalation",
            "How far each question has gone: 1 reminded, 2 deputy told, 3 passed on, 4 on-call.",
            "rotation-waiting-for-human",
            [(f"max {BY_SERVICE} ({of_service(catalogue.ESCALATION)})", SERVICE)],
        ),
    ]


def daemon() -> list[AnyPanel]:
    """Return how the daemon itself is."""
    return [
        stat_of(
            "Ready",
            "Whether events can be taken and acted on.",
            "not-ready",
            f"min({of_process(catalogue.READY)})",
            steps=((None, "red"), (1.0, "green")),
        ),
        stat_of(
            "Configuration",
            "Whether the last attempt to load it worked.",
            "config-reload-failed",
            f"min({of_process(catalogue.CONFIG_SUCCESSFUL)})",
            steps=((None, "red"), (1.0, "green")),
        ),
        stat_of(
            "Faults",
            "Faults that nobody foresaw, in the time that is looked at; each has a line in the log.",
            "internal-errors",
            f"sum(increase({of_process(catalogue.INTERNAL_ERRORS)}[$__range]))",
            steps=GOOD_AT_ZERO,
        ),
        stat_of(
            "Database",
            "Its size on disk.",
            "not-ready",
            f"max({of_process(catalogue.STORE_BYTES)})",
            unit="bytes",
            steps=PLAIN,
        ),
        series_of(
            "What waits",
            "Events that are not decided yet, messages that are not sent yet.",
            "not-ready",
            [(f"max by (instance, queue) ({of_process(catalogue.QUEUE_DEPTH)})", "{{instance}} {{queue}}")],
        ),
        series_of(
            "Memory",
            "Of the daemon's process.",
            "restart-loop",
            [(f"process_resident_memory_bytes{{{OF_PROCESS}}}", "{{instance}}")],
            unit="bytes",
        ),
    ]


ROWS: Final[Mapping[str, list[AnyPanel]]] = {
    "What needs me": needs_me(),
    "Tokens": tokens(),
    "Rotations": rotations(),
    "People": people(),
    "Sources and dropped files": arrivals(),
    "Apple and the products": answers(),
    "Notices": notices(),
    "The daemon": daemon(),
}
"""By their titles, from above."""
CLOSED: Final = "The daemon"
"""The row that is closed at first."""
