"""Where a rotation goes next, from evidence alone. Pure: the same facts give the same move, whatever happened before.

::

    opened ─► certificate_ready ─► registered ─► awaiting_token ─► received ─► checked ─► installed ─► proven ─► done
      ▲               ▲                              │                 │            │           │
      └───────────────┴──── lost file, other key ────┘                 │            │           │
                      ▲            newer envelope ─────────────────────┴────────────┴───────────┘
                      └ a new certificate before the click

Before the click any doubt blocks; after it, getting the new token to work is all that counts.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.registration import RegisteredBy
from tokenward.model.rotation import Rotation, State
from tokenward.model.target import BlockReason, Obstacle, Preflight
from tokenward.model.token import DEAD, TokenState
from tokenward.policy.backoff import URGENT
from tokenward.policy.ladder import next_level_at
from tokenward.rotation.evidence import CertificateSource, Evidence
from tokenward.rotation.installing import plan_checked
from tokenward.rotation.moves import (
    LOOK_AGAIN,
    NOBODY,
    OTHER_KEY,
    WRONG_SERVER,
    again_at,
    ask_again,
    enter,
    is_other_server,
    pass_on,
    stand_still,
    start_over,
    with_actor,
)
from tokenward.rotation.outcome import (
    Act,
    Advance,
    Block,
    Effect,
    FetchCertificate,
    IssueToken,
    MakeKeypair,
    Outcome,
    RegisterCertificate,
    Retry,
    Wait,
)
from tokenward.rotation.proving import plan_installed

SAFETY_NET: Final = timedelta(hours=1)
"""How soon a rotation that waits for an event is looked at anyway."""


def plan(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    """Return the next move of an open *rotation*."""
    return _PLANS[rotation.state](rotation, evidence, now)


def _opened(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    if _recovering(rotation, evidence, now):
        return Advance(
            enter(rotation, State.AWAITING_TOKEN, now), "a token was downloaded elsewhere: its file is sought"
        )
    obstacle = _obstacle(evidence.preflight)
    if obstacle is not None:
        return stand_still(rotation, obstacle, now)
    if evidence.certificate is not None:
        ready = enter(with_actor(rotation, evidence.actor, now), State.CERTIFICATE_READY, now)
        fingerprint = evidence.certificate.fingerprint
        chosen = replace(ready, certificate=fingerprint, cleared_at=now, recover_until=None)
        return Advance(chosen, "the certificate for Apple is on record")
    if evidence.source is CertificateSource.GIVEN:
        return Block(BlockReason.CERTIFICATE_MISSING, _missing(rotation, evidence), None, rotation)
    return _attempt(rotation, _certificate_effect(rotation, evidence), now)


def _certificate_effect(rotation: Rotation, evidence: Evidence) -> Effect:
    if evidence.source is CertificateSource.MADE:
        return MakeKeypair(evidence.fresh_name)
    return FetchCertificate(rotation.installations[0].target, evidence.fresh_name)


def _missing(rotation: Rotation, evidence: Evidence) -> str:
    which = (
        "a new certificate, over a new key,"
        if rotation.new_key or evidence.spends_keys
        else "the service's certificate"
    )
    return f"drop {which} as {rotation.service}.pem into the folder certificates/"


def _certificate_ready(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    obstacle = _obstacle(evidence.preflight)
    if obstacle is OTHER_KEY and now - rotation.entered_at >= LOOK_AGAIN:
        return _with_its_key(rotation, now)
    if obstacle is not None:
        return stand_still(rotation, obstacle, now)
    registered_by = _registered_by(rotation, evidence)
    if registered_by is None:
        return _attempt(rotation, RegisterCertificate(rotation.certificate or ""), now)
    registered = replace(enter(rotation, State.REGISTERED, now), registered_by=registered_by, cleared_at=now)
    return Advance(registered, _REGISTERED[registered_by])


def _registered_by(rotation: Rotation, evidence: Evidence) -> RegisteredBy | None:
    """Return how the certificate comes to Apple; None: by the API, and that is still to be done."""
    if not evidence.needs_person:
        return RegisteredBy.ISSUER
    if rotation.registered_by is not None:
        return rotation.registered_by
    if evidence.installed is not None and evidence.installed.certificate == rotation.certificate:
        return RegisteredBy.KNOWN
    return None if evidence.can_register else RegisteredBy.PERSON


def _registered(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    asked = with_actor(rotation, evidence.actor, now)
    return Advance(enter(asked, State.AWAITING_TOKEN, now), "a new token is asked for")


def _awaiting_token(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    if evidence.needs_person:
        return _awaiting_person(rotation, evidence, now)
    obstacle = _obstacle(evidence.preflight)
    if obstacle is not None:
        return stand_still(rotation, obstacle, now)
    if evidence.actor is None or evidence.account is None:
        return stand_still(rotation, NOBODY, now)
    intent = replace(rotation, actor=evidence.actor, cleared_at=now)
    return _attempt(intent, IssueToken(evidence.actor, evidence.account), now)


def _awaiting_person(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    if rotation.recover_until is not None and now >= rotation.recover_until:
        return Advance(start_over(rotation, now), "the file of the stray download did not turn up")
    if rotation.claim is not None and now >= rotation.claim.until:
        return Advance(replace(rotation, claim=None, wake_at=now), "the claim ran out")
    if rotation.claim is not None and rotation.cleared_at is None:
        return _clear_claim(rotation, evidence, now)
    if rotation.claim is None and evidence.actor != rotation.actor:
        return Advance(pass_on(rotation, evidence.actor, now), "somebody else is asked")
    if evidence.actor is None:
        return stand_still(rotation, NOBODY, now)
    moments = (
        now + SAFETY_NET,
        rotation.due_at,
        rotation.recover_until,
        rotation.remind_at,
        next_level_at(now, rotation.entered_at, rotation.due_at, alarm=False),
        rotation.claim.until if rotation.claim else None,
    )
    until = min(moment for moment in moments if moment is not None and moment > now)
    return Wait(rotation, until, "a person is to download the token")


def _clear_claim(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    obstacle = _obstacle(evidence.preflight)
    if obstacle is OTHER_KEY:
        return _with_its_key(rotation, now)
    if obstacle is None:
        cleared = replace(rotation, cleared_at=now, blocked=None, wake_at=now)
        return Advance(cleared, "the way is clear: the person may start")
    return stand_still(replace(rotation, claim=None), obstacle, now)


def _with_its_key(rotation: Rotation, now: datetime) -> Outcome:
    return Advance(start_over(rotation, now), "the target has another key now, so its certificate is fetched anew")


def _received(rotation: Rotation, evidence: Evidence, now: datetime) -> Outcome:
    if evidence.token is None:
        return Advance(enter(rotation, State.CHECKED, now), "made for a certificate of this service")
    reading = evidence.account_reading
    if reading is None or reading.verdict is None:
        why = reading.why if reading else "Apple was not asked"
        attempts = rotation.attempts + 1
        tried = replace(rotation, attempts=attempts, attempted_at=now)
        after = again_at(rotation, attempts, now, URGENT)
        return Retry(after, BlockReason.APPLE_UNREACHABLE, f"nothing: Apple is asked again by itself ({why})", tried)
    if reading.verdict is TokenState.TERMS_UNSIGNED:
        return stand_still(rotation, TERMS, now)
    if reading.verdict in DEAD:
        return Advance(_passed_over(rotation, evidence, now), f"the token in the file is dead already: {reading.why}")
    if is_other_server(evidence, reading.server_uuid):
        return stand_still(rotation, WRONG_SERVER, now)
    checked = replace(enter(rotation, State.CHECKED, now), server_uuid=reading.server_uuid)
    return Advance(checked, "Apple knows the token, and it is this service's")


def _passed_over(rotation: Rotation, evidence: Evidence, now: datetime) -> Rotation:
    """Ask again; a file from an earlier click says nothing of an outage of the token in use."""
    is_dead = evidence.installed is not None and evidence.installed.state in DEAD
    asked = ask_again(rotation, now)
    return asked if is_dead else replace(asked, outage_started_at=None)


def _proven(rotation: Rotation, _evidence: Evidence, now: datetime) -> Outcome:
    done = replace(enter(rotation, State.DONE, now), closed_at=now, claim=None)
    return Advance(done, f"the new token is proven at rung {rotation.rung}")


def _obstacle(preflight: Preflight | None) -> Obstacle | None:
    if preflight is None:
        return None
    return next(iter(preflight.obstacles), None)


def _attempt(rotation: Rotation, effect: Effect, now: datetime) -> Act:
    attempts = rotation.attempts + 1
    wake_at = again_at(rotation, attempts, now)
    return Act(effect, replace(rotation, attempts=attempts, attempted_at=now, wake_at=wake_at))


def _recovering(rotation: Rotation, evidence: Evidence, now: datetime) -> bool:
    return evidence.needs_person and rotation.recover_until is not None and now < rotation.recover_until


_REGISTERED: Final = {
    RegisteredBy.API: "Apple's API took the certificate",
    RegisteredBy.KNOWN: "Apple has the certificate: the token in use was made for it",
    RegisteredBy.PERSON: "putting the certificate to Apple is left to the person",
    RegisteredBy.ISSUER: "putting the certificate to Apple is left to the issuer",
}
TERMS: Final = Obstacle(
    BlockReason.TERMS_UNSIGNED,
    "an Administrator accepts Apple's new terms in the portal; it may take a day until Apple's servers know",
)

_PLANS: Final[dict[State, Callable[[Rotation, Evidence, datetime], Outcome]]] = {
    State.OPENED: _opened,
    State.CERTIFICATE_READY: _certificate_ready,
    State.REGISTERED: _registered,
    State.AWAITING_TOKEN: _awaiting_token,
    State.RECEIVED: _received,
    State.CHECKED: plan_checked,
    State.INSTALLED: plan_installed,
    State.PROVEN: _proven,
}
