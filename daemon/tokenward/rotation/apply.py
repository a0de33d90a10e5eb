"""Writes down what the policy decided, inside the transaction of the event that it was decided for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from tokenward.model.event import Event
from tokenward.model.retirement import Retirement
from tokenward.model.roster import Roster
from tokenward.model.rotation import Cause, Claim, Installation, Rotation, State
from tokenward.model.target import BlockReason
from tokenward.model.token import DEAD, Basis, Expiry, InstalledToken, TokenState
from tokenward.policy.decision import (
    Cancel,
    Decision,
    Deny,
    EndRecovery,
    HoldFor,
    Ignore,
    NotePerson,
    NoteToken,
    Probe,
    Reassign,
    Record,
    Reinstate,
    Resume,
    Retire,
    Rotate,
    Snooze,
    StateExpiry,
    TakeAsInstalled,
    TakeAsProven,
    TakeCertificate,
    TakeEnvelope,
    Tell,
)
from tokenward.rotation.admit import join, open_rotation, take_certificate, take_envelope
from tokenward.rotation.closing import close_cancelled
from tokenward.rotation.ledger import Change
from tokenward.rotation.moves import pass_on, start_over
from tokenward.rotation.ports import ServiceWorld
from tokenward.rotation.record import InboxEvent, Message, StoredEnvelope

CLAIM_LASTS: Final = timedelta(minutes=30)
"""How long a claim holds a rotation for one person."""


@dataclass(frozen=True, slots=True)
class Case:
    """One event, and the service that it is decided for, if any."""

    change: Change
    waiting: InboxEvent
    roster: Roster
    new_id: Callable[[], str]
    now: datetime
    served: ServiceWorld | None

    @property
    def event(self) -> Event:
        """The event itself."""
        return self.waiting.event

    @property
    def service(self) -> str:
        """Id of the service that is decided for."""
        if self.served is None:
            raise LookupError("this decision needs a service")
        return self.served.service.id

    @property
    def rotation(self) -> Rotation | None:
        """The service's open rotation as it stands in the transaction now."""
        return self.change.rotations.open_of(self.service)

    def note(self, what: str, **details: str) -> None:
        """Put *what* happened into the audit record, with the event that led to it."""
        service = self.served.service.id if self.served else None
        self.change.audit.record(self.now, what, service, {"event": str(self.waiting.id), **details})


def apply(case: Case, decision: Decision) -> None:  # noqa: C901, PLR0912  one arm for each decision
    """Write *decision* down."""
    match decision:
        case Rotate():
            _rotate(case, decision)
        case TakeCertificate():
            _change(case, "certificate.taken", lambda one: take_certificate(one, decision.fingerprint, case.now))
        case TakeEnvelope():
            _take_envelope(case, decision)
        case Probe():
            for due_at in decision.at:
                case.change.probes.plan(case.service, due_at, case.waiting.id)
        case Tell():
            _tell(case, decision)
        case NotePerson():
            case.change.people.record(decision.state)
            case.note("person.noted", person=decision.state.person, standing=decision.state.standing.value)
        case NoteToken():
            note_token(case.change, case.service, decision.state, case.now)
        case StateExpiry():
            _state_expiry(case, decision)
        case Cancel():
            _cancel(case, decision)
        case Resume():
            _change(case, "rotation.resumed", lambda one: _resumed(one, decision, case.now))
        case HoldFor():
            claim = Claim(decision.person, case.now, case.now + CLAIM_LASTS)
            _change(case, "rotation.claimed", lambda one: _claimed(one, claim))
            case.change.probes.plan(case.service, case.now, None)  # from now on the target is watched closely
        case Reassign():
            _change(case, "rotation.reassigned", lambda one: pass_on(one, decision.actor, case.now))
        case Snooze():
            _change(case, "reminder.moved", lambda one: replace(one, remind_at=decision.until, wake_at=case.now))
        case TakeAsInstalled():
            _change(case, "rotation.handed_off", lambda one: _handed_off(one, case.now))
        case TakeAsProven():
            _change(case, "rotation.vouched", lambda one: replace(one, vouched_at=case.now, wake_at=case.now))
        case EndRecovery():
            _change(case, "recovery.ended", lambda one: start_over(one, case.now))
        case Retire():
            _retire(case, decision)
        case Reinstate():
            _reinstate(case)
        case Record() | Ignore() | Deny():
            pass
        case _:
            assert_never(decision)


def _change(case: Case, what: str, move: Callable[[Rotation], Rotation]) -> None:
    rotation = case.rotation
    if rotation is None:
        return
    moved = move(rotation)
    case.change.rotations.update(moved)
    case.note(what, rotation=rotation.id, state=moved.state.value)


def _rotate(case: Case, wanted: Rotate) -> None:
    rotation = case.rotation
    if rotation is None:
        _open(case, wanted)
        return
    key_is_fresh = _has_fresh_key(case.change, rotation)
    joined = join(rotation, wanted, case.now, key_is_fresh=key_is_fresh)
    case.change.rotations.update(joined)
    follows = joined.follow_up != rotation.follow_up
    case.note("rotation.followed" if follows else "rotation.joined", rotation=rotation.id, cause=wanted.cause.value)


def _open(case: Case, wanted: Rotate) -> None:
    if case.served is None:
        raise LookupError("a rotation needs a service")
    token = case.change.tokens.installed(case.service)
    is_dead = token is not None and token.state in DEAD
    opened = open_rotation(wanted, case.served.service, case.new_id(), case.now)
    rotation = replace(opened, outage_started_at=case.now if is_dead else None)
    case.change.rotations.open(rotation)
    case.note("rotation.opened", rotation=rotation.id, cause=wanted.cause.value, why=wanted.why)


def _has_fresh_key(change: Change, rotation: Rotation) -> bool:
    """Return whether the chosen certificate was made or fetched for this very rotation."""
    if rotation.certificate is None:
        return False
    stored = change.certificates.find(rotation.service, rotation.certificate)
    return stored is not None and stored.rotation == rotation.id and stored.origin != "dropped"


def _take_envelope(case: Case, decision: TakeEnvelope) -> None:
    rotation, stored = case.rotation, case.change.envelopes.find(decision.digest)
    if rotation is None or stored is None or case.served is None:
        return
    if _is_overtaken(case, rotation, stored):
        case.note("envelope.passed_over", rotation=rotation.id, digest=decision.digest)
        return
    taken = take_envelope(
        replace(rotation, certificate=_goes_by(case, rotation)),
        case.served.service,
        digest=decision.digest,
        certificate=stored.certificate,
        supplied_by=_supplied_by(case, rotation),
        clicked_at=stored.issued_at or case.event.received_at,
        now=case.now,
    )
    case.change.rotations.update(taken)
    case.note("envelope.taken", rotation=rotation.id, digest=decision.digest)


def _is_overtaken(case: Case, rotation: Rotation, stored: StoredEnvelope) -> bool:
    """Return whether the rotation has a newer token in hand: *stored* waited to be decided together with it."""
    in_hand = case.change.envelopes.find(rotation.envelope) if rotation.envelope else None
    if in_hand is None or in_hand.issued_at is None or stored.issued_at is None:
        return False
    return stored.issued_at < in_hand.issued_at


def _goes_by(case: Case, rotation: Rotation) -> str | None:
    """Return the certificate that was chosen for Apple, or the one that was dropped for it this minute."""
    latest = case.change.certificates.latest(case.service)
    if rotation.certificate or latest is None or Cause.CERTIFICATE not in rotation.causes:
        return rotation.certificate
    return latest.certificate.fingerprint if latest.origin == "dropped" else None


def _supplied_by(case: Case, rotation: Rotation) -> str | None:
    """Return the account of whoever handed the file over, or for whom the issuer acted."""
    if case.served is None:
        return None
    account = case.event.data.get("account")
    person = case.event.data.get("person") or (rotation.claim.person if rotation.claim else rotation.actor)
    return account or (case.roster.account_of(person, case.served.service) if person else None)


def _tell(case: Case, decision: Tell) -> None:
    service = case.served.service.id if case.served else None
    message = Message(decision.audience, decision.template, decision.reason_key, service, dict(decision.words))
    case.change.outbox.add(message, case.now)


def note_token(change: Change, service: str, state: TokenState, now: datetime) -> None:
    """Write down that the installed token of *service* is in *state*."""
    token = change.tokens.installed(service) or InstalledToken(service, TokenState.UNKNOWN, now)
    change.tokens.record(replace(token, state=state))
    if token.state is not state:
        change.audit.record(now, "token.state_changed", service, {"from": token.state.value, "to": state.value})
    rotation = change.rotations.open_of(service)
    if state in DEAD and rotation is not None and rotation.outage_started_at is None:
        change.rotations.update(replace(rotation, outage_started_at=now))


def _state_expiry(case: Case, decision: StateExpiry) -> None:
    change = case.change
    token = change.tokens.installed(case.service) or InstalledToken(case.service, TokenState.UNKNOWN, case.now)
    change.tokens.record(replace(token, expiry=Expiry(decision.expires_at, Basis.STATED)))
    case.note("token.expiry_stated", expires_at=decision.expires_at.isoformat())


def _cancel(case: Case, decision: Cancel) -> None:
    rotation = case.rotation
    if rotation is not None and case.served is not None:
        close_cancelled(case.change, rotation, case.served.service, decision.why, case.now)
    if decision.quiet_until is not None:
        case.change.rotations.keep_quiet(case.service, decision.quiet_until)


def _retire(case: Case, decision: Retire) -> None:
    rotation = case.rotation
    if rotation is not None and case.served is not None:
        close_cancelled(case.change, rotation, case.served.service, decision.why, case.now)
    case.change.retirements.record(Retirement(case.service, case.now, decision.reason))
    case.note("service.retired", why=decision.reason)


def _reinstate(case: Case) -> None:
    """Have the service looked after again. A quiet that ends now lets the clock say again what it has said before."""
    case.change.retirements.forget(case.service)
    quiet_until = case.change.rotations.quiet_until(case.service)
    if quiet_until is None or quiet_until < case.now:
        case.change.rotations.keep_quiet(case.service, case.now)
    case.note("service.reinstated")


def _handed_off(rotation: Rotation, now: datetime) -> Rotation:
    """Return *rotation* with the moment on record at which somebody had done it by hand."""
    done = tuple(
        replace(one, attempts=one.attempts + 1, attempted_at=now) if one.by_hand and one.installed_at is None else one
        for one in rotation.installations
    )
    return replace(rotation, installations=done, blocked=None, wake_at=now)


def _claimed(rotation: Rotation, claim: Claim) -> Rotation:
    """Return *rotation* held for somebody; the preflight is repeated before the steps are shown."""
    return replace(rotation, claim=claim, cleared_at=None, wake_at=claim.at)


def _resumed(rotation: Rotation, decision: Resume, now: datetime) -> Rotation:
    """Return *rotation* to be looked at at once, with what was failing as if it had never been tried.

    A copy that was given up is tried once more: for that the rotation goes back for a moment, as its proof goes on.
    """
    unblocked = None if rotation.blocked and rotation.blocked.reason is not BlockReason.HELD else rotation.blocked
    again = [one.target for one in rotation.installations if _is_tried_again(one, decision)]
    was_given_up = rotation.state is State.INSTALLED and decision.target in again
    return replace(
        rotation,
        state=State.CHECKED if was_given_up else rotation.state,
        blocked=unblocked,
        wake_at=now,
        attempts=0,
        installations=tuple(
            replace(one, attempts=0, next_attempt_at=None) if one.target in again else one
            for one in rotation.installations
        ),
    )


def _is_tried_again(one: Installation, decision: Resume) -> bool:
    return one.installed_at is None and not one.by_hand and decision.target in {None, one.target}
