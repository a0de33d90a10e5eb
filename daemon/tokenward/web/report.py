"""An auditor's evidence: every rotation of a span of time, and whether the record that tells of them is whole. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tokenward.model.rotation import Cause, Rotation, State
from tokenward.web.course import Outage, outage_of
from tokenward.web.overview import Overview
from tokenward.web.read_model import Views
from tokenward.web.status import shown_causes


@dataclass(frozen=True, slots=True)
class ReportedRotation:
    """One rotation."""

    id: str
    organisation: str | None
    """None: its service is not configured any more."""
    service: str
    causes: tuple[Cause, ...]
    state: State
    """``done``, ``cancelled``, or how far it was when the report was made."""
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    missed_by_seconds: float | None
    """By how much the promised date was, or is being, missed; None: it was kept, or is still to come."""
    asked: str | None
    """Id of the person who was asked last, or for whom the issuer acted."""
    supplied_by: str | None
    """Managed Apple Account of whoever handed the token over."""
    downloader: str | None
    """Who downloaded it, as Apple says it."""
    rung: int | None
    vouched_at: datetime | None
    """When a person's word took the place of a proof."""
    outage: Outage | None
    close_reason: str | None


@dataclass(frozen=True, slots=True)
class Chain:
    """The audit record that the report rests on."""

    last_line: int
    head: str
    """Hash of the last line. Noted elsewhere, it proves later what was there today."""
    first_broken_line: int | None
    """None: every line is as it was written."""


@dataclass(frozen=True, slots=True)
class Report:
    """Every rotation that was open from ``start`` until before ``end``, oldest first."""

    start: datetime
    end: datetime
    made_at: datetime
    rotations: tuple[ReportedRotation, ...]
    chain: Chain


def report(start: datetime, end: datetime, overview: Overview, views: Views) -> Report:
    """Return the evidence for the time from *start* until before *end*."""
    head = views.audit_head()
    return Report(
        start=start,
        end=end,
        made_at=overview.now,
        rotations=tuple(_reported(rotation, overview) for rotation in views.rotations_between(start, end)),
        chain=Chain(head.last_id, head.hash, views.broken_audit_line()),
    )


def _reported(rotation: Rotation, overview: Overview) -> ReportedRotation:
    service = overview.roster.find(rotation.service)
    late = (rotation.closed_at or overview.now) - rotation.due_at
    is_missed = late.total_seconds() > 0 and rotation.state is not State.CANCELLED
    return ReportedRotation(
        id=rotation.id,
        organisation=service.organisation if service else None,
        service=rotation.service,
        causes=shown_causes(rotation.causes),
        state=rotation.state,
        opened_at=rotation.opened_at,
        due_at=rotation.due_at,
        closed_at=rotation.closed_at,
        missed_by_seconds=late.total_seconds() if is_missed else None,
        asked=rotation.actor,
        supplied_by=rotation.supplied_by,
        downloader=rotation.downloader,
        rung=rotation.rung,
        vouched_at=rotation.vouched_at,
        outage=outage_of(rotation, overview.now),
        close_reason=rotation.close_reason,
    )
