"""How events arrive: one file for each way, each turning what it sees into ``Event`` values.

A source knows nothing of rotations, of the store or of the other sources. It hands in through ``TakesEvents`` and gives
nothing up (moves no file, answers no sender, advances no cursor) before the event is durable.
"""

from typing import Protocol

from tokenward.model.event import Attachment, Event, Refused, Verdict
from tokenward.model.finding import Finding


class TakesEvents(Protocol):
    """Takes events, durably."""

    async def submit(self, event: Event, attachment: Attachment | None = None) -> Verdict:
        """Take *event*, with the file that came with it, and return what became of it once that is durable.

        Raises:
            Retryable: Nothing was taken, because the store could not write; hand it in again later.
        """
        ...

    async def refuse(self, event: Event, finding: Finding) -> Refused:
        """Put on record that its source refused *event*, as far as it was made out, for *finding*.

        Raises:
            Retryable: The store could not write; try again later.
        """
        ...
