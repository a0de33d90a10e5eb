"""What happened to one service, newest first: the audit record and the closed rotations. Control socket only. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tokenward.model.arrival import PasswordChange
from tokenward.model.retirement import Retirement
from tokenward.web.overview import Overview
from tokenward.web.read_model import History
from tokenward.web.service_detail import RotationDetail, rotation_detail


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the audit record."""

    id: int
    at: datetime
    what: str
    """Noun and verb, such as ``rotation.opened``."""
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """What happened to one service, newest first."""

    service: str
    retired: Retirement | None
    """Since when nobody looks after it any more, and why."""
    lines: tuple[HistoryLine, ...]
    rotations: tuple[RotationDetail, ...]
    """The closed ones."""
    password_changes: tuple[PasswordChange, ...]
    """How the token bore each new password of whoever downloaded it."""


def service_history(service: str, history: History, overview: Overview) -> ServiceHistory:
    """Return *history* of *service* for printing."""
    return ServiceHistory(
        service=service,
        retired=overview.retirements.get(service),
        lines=tuple(HistoryLine(line.id, line.at, line.what, line.details) for line in history.lines),
        rotations=tuple(rotation_detail(rotation, overview) for rotation in history.rotations),
        password_changes=history.password_changes,
    )
