"""What is written down when a rotation reaches its last states: the token in use, totals, what follows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.roster import Roster
from tokenward.model.rotation import Cause, Rotation, State, shown_cause
from tokenward.model.service import Service
from tokenward.model.target import Holding
from tokenward.model.token import LIFETIME, Basis, Expiry, InstalledToken, ServerToken, TokenState
from tokenward.policy.audience import OPERATORS
from tokenward.policy.decision import Rotate
from tokenward.policy.templates import Template
from tokenward.rotation.admit import open_rotation
from tokenward.rotation.evidence import Evidence
from tokenward.rotation.keys import token_as_json, token_place
from tokenward.rotation.ledger import Change
from tokenward.rotation.ports import Seals, ServiceWorld
from tokenward.rotation.record import Message
from tokenward.rotation.tally import PHASE_BUCKETS, observe

SERVICE_WORKS: Final = 3
"""The rung from which on the token is known to be valid: the service itself was seen to use it at Apple."""
FOLLOW_UP_DUE: Final = timedelta(days=14)
"""How long a rotation may take that follows another one: the token in use is alive."""

_WANT_NEW_KEY: Final = frozenset({Cause.CUSTODIAN, Cause.MANUAL})
"""Causes that follow a rotation only because its key would not do."""

_PHASES: Final = {
    State.OPENED: "certificate",
    State.CERTIFICATE_READY: "preflight",
    State.AWAITING_TOKEN: "human",
    State.CHECKED: "install",
    State.INSTALLED: "verify",
}
PHASE_METRIC: Final = "tokenward_rotation_phase_duration_seconds"


@dataclass(frozen=True, slots=True)
class Books:
    """Where a rotation's progress is entered: one transaction, for one service."""

    change: Change
    served: ServiceWorld
    roster: Roster
    seals: Seals
    new_id: Callable[[], str]
    now: datetime

    def enter(self, before: Rotation, after: Rotation, evidence: Evidence) -> None:
        """Write down what the move from *before* to *after* means beyond the rotation itself."""
        if after.outage_ended_at and not before.outage_ended_at:
            tally_outage(self.change, after, self.served.service, after.outage_ended_at)
        if after.state is before.state:
            return
        if phase := _PHASES.get(before.state):
            self._observe(phase, before.entered_at)
        match after.state:
            case State.INSTALLED:
                self._record_installed(after, evidence)
            case State.PROVEN:
                self._record_proven(after)
            case State.DONE:
                self._close_done(after)
            case _:
                pass

    def _observe(self, phase: str, since: datetime) -> None:
        lasted = max(self.now - since, timedelta(0))
        observe(self.change, PHASE_METRIC, {"phase": phase}, lasted, PHASE_BUCKETS)

    def _record_installed(self, rotation: Rotation, evidence: Evidence) -> None:
        held = evidence.holdings.get(rotation.installations[0].target)
        holding = held if isinstance(held, Holding) else None
        stored = self.change.envelopes.find(rotation.envelope or "")
        known, opened = evidence.installed, evidence.token
        issued_at = stored.issued_at if stored else None
        token = InstalledToken(
            service=rotation.service,
            state=TokenState.UNKNOWN,
            since=self.now,
            expiry=_expiry(opened, holding, issued_at, self.now),
            downloader=rotation.supplied_by,
            server_uuid=rotation.server_uuid or (known.server_uuid if known else None),
            token_digest=opened.digest if opened else (holding.token_digest if holding else None),
            mark=holding.mark if holding else None,
            envelope=rotation.envelope,
            certificate=stored.certificate if stored else None,
            issued_at=(opened.issued_at if opened else None) or issued_at,
        )
        self.change.tokens.record(token)
        if opened is not None:
            sealed = self.seals.seal(token_as_json(opened), token_place(rotation.service, opened.digest))
            self.change.tokens.keep_secrets(rotation.service, opened.digest, sealed)

    def _record_proven(self, rotation: Rotation) -> None:
        token = self.change.tokens.installed(rotation.service)
        if token is None:
            return
        works = rotation.rung is not None and rotation.rung >= SERVICE_WORKS
        self.change.tokens.record(
            replace(
                token,
                state=TokenState.VALID if works else token.state,
                downloader=rotation.downloader or token.downloader,
                server_uuid=rotation.server_uuid or token.server_uuid,
                rung=rotation.rung,
            )
        )

    def _close_done(self, rotation: Rotation) -> None:
        service = self.served.service
        tally_end(self.change, rotation, service, "done")
        self._observe("total", rotation.opened_at)
        details = {"rotation": rotation.id, "causes": " ".join(rotation.causes), "rung": str(rotation.rung)}
        self.change.audit.record(self.now, "rotation.done", service.id, details)
        follow_up = self._with_unexpected_downloader(rotation)
        if follow_up:
            following = _following(follow_up, service, self.new_id(), self.now)
            self.change.rotations.open(following)
            details = {"rotation": following.id, "causes": " ".join(following.causes), "after": rotation.id}
            self.change.audit.record(self.now, "rotation.opened", service.id, details)

    def _with_unexpected_downloader(self, rotation: Rotation) -> tuple[Cause, ...]:
        """Return what follows, with a change of custodian where the new token is somebody's who should not have it.

        The token is installed all the same, and the operators are told. A rotation that was only about that already is
        not followed by another: then the configuration lacks a name, and asking for ever would not help.
        """
        token = self.change.tokens.installed(rotation.service)
        downloader = token.downloader if token else None
        if downloader is None or self._is_expected(downloader):
            return rotation.follow_up
        reason = f"{Template.DOWNLOADER_UNEXPECTED}/{rotation.id}"
        words = {"account": downloader}
        message = Message(OPERATORS, Template.DOWNLOADER_UNEXPECTED, reason, rotation.service, words)
        self.change.outbox.add(message, self.now)
        if Cause.CUSTODIAN in rotation.follow_up or rotation.causes == (Cause.CUSTODIAN,):
            return rotation.follow_up
        return (*rotation.follow_up, Cause.CUSTODIAN)

    def _is_expected(self, account: str) -> bool:
        """Return whether somebody of the service's line downloaded it who is not known to go."""
        service = self.served.service
        person = self.roster.person_with_account(account, service)
        if person is None or person.id not in {service.custodian, *service.deputies}:
            return False
        return not self.change.people.state(person.id).is_leaving()


def close_cancelled(change: Change, rotation: Rotation, service: Service, why: str, now: datetime) -> None:
    """End *rotation* without a new token."""
    ended = replace(
        rotation, state=State.CANCELLED, entered_at=now, closed_at=now, close_reason=why, blocked=None, claim=None
    )
    change.rotations.update(ended)
    tally_outage(change, rotation, service, now)
    tally_end(change, rotation, service, "cancelled")
    change.audit.record(now, "rotation.cancelled", service.id, {"rotation": rotation.id, "why": why})


def _expiry(token: ServerToken | None, holding: Holding | None, issued_at: datetime | None, now: datetime) -> Expiry:
    if token is not None:
        return Expiry(token.expires_at, Basis.DECRYPTED)
    if holding is not None and holding.expires_at is not None:
        return Expiry(holding.expires_at, Basis.READ_BACK)
    return Expiry((issued_at or now) + LIFETIME, Basis.ESTIMATED)


def _following(causes: tuple[Cause, ...], service: Service, rotation_id: str, now: datetime) -> Rotation:
    wanted = Rotate(
        cause=shown_cause(causes),
        due_at=now + FOLLOW_UP_DUE,
        why="the token that was just installed does not satisfy it",
        new_key=not _WANT_NEW_KEY.isdisjoint(causes),
    )
    return replace(open_rotation(wanted, service, rotation_id, now), causes=causes)


def tally_outage(change: Change, rotation: Rotation, service: Service, ended_at: datetime) -> None:
    """Count an outage that was running into the total that metrics show, so that the total never falls."""
    if rotation.outage_started_at is None:
        return
    lasted = max(ended_at - rotation.outage_started_at, timedelta(0))
    change.tallies.add("tokenward_outage_seconds_total", _of(service), lasted.total_seconds())


def tally_end(change: Change, rotation: Rotation, service: Service, outcome: str) -> None:
    """Count that a rotation ended: ``done`` or ``cancelled``."""
    labels = {**_of(service), "cause": shown_cause(rotation.causes).value, "outcome": outcome}
    change.tallies.add("tokenward_rotations_total", labels)


def _of(service: Service) -> dict[str, str]:
    return {"organisation": service.organisation, "service": service.id}
