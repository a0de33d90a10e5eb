"""The tables, as steps that each happen once. A released step is never changed; the next one follows it.

Every instant is an INTEGER of microseconds since 1970 in UTC, every flag 0 or 1, every list or mapping JSON.
"""

from collections.abc import Mapping
from typing import Final

from sqlite_utils import Database, Migrations

from tokenward.model.finding import Code, Finding, NeedsOperator

MIGRATIONS: Final = Migrations("tokenward")

_NEWER: Final = Finding(
    Code.STORE,
    "The database was written by a newer version of Tokenward.",
    "This version does not know what the newer one keeps, so nothing was read or changed.",
    "Install the newer version again, or restore the backup that was made before it was installed.",
)


def migrate(database: Database) -> None:
    """Bring *database*, which no newer version wrote, to this version's tables."""
    MIGRATIONS.apply(database)


def refuse_newer(database: Database) -> None:
    """Do nothing, unless *database* has steps behind it that this version does not know.

    Raises:
        NeedsOperator: It has.
    """
    ours = {step.name for step in MIGRATIONS.pending(Database(memory=True))}
    if any(step.name not in ours for step in MIGRATIONS.applied(database)):
        raise NeedsOperator(_NEWER)


def _table(
    database: Database,
    name: str,
    required: Mapping[str, type],
    optional: Mapping[str, type] | None = None,
    *,
    pk: str | tuple[str, ...] = "id",
    references: tuple[tuple[str, str, str], ...] = (),
) -> None:
    """Create a STRICT table whose *required* columns are NOT NULL."""
    columns = {**required, **(optional or {})}
    database.create_table(name, columns, pk=pk, not_null=set(required), foreign_keys=references, strict=True)


@MIGRATIONS()
def m001_inbox(database: Database) -> None:
    """Events, each once by source and key, and refusals."""
    sender = {"source": str, "key": str, "kind": str, "way": str}
    _table(
        database,
        "event",
        {"id": int, **sender, "received_at": int, "taken_at": int},
        {
            "service": str,
            "subject_format": str,
            "subject_value": str,
            "occurred_at": int,
            "effective_at": int,
            "data": str,
            "attachment": str,
            "outcome": str,
            "lines": str,
            "code": str,
            "settled_at": int,
        },
    )
    database.execute("create unique index event_once on event (source, key)")
    database.execute("create index event_pending on event (id) where outcome is null")
    database.execute("create index event_pending_service on event (service) where outcome is null")
    _table(
        database,
        "refusal",
        {"id": int, **sender, "refused_at": int, "code": str, "happened": str, "means": str, "remedy": str},
        {"service": str},
    )
    database.execute("create unique index refusal_once on refusal (source, key)")


@MIGRATIONS()
def m002_certificates_and_envelopes(database: Database) -> None:
    """Certificates by service, and sealed envelopes."""
    _table(
        database,
        "certificate",
        {
            "service": str,
            "fingerprint": str,
            "der": bytes,
            "recipient_issuer": bytes,
            "recipient_serial": bytes,
            "key_identifier": bytes,
            "key_digest": str,
            "subject": str,
            "issuer": str,
            "not_before": int,
            "not_after": int,
            "key_bits": int,
            "warnings": str,
            "origin": str,
            "recorded_at": int,
            "visit": int,
        },
        {"rotation": str, "sealed_key": bytes},
        pk=("service", "fingerprint"),
    )
    database.execute("create index certificate_latest on certificate (service, recorded_at)")
    database.execute("create index certificate_visit on certificate (rotation, visit)")
    database.execute("create index certificate_serial on certificate (recipient_serial)")
    database.execute("create index certificate_key on certificate (key_identifier)")
    _table(
        database,
        "envelope",
        {"digest": str, "service": str, "recorded_at": int, "sealed": bytes, "file_name": str},
        {"certificate": str, "issued_at": int},
        pk="digest",
    )


@MIGRATIONS()
def m003_tokens(database: Database) -> None:
    """What is known of the installed token of each service, and the secrets that we hold."""
    _table(
        database,
        "token",
        {"service": str, "state": str, "since": int},
        {
            "expires_at": int,
            "expiry_basis": str,
            "downloader": str,
            "server_uuid": str,
            "token_digest": str,
            "envelope": str,
            "certificate": str,
            "issued_at": int,
            "rung": int,
        },
        pk="service",
    )
    _table(
        database,
        "token_secret",
        {"id": int, "service": str, "token_digest": str},
        {"sealed": bytes, "superseded_at": int},
    )
    database.execute("create unique index token_secret_once on token_secret (service, token_digest)")
    database.execute("create index token_secret_superseded on token_secret (superseded_at) where sealed is not null")


@MIGRATIONS()
def m004_rotations(database: Database) -> None:
    """Rotations, at most one open for each service, with how far each target has come."""
    _table(
        database,
        "rotation",
        {
            "id": str,
            "service": str,
            "state": str,
            "revision": int,
            "causes": str,
            "opened_at": int,
            "entered_at": int,
            "due_at": int,
            "wake_at": int,
            "new_key": int,
            "visit": int,
            "certificate_changed": int,
            "attempts": int,
            "follow_up": str,
        },
        {
            "actor": str,
            "certificate": str,
            "registered_by": str,
            "cleared_at": int,
            "envelope": str,
            "supplied_by": str,
            "server_uuid": str,
            "downloader": str,
            "witness_ip": str,
            "claim_person": str,
            "claim_at": int,
            "claim_until": int,
            "recover_until": int,
            "blocked_reason": str,
            "blocked_remedy": str,
            "blocked_next_attempt_at": int,
            "blocked_since": int,
            "attempted_at": int,
            "outage_started_at": int,
            "outage_ended_at": int,
            "rung": int,
            "closed_at": int,
            "close_reason": str,
        },
    )
    is_open = "state not in ('done', 'cancelled')"
    database.execute(f"create unique index rotation_open on rotation (service) where {is_open}")
    database.execute(f"create index rotation_due on rotation (wake_at) where {is_open}")
    database.execute("create index rotation_closed on rotation (service, closed_at)")
    _table(
        database,
        "installation",
        {
            "rotation": str,
            "target": str,
            "position": int,
            "required": int,
            "attempts": int,
            "forced": int,
            "mismatch": int,
        },
        {
            "attempted_at": int,
            "noted": str,
            "held_before": str,
            "expected": str,
            "installed_at": int,
            "error": str,
            "next_attempt_at": int,
            "rung": int,
        },
        pk=("rotation", "target"),
        references=(("rotation", "rotation", "id"),),
    )
    _table(database, "quiet", {"service": str, "until": int}, pk="service")


@MIGRATIONS()
def m005_people_and_probes(database: Database) -> None:
    """How things stand with people, and questions about tokens with their answers."""
    _table(database, "person", {"person": str, "standing": str}, {"since": int, "departs_at": int}, pk="person")
    asked_by = (("event_id", "event", "id"),)
    _table(
        database,
        "probe",
        {"id": int, "service": str, "due_at": int},
        {"event_id": int},
        references=asked_by,
    )
    database.execute("create index probe_due on probe (due_at)")
    database.execute("create index probe_service on probe (service, due_at)")
    _table(
        database,
        "reading",
        {"id": int, "service": str, "at": int, "answered": int, "why": str},
        {"verdict": str, "downloader": str, "server_uuid": str, "event_id": int},
        references=asked_by,
    )
    database.execute("create index reading_verdict on reading (service, id) where verdict is not null")
    database.execute("create index reading_service on reading (service, event_id) where event_id is not null")
    database.execute("create index reading_event on reading (event_id) where event_id is not null")
    _table(
        database,
        "last_reading",
        {"service": str, "reading": int},
        {"answered_at": int},
        pk="service",
        references=(("reading", "reading", "id"),),
    )


@MIGRATIONS()
def m006_outbox_audit_and_tallies(database: Database) -> None:
    """What people are to be told, the record of every change, and totals."""
    _table(
        database,
        "message",
        {"id": int, "audience": str, "template": str, "reason_key": str, "added_at": int, "attempts": int},
        {"service": str, "words": str, "next_attempt_at": int, "error": str, "sent_at": int},
    )
    database.execute("create unique index message_reason on message (reason_key)")
    database.execute("create index message_pending on message (id) where sent_at is null")
    _table(
        database,
        "audit",
        {"id": int, "at": int, "what": str, "details": str, "hash": str},
        {"service": str},
    )
    database.execute("create index audit_service on audit (service, id)")
    for verb in ("update", "delete"):
        database.execute(
            f"create trigger audit_no_{verb} before {verb} on audit "
            "begin select raise(abort, 'the audit record is never changed'); end"
        )
    _table(database, "audit_head", {"id": int, "last_id": int, "hash": str})
    _table(database, "tally", {"name": str, "labels": str, "amount": float}, pk=("name", "labels"))


@MIGRATIONS()
def m007_personal_links(database: Database) -> None:
    """The numbers of people's links, and what people answered on them."""
    _table(
        database,
        "link",
        {"person": str, "number": int, "made_at": int, "is_revoked": int},
        {"ended_at": int},
        pk=("person", "number"),
    )
    database.table("rotation").add_column("remind_at", int)
    database.table("rotation").add_column("vouched_at", int)
    database.table("person").add_column("confirmed_at", int)


@MIGRATIONS()
def m008_last_words(database: Database) -> None:
    """The events of each source in their order, so that its last one is found without reading the others."""
    database.execute("create index event_of_source on event (source, id)")


@MIGRATIONS()
def m009_passed_on(database: Database) -> None:
    """Since when the question is whose it is, where it was somebody else's before."""
    database.table("rotation").add_column("asked_at", int)


@MIGRATIONS()
def m010_marks(database: Database) -> None:
    """What a target shows of its token, where it shows neither the file nor the values."""
    database.table("token").add_column("mark", str)


@MIGRATIONS()
def m011_by_hand(database: Database) -> None:
    """Which targets somebody hands the file to in the product's own console."""
    database.table("installation").add_column("by_hand", int, not_null_default=0)


@MIGRATIONS()
def m012_retired(database: Database) -> None:
    """Services that nobody looks after any more, though the configuration names them."""
    _table(database, "retired", {"service": str, "at": int, "why": str}, pk="service")
