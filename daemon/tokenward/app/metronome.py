"""The metronome: a handful of interval jobs, whatever the number of services. What is due, the store knows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = structlog.get_logger("tokenward.metronome")

_JOBS: Final = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class Metronome:
    """Calls what has to be done from time to time, each job on its own and never twice at once."""

    def __init__(self, on_fault: Callable[[str], None]) -> None:
        """Call *on_fault* with a job's name when it raised."""
        self._on_fault = on_fault
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=_JOBS)
        self._scheduler.add_listener(self._note, EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def every(
        self, seconds: float, name: str, work: Callable[[], Awaitable[None]], first_at: datetime | None = None
    ) -> None:
        """Call *work* every *seconds*, for the first time at *first_at* (real time) or after one interval."""
        when = {} if first_at is None else {"next_run_time": first_at}
        self._scheduler.add_job(work, "interval", seconds=seconds, id=name, **when)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; what a job has begun is the business of whoever it began it with."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _note(self, event: JobExecutionEvent) -> None:
        if event.code == EVENT_JOB_ERROR:
            log.error("job.failed", job=event.job_id, exc_info=event.exception)
            self._on_fault(event.job_id)
        else:
            log.warning("job.missed", job=event.job_id)
