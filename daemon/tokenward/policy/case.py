"""One event about one service, with all that the rules of the table ask about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tokenward.model.event import Event
from tokenward.model.instant import parse_instant
from tokenward.model.person import Person
from tokenward.model.rotation import Cause, Rotation
from tokenward.model.service import Service, ServicePolicy
from tokenward.model.token import DEAD, InstalledToken, TokenState
from tokenward.policy import due
from tokenward.policy.decision import Decision, Facts, NoteToken, Rotate
from tokenward.policy.succession import who_acts

Decisions = tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule decides on."""

    event: Event
    facts: Facts
    now: datetime
    person: Person | None

    @property
    def service(self) -> Service:
        """The service in question."""
        return self.facts.service

    @property
    def policy(self) -> ServicePolicy:
        """What the operator set for it."""
        return self.facts.service.policy

    @property
    def token(self) -> InstalledToken | None:
        """The installed token, where one is known."""
        return self.facts.token

    @property
    def rotation(self) -> Rotation | None:
        """The open rotation."""
        return self.facts.rotation

    @property
    def is_dead(self) -> bool:
        """Whether the installed token is known not to work any more."""
        return self.token is not None and self.token.state in DEAD

    @property
    def is_about_earlier_token(self) -> bool:
        """Whether the event lay waiting while the token that it speaks of was replaced."""
        return self.token is not None and self.event.received_at < self.token.since

    @property
    def is_recovering(self) -> bool:
        """Whether the file of a stray download is still looked for, so that nothing new is asked."""
        recover_until = self.rotation.recover_until if self.rotation else None
        return recover_until is not None and self.now < recover_until

    def instant(self, key: str) -> datetime | None:
        """Return the instant that the event's data holds under *key*, where it holds one.

        Raises:
            BadInstant: It holds something else.
        """
        text = self.event.data.get(key)
        return parse_instant(text) if text else None

    def planned(self, period: timedelta) -> datetime:
        """Return when something that may wait for *period* is due: at once when the token is dead."""
        return self.now if self.is_dead else due.planned(self.now, period, self.policy)

    def rotate(self, cause: Cause, due_at: datetime, why: str) -> Rotate:
        """Return the plain decision to rotate, done by whoever is in charge."""
        return Rotate(cause, due_at, why, actor=who_acts(self.facts, self.now))

    def found(self, state: TokenState, why: str) -> tuple[NoteToken, ...]:
        """Return the note that the installed token is in *state*, where there is one."""
        return (NoteToken(state, why),) if self.token is not None else ()

    def suspect(self, why: str) -> tuple[NoteToken, ...]:
        """Return the note that the token may be dead, where nothing worse is known."""
        doubtful = self.token is not None and self.token.state in {TokenState.VALID, TokenState.UNKNOWN}
        return self.found(TokenState.SUSPECT, why) if doubtful else ()


Rule = Callable[[Case], Decisions]
