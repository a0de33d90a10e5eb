"""What the daemon answers, as far as the command line reads it; what else is in there goes through ``--json``."""

from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.model.checkup import Grade


class Answer(BaseModel):
    """Part of an answer. A newer daemon may say more."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Settlement(Answer):
    """What became of an event."""

    outcome: str
    lines: tuple[str, ...] = ()
    code: str | None = None


class Verdict(Answer):
    """``POST /v1/events``."""

    event_id: int
    verdict: str
    warnings: tuple[str, ...] = ()
    settlement: Settlement | None = None


class Looked(Answer):
    """One thing that the daemon looked at."""

    about: str
    grade: Grade
    said: str
    do: str = ""


class Checkup(Answer):
    """``GET /v1/checkup``."""

    checks: tuple[Looked, ...]


class Blocked(Answer):
    """Why a rotation stands still."""

    reason: str
    remedy: str
    next_attempt_at: datetime | None = None


class Rotation(Answer):
    """An open rotation, as ``status`` tells of it."""

    id: str
    state: str
    causes: tuple[str, ...] = ()
    waiting_for: str | None = None
    since: datetime
    blocked: Blocked | None = None


class Service(Answer):
    """A service, as ``status`` tells of it."""

    id: str
    name: str
    state: str
    expires_at: datetime | None = None
    expiry_basis: str | None = None
    days_until_expiry: float | None = None
    custodian: str | None = None
    rotation: Rotation | None = None


class Organisation(Answer):
    """An organisation."""

    id: str
    linked: bool
    services: tuple[Service, ...] = ()


class Status(Answer):
    """``GET /v1/status``."""

    organisations: tuple[Organisation, ...] = ()
    retired: tuple[str, ...] = ()
    """Services that nobody looks after any more."""


class Claim(Answer):
    """Who has said "I start now"."""

    person: str
    at: datetime
    until: datetime


class Target(Answer):
    """How far a target has come."""

    target: str
    required: bool = True
    attempts: int = 0
    installed_at: datetime | None = None
    rung: int | None = None
    error: str | None = None
    by_hand: bool = False
    """Whether somebody hands the file over in the product's own console."""
    attempted_at: datetime | None = None


class Outage(Answer):
    """The time between the click and the proof that the service works again."""

    started_at: datetime
    ended_at: datetime | None = None
    seconds: float


class RotationDetail(Rotation):
    """A rotation, as ``show`` and ``history`` tell of it."""

    opened_at: datetime
    due_at: datetime
    next_look_at: datetime | None = None
    actor: str | None = None
    claim: Claim | None = None
    recover_until: datetime | None = None
    certificate: str | None = None
    outage: Outage | None = None
    rung: int | None = None
    targets: tuple[Target, ...] = ()
    closed_at: datetime | None = None
    close_reason: str | None = None


class Token(Answer):
    """The token in use."""

    state: str
    since: datetime
    downloader: str | None = None
    server_uuid: str | None = None
    rung: int | None = None


class Reading(Answer):
    """The last answer about a token."""

    at: datetime
    verdict: str | None = None
    why: str


class Person(Answer):
    """The custodian or a deputy."""

    id: str
    account: str | None = None
    role: str | None = None
    standing: str
    departs_at: datetime | None = None
    usable: bool


class Retirement(Answer):
    """Since when nobody looks after a service any more."""

    at: datetime
    why: str


class AssignedDevices(Answer):
    """``GET /v1/services/{id}/devices``."""

    name: str
    """What the service is called in Apple's portal."""
    devices: int | None = None
    """None: nobody can tell, and ``why`` says why."""
    why: str = ""


class ServiceDetail(Answer):
    """``GET /v1/services/{id}``."""

    id: str
    name: str
    organisation: str
    works: bool
    watched: bool = False
    retired: Retirement | None = None
    issuer: str | None = None
    keyholder: str
    custodian: str | None = None
    expires_at: datetime | None = None
    expiry_basis: str | None = None
    days_until_expiry: float | None = None
    planned_rotation_at: datetime | None = None
    quiet_until: datetime | None = None
    token: Token | None = None
    last_reading: Reading | None = None
    next_probe_at: datetime | None = None
    people: tuple[Person, ...] = ()
    rotation: RotationDetail | None = None
    last_done: RotationDetail | None = None
    steps: tuple[str, ...] = ()
    """What the person who has claimed the rotation does in Apple's portal; empty for everybody else."""


class HistoryLine(Answer):
    """One line of the audit record."""

    at: datetime
    what: str
    details: dict[str, str] = {}


class PasswordChange(Answer):
    """A new password of whoever downloaded the token, and how the old token bore it."""

    kind: str
    source: str
    at: datetime
    answers: int
    last_worked_at: datetime | None = None
    first_dead_at: datetime | None = None
    replaced_at: datetime | None = None


class ReportedRotation(Answer):
    """One rotation, as ``report`` tells of it."""

    id: str
    organisation: str | None = None
    service: str
    causes: tuple[str, ...] = ()
    state: str
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None = None
    missed_by_seconds: float | None = None
    asked: str | None = None
    supplied_by: str | None = None
    downloader: str | None = None
    rung: int | None = None
    vouched_at: datetime | None = None
    outage: Outage | None = None
    close_reason: str | None = None


class Chain(Answer):
    """The audit record."""

    last_line: int
    head: str
    first_broken_line: int | None = None


class Report(Answer):
    """``GET /v1/report``."""

    start: datetime
    end: datetime
    made_at: datetime
    rotations: tuple[ReportedRotation, ...] = ()
    chain: Chain


class Way(Answer):
    """A channel, and the reader's own part."""

    channel: str
    to: str = ""


class Letter(Answer):
    """``GET /v1/preview``."""

    subject: str
    body: str
    reference: str
    channels: tuple[Way, ...] = ()
    is_example: bool = False
    held_until: datetime | None = None


class History(Answer):
    """``GET /v1/services/{id}/history``."""

    service: str
    retired: Retirement | None = None
    lines: tuple[HistoryLine, ...] = ()
    rotations: tuple[RotationDetail, ...] = ()
    password_changes: tuple[PasswordChange, ...] = ()


class Arrival(Answer):
    """An event, or a refusal at the door."""

    at: datetime
    source: str
    kind: str
    service: str | None = None
    outcome: str | None = None
    lines: tuple[str, ...] = ()
    event_id: int | None = None


class Arrivals(Answer):
    """``GET /v1/events``."""

    events: tuple[Arrival, ...] = ()
    after: str


class Reply(Answer):
    """What Apple or a target said about a token."""

    service: str
    at: datetime
    answered: bool
    verdict: str | None = None
    why: str


class EventAnswers(Answer):
    """``GET /v1/events/{number}``."""

    event: Arrival
    answers: tuple[Reply, ...] = ()


class ExportedCertificate(Answer):
    """``GET /v1/services/{id}/certificate``."""

    pem: str


class ExportedEnvelope(Answer):
    """``POST /v1/services/{id}/envelope``."""

    file_name: str
    content_base64: str


A = TypeVar("A", bound=Answer)


def read(kind: type[A], answer: object) -> A:
    """Return *answer* as a *kind*.

    Raises:
        Failed: It has another shape.
    """
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, one["loc"])) or "all of it" for one in error.errors()}))
        raise Failed(
            Exit.FAILED,
            f"The daemon's answer has another shape than this program knows: {places[:300]}.",
            "Program and daemon are of different versions.",
            "Restart the daemon after an upgrade, or use --json.",
        ) from error
