"""The one door: every event comes in here, is looked at, and is durable before anybody hears that it was taken."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from tokenward.model.event import (
    ABOUT_PEOPLE,
    AlreadyKnown,
    Attachment,
    AttachmentRole,
    Event,
    EventKind,
    Refused,
    Taken,
    Verdict,
)
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable, TokenwardError
from tokenward.model.roster import Roster
from tokenward.policy.audience import OPERATORS
from tokenward.policy.templates import Template
from tokenward.rotation.accept_certificate import AcceptedCertificate
from tokenward.rotation.accept_envelope import accept_envelope
from tokenward.rotation.accept_token import accept_token
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import Tools, World
from tokenward.rotation.record import Message
from tokenward.rotation.tally import tally_event


class AcceptedFile(Protocol):
    """A file that passed every check that needs no transaction."""

    @property
    def id(self) -> str:
        """Fingerprint or digest."""
        ...

    @property
    def service(self) -> str:
        """The service that it is for."""
        ...

    def keep(self, change: Change, now: datetime) -> tuple[str, ...]:
        """Make the remaining checks, put it on record, and return what is unusual about it.

        Raises:
            TokenwardError: It won't do after all.
        """
        ...


class Intake:
    """Takes events from every source. Knows nothing of how they came and decides nothing about what they lead to."""

    def __init__(self, tools: Tools, world: Callable[[], World]) -> None:
        """Take events for the services of the present *world*."""
        self._tools = tools
        self._world = world

    async def submit(self, event: Event, attachment: Attachment | None = None) -> Verdict:
        """Take *event*, with the file that came with it, and return what became of it, durably.

        Raises:
            Retryable: The store could not write; nothing was taken.
        """
        now = self._tools.clock.now()
        try:
            _check_names(event, self._world().roster)
            file = await self._look_at(event, attachment, now)
            verdict = await self._tools.ledger.write(partial(_take, event=event, file=file, now=now))
        except Retryable:
            raise
        except TokenwardError as error:
            return await self.refuse(event, error.finding)
        self._tools.waypoints.reached("event.taken", event.service or event.shown_kind)
        return verdict

    async def refuse(self, event: Event, finding: Finding) -> Refused:
        """Put on record that *event* was refused for *finding*, and return the refusal."""
        refused = Refused(finding)
        work = partial(_record_refusal, event=event, refused=refused, now=self._tools.clock.now())
        await self._tools.ledger.write(work)
        self._tools.waypoints.reached("event.refused", event.service or event.shown_kind)
        return refused

    async def _look_at(self, event: Event, attachment: Attachment | None, now: datetime) -> AcceptedFile | None:
        if attachment is None:
            return None
        world = self._world()
        match attachment.role:
            case AttachmentRole.CERTIFICATE:
                return await asyncio.to_thread(AcceptedCertificate.of, event, attachment, world, now)
            case AttachmentRole.ENVELOPE:
                return await accept_envelope(event, attachment, world, self._tools)
            case AttachmentRole.TOKEN:
                return await accept_token(event, attachment, world, self._tools)


def _check_names(event: Event, roster: Roster) -> None:
    comes_back = event.kind is EventKind.REINSTATE and event.service in roster.retired
    if event.service is not None and event.service not in roster.services and not comes_back:
        raise NeedsOperator(unknown_service(event.service, roster))
    if event.kind in ABOUT_PEOPLE and event.subject is None:
        raise NeedsOperator(_NO_SUBJECT)


def unknown_service(name: str, roster: Roster) -> Finding:
    """Return why nothing can be done for a service called *name*: there is none, or it is retired."""
    if name in roster.retired:
        return Finding(
            Code.RETIRED,
            f"{name} is retired.",
            "Nothing was changed: nobody looks after it any more, and what is on record of it stays.",
            f"If that was a mistake: `tokenward retire {name} --undo`. Else take it out of the configuration.",
        )
    known = ", ".join(sorted(roster.services)) or "none yet"
    return Finding(
        Code.UNKNOWN_SERVICE,
        f"No service is called {name!r}.",
        "Nothing was changed.",
        f"Use the id of a configured service: {known}.",
    )


def _take(change: Change, *, event: Event, file: AcceptedFile | None, now: datetime) -> Verdict:
    known = change.inbox.find(event.source, event.key)
    if known is not None:
        tally_event(change, event, "duplicate")
        return AlreadyKnown(known)
    warnings = file.keep(change, now) if file else ()
    event = _with_file(event, file)
    event_id = change.inbox.add(event, file.id if file else None, now)
    if "folder" in event.data:
        _tally_file(change, event, "done", "")
    return Taken(event_id, warnings)


def _with_file(event: Event, file: AcceptedFile | None) -> Event:
    """Return *event* with the id of the file that it brought, which nobody else may name."""
    words = {word: text for word, text in event.data.items() if word != "attachment"}
    if file is None:
        return replace(event, data=words)
    return replace(event, service=file.service, data={**words, "attachment": file.id})


def _record_refusal(change: Change, *, event: Event, refused: Refused, now: datetime) -> None:
    if not change.inbox.record_refusal(event, refused, now):
        return
    tally_event(change, event, "rejected")
    if "folder" in event.data:
        _tally_file(change, event, "rejected", refused.finding.code.reason)
    if refused.finding.code is Code.PRIVATE_KEY:
        reason = f"{Template.KEY_EXPOSED}/{event.source}/{event.key}"
        words = {"source": event.source}
        change.outbox.add(Message(OPERATORS, Template.KEY_EXPOSED, reason, event.service, words), now)
    details = {"kind": event.shown_kind, "source": event.source, "code": refused.finding.code.number}
    change.audit.record(now, "event.rejected", event.service, details)


def _tally_file(change: Change, event: Event, outcome: str, reason: str) -> None:
    labels = {"folder": event.data["folder"], "outcome": outcome, "reason": reason}
    change.tallies.add("tokenward_drop_files_total", labels)


_NO_SUBJECT = Finding(
    Code.NOT_AN_EVENT,
    "The event speaks of a person and names nobody.",
    "Nothing was changed.",
    "Send it again with a subject: an address, or an identifier that the configuration knows.",
)
