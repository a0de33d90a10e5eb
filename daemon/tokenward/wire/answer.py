"""The other side's answer, read to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from tokenward.wire.retry_after import parse_http_date, parse_retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. Headers and body may hold secrets, so its text form shows neither."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200, 201 or 204. A redirect is not: where it points was never configured."""
        return self.status in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT}

    @property
    def is_outage(self) -> bool:
        """Whether the other side is throttling or out of order: it says nothing about what was asked."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def answered_at(self) -> datetime | None:
        """The other side's clock, as its Date header says."""
        return parse_http_date(self.headers.get("date"))

    @property
    def retry_after_seconds(self) -> float | None:
        """For how long the other side wants to be left alone, at most one hour."""
        return parse_retry_after(self.headers.get("retry-after"), self.answered_at)

    def skew_seconds(self, now: datetime) -> float | None:
        """Return by how much the clock here is ahead of the other side's, or None where that shows none."""
        answered_at = self.answered_at
        return None if answered_at is None else (now - answered_at).total_seconds()
