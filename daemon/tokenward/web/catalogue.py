"""Every metric that Tokenward exports, each named once. Names and labels are an interface.

Dashboards and alerts are built on them. Every metric about a service bears ``organisation`` and ``service``. A value
that is not known has no series; ``absent`` says when that is so.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The type of a metric, in Prometheus's words."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    STATESET = "stateset"
    """One series for each state, exactly one of which is 1; the state's label is called like the metric."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    absent: str = ""
    """When there is no series; empty where there always is one."""


SERVER_TOKEN: Final = "server_token"  # noqa: S105 - a label, no secret
"""The only ``kind`` of token so far."""

_SERVICE: Final = ("organisation", "service")
_TOKEN: Final = (*_SERVICE, "kind")
_TARGET: Final = (*_SERVICE, "target")

# --- The daemon ----------------------------------------------------------------------------------------------------

BUILD_INFO: Final = Entry(
    "tokenward_build_info", Kind.GAUGE, "What is running; always 1.", ("version", "revision", "python")
)
READY: Final = Entry("tokenward_ready", Kind.GAUGE, "Whether events can be taken and acted on.")
CLOCK_TIME: Final = Entry("tokenward_clock_time_seconds", Kind.GAUGE, "The daemon's own clock at the scrape.")
CLOCK_SKEW: Final = Entry(
    "tokenward_clock_skew_seconds",
    Kind.GAUGE,
    "By how much another's clock is ahead of the daemon's, as the Date of its last answer said.",
    ("peer",),
    absent="it has never answered",
)
CONFIG_SUCCESSFUL: Final = Entry(
    "tokenward_config_last_reload_successful", Kind.GAUGE, "Whether the last attempt to load the configuration worked."
)
CONFIG_SUCCESS_AT: Final = Entry(
    "tokenward_config_last_reload_success_timestamp_seconds",
    Kind.GAUGE,
    "When a configuration was last taken into force.",
)
QUEUE_DEPTH: Final = Entry("tokenward_queue_depth", Kind.GAUGE, "What waits: inbox or outbox.", ("queue",))
STORE_BYTES: Final = Entry(
    "tokenward_state_store_bytes", Kind.GAUGE, "Size of the database on disk.", absent="it can't be told"
)
INTERNAL_ERRORS: Final = Entry(
    "tokenward_internal_errors_total",
    Kind.COUNTER,
    "Faults nobody foresaw; each has a line in the log.",
    ("component",),
)

# --- Tokens --------------------------------------------------------------------------------------------------------

TOKEN_INFO: Final = Entry(
    "tokenward_token_info",
    Kind.GAUGE,
    "One for each service; always 1.",
    (*_TOKEN, "target", "target_kind", "custodian", "expiry_basis"),
)
TOKEN_EXPIRY: Final = Entry(
    "tokenward_token_expiry_timestamp_seconds",
    Kind.GAUGE,
    "When the token in use ends, as its best witness says.",
    _TOKEN,
    "not known",
)
TOKEN_DAYS: Final = Entry(
    "tokenward_token_days_until_expiry",
    Kind.GAUGE,
    "Days until the token in use ends; negative once it has.",
    _TOKEN,
    "not known",
)
TOKEN_STATE: Final = Entry("tokenward_token_state", Kind.STATESET, "How things stand with the token in use.", _SERVICE)
TOKEN_ISSUED: Final = Entry(
    "tokenward_token_issued_timestamp_seconds",
    Kind.GAUGE,
    "When the token in use was downloaded.",
    _SERVICE,
    "not known",
)
TOKEN_INSTALLED: Final = Entry(
    "tokenward_token_installed_timestamp_seconds",
    Kind.GAUGE,
    "When the token in use was installed, or first seen where somebody else had installed it.",
    _SERVICE,
    "no token is known",
)
PLANNED_ROTATION: Final = Entry(
    "tokenward_token_planned_rotation_timestamp_seconds",
    Kind.GAUGE,
    "When the next rotation opens by itself.",
    _SERVICE,
    "nothing is planned, or one is open",
)
PROOF_RUNG: Final = Entry(
    "tokenward_token_proof_rung",
    Kind.GAUGE,
    "How strongly the token in use was proven to work, 0 to 5.",
    _SERVICE,
    "not proven here",
)
BACKUP_CUSTODIANS: Final = Entry(
    "tokenward_token_backup_custodians",
    Kind.GAUGE,
    "Usable deputies who confirmed within six months that they can sign in.",
    _SERVICE,
)
LAST_PROBE: Final = Entry(
    "tokenward_token_last_probe_timestamp_seconds",
    Kind.GAUGE,
    "When the token in use was last asked after.",
    _SERVICE,
    "never",
)
LAST_PROBE_SUCCESS: Final = Entry(
    "tokenward_token_last_probe_success_timestamp_seconds",
    Kind.GAUGE,
    "When the other side last gave an answer that means something.",
    _SERVICE,
    "never",
)
PROBES: Final = Entry(
    "tokenward_probes_total", Kind.COUNTER, "Questions about tokens, by their answer.", (*_SERVICE, "result")
)

# --- Rotations -----------------------------------------------------------------------------------------------------

ROTATION_STATE: Final = Entry(
    "tokenward_rotation_state", Kind.STATESET, "State of the open rotation; idle where none is open.", _SERVICE
)
ROTATION_BLOCKED: Final = Entry(
    "tokenward_rotation_blocked",
    Kind.GAUGE,
    "Whether the open rotation stands still for this reason.",
    (*_SERVICE, "reason"),
)
ROTATION_IN_PROGRESS: Final = Entry(
    "tokenward_rotation_in_progress", Kind.GAUGE, "Whether a rotation is open.", _SERVICE
)
ROTATION_ENTERED: Final = Entry(
    "tokenward_rotation_state_entered_timestamp_seconds",
    Kind.GAUGE,
    "Since when the open rotation is in its state.",
    _SERVICE,
    "none is open",
)
ROTATION_DEADLINE: Final = Entry(
    "tokenward_rotation_deadline_timestamp_seconds",
    Kind.GAUGE,
    "By when the open rotation should be done.",
    _SERVICE,
    "none is open",
)
ROTATIONS: Final = Entry(
    "tokenward_rotations_total",
    Kind.COUNTER,
    "Rotations that ended, by what opened them and how they ended.",
    (*_SERVICE, "cause", "outcome"),
)
ROTATION_PHASE: Final = Entry(
    "tokenward_rotation_phase_duration_seconds", Kind.HISTOGRAM, "How long the phases of rotations took.", ("phase",)
)
LAST_SUCCESS: Final = Entry(
    "tokenward_rotation_last_success_timestamp_seconds",
    Kind.GAUGE,
    "When a rotation was last done.",
    _SERVICE,
    "never",
)
OUTAGE_START: Final = Entry(
    "tokenward_outage_start_timestamp_seconds",
    Kind.GAUGE,
    "First evidence that the old token is dead while the new one is not seen to work.",
    _SERVICE,
    "no outage",
)
OUTAGE_SECONDS: Final = Entry(
    "tokenward_outage_seconds_total", Kind.COUNTER, "Seconds of outage, past and running.", _SERVICE
)

# --- People --------------------------------------------------------------------------------------------------------

CUSTODIAN_STATE: Final = Entry(
    "tokenward_custodian_state",
    Kind.STATESET,
    "How things stand with a person, as far as it may be told.",
    ("custodian",),
)
CUSTODIAN_COVERAGE: Final = Entry(
    "tokenward_custodian_coverage",
    Kind.GAUGE,
    "Which source can tell a signal of a person, none where nobody can; always 1.",
    ("custodian", "signal", "source"),
)
CUSTODIAN_DEPARTURE: Final = Entry(
    "tokenward_custodian_departure_timestamp_seconds",
    Kind.GAUGE,
    "When a person is going to leave.",
    ("custodian",),
    "not known, or departures are discreet",
)

NOTIFICATIONS: Final = Entry(
    "tokenward_notifications_total",
    Kind.COUNTER,
    "Messages to people: sent, failed by a channel, or suppressed because they were no longer so.",
    ("channel", "template", "result"),
    "a channel that nobody is reached by",
)
ESCALATION: Final = Entry(
    "tokenward_escalation_level",
    Kind.GAUGE,
    "How far a question has gone: 0 nobody pressed, 1 reminded, 2 deputy told, 3 passed on, 4 on-call.",
    _SERVICE,
)

# --- Sources, drop folder, targets ---------------------------------------------------------------------------------

SOURCE_UP: Final = Entry(
    "tokenward_source_up",
    Kind.GAUGE,
    "Whether the last poll went well or the listener is bound.",
    ("source", "kind"),
    "before the first pass",
)
SOURCE_LAST_SUCCESS: Final = Entry(
    "tokenward_source_last_success_timestamp_seconds",
    Kind.GAUGE,
    "Last good poll or sign of life.",
    ("source",),
    "none yet",
)
SOURCE_LAST_EVENT: Final = Entry(
    "tokenward_source_last_event_timestamp_seconds", Kind.GAUGE, "Last event of any kind.", ("source",), "none yet"
)
SOURCE_SILENCE: Final = Entry(
    "tokenward_source_silence_limit_seconds",
    Kind.GAUGE,
    "How long the source may be silent before somebody should look.",
    ("source",),
    "it may be silent for ever",
)
EVENTS: Final = Entry(
    "tokenward_events_total",
    Kind.COUNTER,
    "Events, by what became of them.",
    ("source", "kind", "outcome"),
    "none of this kind yet",
)
EVENT_LAG: Final = Entry(
    "tokenward_event_lag_seconds", Kind.HISTOGRAM, "From an occurrence to its reception.", ("source",)
)
DROP_FILES: Final = Entry(
    "tokenward_drop_files_total",
    Kind.COUNTER,
    "Dropped files, by what became of them and why.",
    ("folder", "outcome", "reason"),
)
DROP_OLDEST: Final = Entry(
    "tokenward_drop_oldest_pending_timestamp_seconds",
    Kind.GAUGE,
    "Since when the oldest dropped file has been waiting.",
    ("folder",),
    "none waits",
)
TARGET_UP: Final = Entry(
    "tokenward_target_up",
    Kind.GAUGE,
    "Whether the target let us in when it was last asked.",
    _TARGET,
    "never asked",
)
TARGET_LAST_SUCCESS: Final = Entry(
    "tokenward_target_last_success_timestamp_seconds", Kind.GAUGE, "When the target last let us in.", _TARGET, "never"
)

CATALOGUE: Final = tuple(entry for entry in tuple(globals().values()) if isinstance(entry, Entry))
"""All of them, in the order above."""
