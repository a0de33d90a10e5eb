"""Rules about files and tokens: what a certificate, an envelope, an end or a verdict means for a service."""

from collections.abc import Mapping
from dataclasses import replace

from tokenward.model.finding import Code, Finding
from tokenward.model.instant import format_instant
from tokenward.model.rotation import CLOCK_CAUSES, Cause, Rotation, State
from tokenward.model.token import TokenState
from tokenward.policy import due
from tokenward.policy.audience import ON_CALL, OPERATORS, to_person
from tokenward.policy.case import Case, Decisions, Rule
from tokenward.policy.decision import (
    Deny,
    Record,
    Resume,
    Rotate,
    TakeCertificate,
    TakeEnvelope,
    Tell,
)
from tokenward.policy.succession import with_portal_rights
from tokenward.policy.templates import Template

_EARLIER_TOKEN = Record("about a token that has been replaced since")


def certificate_new(case: Case) -> Decisions:
    """Return the rotation with the certificate that came; one that is in use already changes nothing."""
    fingerprint = case.event.data.get("attachment")
    if fingerprint is None:
        return (_nothing_attached(Code.NOT_A_CERTIFICATE),)
    if _is_in_use(case, fingerprint):
        return (Record("this certificate is in use already"),)
    why = "a new certificate came for the service"
    rotate = replace(case.rotate(Cause.CERTIFICATE, case.planned(due.CERTIFICATE), why), satisfied_after_click=False)
    return (rotate, TakeCertificate(fingerprint, why))


def token_supplied(case: Case) -> Decisions:
    """Return that the envelope is the new token; without an open rotation one opens for it, due at once."""
    digest = case.event.data.get("attachment")
    if digest is None:
        return (_nothing_attached(Code.NOT_AN_ENVELOPE),)
    taken = TakeEnvelope(digest, "a new token came: it is the one that works now")
    if case.rotation is not None:
        return (taken,)
    return (case.rotate(Cause.SUPPLIED, case.now, "a new token came without being asked for"), taken)


def token_expiring(case: Case) -> Decisions:
    """Return the rotation well before the end."""
    if case.is_about_earlier_token:
        return (_EARLIER_TOKEN,)
    expiry = due.expiry_of(case.facts)
    if expiry is None:
        return (Record("nobody knows when this token expires"),)
    due_at = case.now if case.is_dead else due.expiry_due_at(expiry, case.now, case.policy)
    days = max(int(expiry.days_left(case.now)), 0)
    return _unless_quiet(case, case.rotate(Cause.EXPIRY, due_at, f"the token has {days} days to run"))


def token_expired(case: Case) -> Decisions:
    """Return the rotation at once: there is no stray download to look for."""
    if case.is_about_earlier_token:
        return (_EARLIER_TOKEN,)
    why = "the token has expired"
    return (
        *case.found(TokenState.EXPIRED, why),
        *_unless_quiet(case, case.rotate(Cause.EXPIRY, case.now, why)),
    )


def _found_dead(state: TokenState, why: str) -> Rule:
    def rule(case: Case) -> Decisions:
        if case.is_about_earlier_token:
            return (_EARLIER_TOKEN,)
        noted = case.found(state, why)
        rotation = case.rotation
        if rotation is not None and rotation.is_after_click:
            return (*noted, Record("the new token is here and on its way"))
        if rotation is not None and _is_the_click(case, rotation, state):
            return (*noted, Resume("a new token was downloaded: its file is waited for"))
        if rotation is not None and Cause.REJECTED in rotation.causes:
            return (*noted, Record("this is being dealt with"))
        return (*noted, *_recover(case, why))

    return rule


token_rejected = _found_dead(TokenState.REJECTED, "Apple no longer takes the token")
token_superseded = _found_dead(TokenState.SUPERSEDED, "a newer token was downloaded")


def terms_unsigned(case: Case) -> Decisions:
    """Return that those who can accept Apple's terms are told; a new token would not help."""
    organisation = case.facts.roster.organisation_of(case.service)
    asked = tuple(one for one in organisation.terms if not case.facts.state_of(one).is_leaving())
    reason = f"{organisation.id}/{case.now:%Y-%m-%d}"  # no more than once a day
    told = _tell_each(asked, Template.TERMS_UNSIGNED, reason, {"organisation": organisation.id})
    why = "Apple waits for its terms to be accepted"
    return told if case.is_dead else (*case.found(TokenState.TERMS_UNSIGNED, why), *told)


def service_unlinked(case: Case) -> Decisions:
    """Return the rotation that links the service."""
    if case.is_about_earlier_token:
        return (_EARLIER_TOKEN,)
    return _unless_quiet(case, case.rotate(Cause.UNLINKED, case.planned(due.UNLINKED), "the service is not linked"))


def _is_in_use(case: Case, fingerprint: str) -> bool:
    if case.rotation is not None:
        return case.rotation.certificate == fingerprint
    return case.token is not None and case.token.certificate == fingerprint


def _unless_quiet(case: Case, rotate: Rotate) -> Decisions:
    """Somebody may have asked the clock's causes to keep quiet; that holds while nothing is open."""
    quiet_until = case.facts.quiet_until
    if case.rotation is None and rotate.cause in CLOCK_CAUSES and quiet_until and case.now < quiet_until:
        return (Record(f"somebody asked for quiet until {format_instant(quiet_until)}"),)
    return (rotate,)


def _is_the_click(case: Case, rotation: Rotation, state: TokenState) -> bool:
    """A person who was asked to download seems to have done so.

    Apple says of the token that this replaced that a newer one exists, or plainly rejects it; the plain word
    is taken for the click only while somebody has said that they are at it.
    """
    if not case.facts.needs_person or rotation.state is not State.AWAITING_TOKEN or case.is_recovering:
        return False
    claimed = rotation.claim is not None and rotation.claim.until > case.now
    return state is TokenState.SUPERSEDED or claimed


def _recover(case: Case, why: str) -> Decisions:
    """Look for the file of a download that nobody told of, before another one is asked for."""
    rotate = case.rotate(Cause.REJECTED, case.now, why)
    if case.service.is_watched or not case.facts.needs_person:
        return (rotate,)
    recover_until = case.now + case.policy.recover_for
    words = {"service": case.service.id, "until": format_instant(recover_until)}
    reason = f"{case.service.id}/{format_instant(case.event.received_at)}"
    told = _tell_each(with_portal_rights(case.facts), Template.STRAY_DOWNLOAD, reason, words)
    alarm = Tell(ON_CALL, Template.ALARM, f"{Template.ALARM}/{reason}", {**words, "why": why})
    return (replace(rotate, recover_until=recover_until), *told, alarm)


def _tell_each(people: tuple[str, ...], template: Template, reason: str, words: Mapping[str, str]) -> tuple[Tell, ...]:
    """Tell each of *people*, for a reason of their own; the operators where there is nobody."""
    audiences = tuple(to_person(person) for person in people) or (OPERATORS,)
    return tuple(Tell(one, template, f"{template}/{reason}/{one}", words) for one in audiences)


def _nothing_attached(code: Code) -> Deny:
    return Deny(Finding(code, "The event came without its file.", "Nothing was done.", "Hand the file over again."))
