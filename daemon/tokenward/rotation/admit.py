"""What an open rotation makes of a further cause, certificate or envelope. Pure values in, pure values out."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from tokenward.model.rotation import Cause, Installation, Rotation, State
from tokenward.model.service import Service
from tokenward.policy.decision import Rotate
from tokenward.rotation.moves import enter, start_over, with_actor

_CERTIFICATE_CHOSEN: Final = frozenset({State.CERTIFICATE_READY, State.REGISTERED, State.AWAITING_TOKEN})


def open_rotation(wanted: Rotate, service: Service, rotation_id: str, now: datetime) -> Rotation:
    """Return a new rotation of *service*, to be looked at at once."""
    return Rotation(
        id=rotation_id,
        service=service.id,
        state=State.OPENED,
        revision=0,
        causes=(wanted.cause,),
        opened_at=now,
        entered_at=now,
        due_at=wanted.due_at,
        wake_at=now,
        actor=wanted.actor,
        new_key=wanted.new_key,
        visit=1,
        recover_until=wanted.recover_until,
        installations=fresh_installations(service),
    )


def fresh_installations(service: Service) -> tuple[Installation, ...]:
    """Return one installation for each target of *service*, with nothing done yet."""
    return tuple(Installation(target.id, target.required) for target in service.targets)


def join(rotation: Rotation, wanted: Rotate, now: datetime, *, key_is_fresh: bool) -> Rotation:
    """Return *rotation* with a further cause. Its due date only ever comes nearer.

    After the click a cause that the token in hand does not satisfy is kept for a rotation that follows this one. A
    new key that is wanted before the click leads back to ``opened``, unless this rotation's key was made for it and
    is unused (*key_is_fresh*): fetching yet another one could spoil a file that is being downloaded this minute.
    """
    if rotation.is_after_click and not wanted.satisfied_after_click:
        return replace(rotation, follow_up=_with(rotation.follow_up, wanted.cause))
    joined = replace(
        rotation,
        causes=_with(rotation.causes, wanted.cause),
        due_at=min(rotation.due_at, wanted.due_at),
        wake_at=now,
    )
    if rotation.is_after_click:
        return joined
    recovering = wanted.recover_until if rotation.recover_until is None else rotation.recover_until
    joined = replace(joined, new_key=rotation.new_key or wanted.new_key, recover_until=recovering)
    if wanted.cause is Cause.CUSTODIAN:
        held = rotation.claim if rotation.claim and rotation.claim.person == wanted.actor else None
        joined = replace(with_actor(joined, wanted.actor, now), claim=held)
    if wanted.new_key and rotation.state in _CERTIFICATE_CHOSEN and not key_is_fresh:
        return replace(start_over(joined, now), recover_until=recovering)
    return joined


def take_certificate(rotation: Rotation, fingerprint: str, now: datetime) -> Rotation:
    """Return *rotation* with a newly dropped certificate; before the click it leads back to ``certificate_ready``."""
    if rotation.is_after_click:
        return replace(rotation, follow_up=_with(rotation.follow_up, Cause.CERTIFICATE))
    if rotation.state not in _CERTIFICATE_CHOSEN or rotation.certificate == fingerprint:
        return replace(rotation, wake_at=now)
    return replace(
        enter(rotation, State.CERTIFICATE_READY, now),
        certificate=fingerprint,
        registered_by=None,
        certificate_changed=rotation.state is State.AWAITING_TOKEN,
        visit=rotation.visit + 1,
    )


def take_envelope(
    rotation: Rotation,
    service: Service,
    *,
    digest: str,
    certificate: str | None,
    supplied_by: str | None,
    clicked_at: datetime,
    now: datetime,
) -> Rotation:
    """Return *rotation* in ``received`` with a new envelope; whatever was done with an older one no longer counts.

    It is the live token now, whichever certificate of the service it was made for. Where a new key or certificate was
    the cause and it was made for another one, that cause is kept for a rotation that follows.
    """
    taken = replace(
        enter(rotation, State.RECEIVED, now),
        envelope=digest,
        supplied_by=supplied_by,
        downloader=None,
        server_uuid=None,
        rung=None,
        recover_until=None,
        outage_started_at=min(clicked_at, _running_since(rotation) or clicked_at),
        outage_ended_at=None,
        installations=fresh_installations(service),
    )
    if certificate is None or certificate == rotation.certificate:
        return taken
    return replace(taken, follow_up=_merged(rotation.follow_up, _unsatisfied(rotation)))


def _running_since(rotation: Rotation) -> datetime | None:
    """Return since when an outage runs; one that has ended is counted already."""
    return rotation.outage_started_at if rotation.has_running_outage else None


def _unsatisfied(rotation: Rotation) -> tuple[Cause, ...]:
    wanting = {Cause.CERTIFICATE, Cause.CUSTODIAN, Cause.MANUAL} if rotation.new_key else {Cause.CERTIFICATE}
    return tuple(cause for cause in rotation.causes if cause in wanting)


def _with(causes: tuple[Cause, ...], cause: Cause) -> tuple[Cause, ...]:
    return causes if cause in causes else (*causes, cause)


def _merged(causes: tuple[Cause, ...], more: tuple[Cause, ...]) -> tuple[Cause, ...]:
    for cause in more:
        causes = _with(causes, cause)
    return causes
