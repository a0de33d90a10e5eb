"""The one channel that needs nothing: the daemon's own log says who is to act, or to know."""

from typing import Final

import structlog

from tokenward.model.instant import Clock
from tokenward.notify.ports import Letters

log = structlog.get_logger("tokenward.notify")

_AT_ONCE: Final = 50


class LogChannel:
    """Says every message in the log, once."""

    def __init__(self, letters: Letters, clock: Clock) -> None:
        """Send what waits in *letters*."""
        self._letters = letters
        self._clock = clock

    async def send_pending(self) -> None:
        """Say what waits. A crash in between says a message twice rather than never."""
        for waiting in await self._letters.pending(self._clock.now(), _AT_ONCE):
            message = waiting.message
            log.info(
                "message.sent",
                to=message.audience,
                about=message.template,
                service=message.service,
                **{f"says_{name}": text for name, text in (message.words or {}).items()},
            )
            await self._letters.sent(waiting, self._clock.now())
