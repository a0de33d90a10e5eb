"""The one channel that needs nothing: the daemon's own log says that somebody is to act, or to know."""

import structlog

from tokenward.notify.letter import Letter

log = structlog.get_logger("tokenward.notify")


class LogChannel:
    """Says in the log what there is to say. The letter itself, which may hold a link, is not in it."""

    async def send(self, letter: Letter, to: str) -> None:
        """Say it; that never fails."""
        log.info("message.logged", to=to, subject=letter.subject, reference=letter.reference)
