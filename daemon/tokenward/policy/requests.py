"""Rules about what people ask for, on the command line or a page: it is granted, or refused with the reason."""

from dataclasses import replace

from tokenward.model.finding import Code, Finding
from tokenward.model.instant import BadInstant, format_instant
from tokenward.model.rotation import Cause, Rotation, State
from tokenward.model.token import TokenState
from tokenward.policy import due
from tokenward.policy.audience import OPERATORS
from tokenward.policy.case import Case, Decisions
from tokenward.policy.decision import (
    Cancel,
    Deny,
    EndRecovery,
    HoldFor,
    Probe,
    Reassign,
    Record,
    Reinstate,
    Resume,
    Retire,
    Snooze,
    StateExpiry,
    TakeAsInstalled,
    TakeAsProven,
    Tell,
)
from tokenward.policy.succession import is_usable, line
from tokenward.policy.templates import Template


def rotate(case: Case) -> Decisions:
    """Return the rotation that somebody asked for, with a new key if that was asked for too."""
    if case.service.is_watched:
        return (_watched(case),)
    wanted = case.rotate(Cause.MANUAL, case.planned(due.MANUAL), _because(case, "somebody asked for it"))
    new_key = case.event.data.get("new_key") == "yes"
    return (replace(wanted, new_key=new_key, satisfied_after_click=not new_key),)


def retry(case: Case) -> Decisions:
    """Return a fresh look at the open rotation, or at one of its targets."""
    target = case.event.data.get("target") or None
    if case.rotation is None:
        return (_no_rotation(case, "tokenward rotate"),)
    if target is not None and target not in {ref.id for ref in case.service.targets}:
        known = ", ".join(ref.id for ref in case.service.targets)
        happened = f"{case.service.id} has no target {target[:60]!r}."
        return (_deny(Code.NOT_AN_EVENT, happened, "Nothing was tried again.", f"Name one of: {known}."),)
    return (Resume(_because(case, "somebody asked to try again"), target),)


def cancel(case: Case) -> Decisions:
    """Return the end of the open rotation. From the moment a new token exists it is too late for that."""
    try:
        quiet_until = case.instant("until")
    except BadInstant as error:
        return (_bad_instant(case, error),)
    if case.rotation is None:
        return (_no_rotation(case, "tokenward status"),)
    if case.rotation.is_after_click:
        return (_too_late(case, "It can't be cancelled any more.", "Let it finish, then rotate again if need be."),)
    reason = case.event.data.get("reason", "").strip()
    if not reason:
        happened = f"No reason was given for cancelling the rotation of {case.service.id}."
        return (_deny(Code.NOT_AN_EVENT, happened, "The rotation goes on.", "Say why: the record keeps it."),)
    return (Cancel(f"cancelled: {reason}", quiet_until),)


def adopt(case: Case) -> Decisions:
    """Return that the service is linked already, with the end of its token where somebody states one."""
    try:
        expires_at = case.instant("expires_at")
    except BadInstant as error:
        return (_bad_instant(case, error),)
    probe = Probe((case.now,), "somebody says that the service is linked")
    stated = (StateExpiry(expires_at, f"stated: {format_instant(expires_at)}"),) if expires_at else ()
    return (*stated, *_no_longer_unlinked(case.rotation), probe)


def import_token(case: Case) -> Decisions:
    """Return that the service is linked already, by the very token whose values came; Apple is asked at once (B1.3)."""
    return (*_no_longer_unlinked(case.rotation), Probe((case.now,), "the values of the token in use came"))


def probe(case: Case) -> Decisions:
    """Return the question how things stand with the installed token, asked at once (B10.1)."""
    return (Probe((case.now,), _because(case, "somebody asked how things stand")),)


def claim(case: Case) -> Decisions:
    """Return that the rotation is held for the person who starts now, once the way is found clear again."""
    person = case.event.data.get("person", "")
    refusal = _claim_refused(case, person)
    return (refusal,) if refusal else (HoldFor(person, f"{person} starts now"),)


def file_lost(case: Case) -> Decisions:
    """Return that the file of a download is lost, so that a new one is asked for now."""
    rotation = case.rotation
    if rotation is None:
        return (_no_rotation(case, "tokenward rotate"),)
    if rotation.is_after_click:
        return (_too_late(case, "No other file is needed.", "Nothing: it is being installed."),)
    if rotation.state is not State.AWAITING_TOKEN and rotation.recover_until is None:
        return (Record("no token is waited for yet"),)
    return (EndRecovery(_because(case, "the file of the download is lost")),)


def hand_over(case: Case) -> Decisions:
    """Return that somebody else is asked, because whoever was can't do it: whom they name, else the next in line."""
    rotation, person = case.rotation, case.event.data.get("person", "")
    if rotation is None:
        return (_no_rotation(case, "tokenward status"),)
    if rotation.is_after_click:
        return (_too_late(case, "Nobody else is needed.", "Nothing: it is being installed."),)
    if person not in {rotation.actor, rotation.claim.person if rotation.claim else None}:
        return (_not_usable(case, person),)
    others = [one for one in line(case.facts) if one != person and is_usable(one, case.facts)]
    wanted = case.event.data.get("to") or next(iter(others), None)
    if wanted not in others:
        return (_nobody_told(case, rotation, person), _nobody_else(case))
    return (Reassign(wanted, f"{person} handed it over"),)


def remind_later(case: Case) -> Decisions:
    """Return that whoever is asked wants no reminder before a time that they name."""
    rotation, person = case.rotation, case.event.data.get("person", "")
    try:
        until = case.instant("until")
    except BadInstant as error:
        return (_bad_instant(case, error),)
    if rotation is None:
        return (_no_rotation(case, "tokenward status"),)
    if rotation.is_after_click:
        return (_too_late(case, "There is nothing to be reminded of.", "Nothing: it is being installed."),)
    if person != rotation.actor:
        return (_not_usable(case, person),)
    if until is None or until <= case.now:
        happened = f"No day that is still to come was named for the reminder about {case.service.name}."
        return (_deny(Code.NOT_AN_EVENT, happened, "Reminders come as before.", "Choose a day from tomorrow on."),)
    return (Snooze(until, f"{person} wants no reminder before {format_instant(until)}"),)


def handed_off(case: Case) -> Decisions:
    """Return that somebody handed the file over in a product's own console, for it takes none from us (B8.4)."""
    rotation = case.rotation
    if rotation is None:
        return (_no_rotation(case, "tokenward status"),)
    if not rotation.waits_for_hand_off:
        happened = f"Nothing of {case.service.id} waits to be handed over by hand."
        return (_deny(Code.NOT_CLEAR, happened, "The rotation goes on.", "See what it waits for: `tokenward show`."),)
    return (TakeAsInstalled(_because(case, "somebody says that it was handed over by hand")),)


def acknowledge(case: Case) -> Decisions:
    """Return that an operator's word ends a rotation whose token is installed and whose proof does not come (B8.2)."""
    rotation = case.rotation
    if rotation is None:
        return (_no_rotation(case, "tokenward status"),)
    if rotation.state is not State.INSTALLED:
        happened = f"The new token of {case.service.id} is not installed yet, so nobody can vouch for it."
        return (_deny(Code.NOT_CLEAR, happened, "The rotation goes on.", "Wait until it is installed."),)
    return (TakeAsProven(_because(case, "somebody vouches for it")),)


def retire(case: Case) -> Decisions:
    """Return that nobody looks after the service any more, unless a new token is here to be installed (B12.4)."""
    if case.rotation is not None and case.rotation.is_after_click:
        means = "Retired now, it would be left with no working token at all."
        return (_too_late(case, means, f"Let it finish (`tokenward show {case.service.id}`), then retire it."),)
    reason = _because(case, "somebody asked for it")
    return (Retire(reason, f"retired: {reason}"),)


def reinstate(case: Case) -> Decisions:
    """Return that a retired service is looked after again, from what it says now: nobody has asked it meanwhile.

    A token that was dead is only suspect, so that the next two answers start what a dead token starts.
    """
    why = "it is looked after again"
    doubt = case.found(TokenState.SUSPECT, why) if case.is_dead else ()
    return (Reinstate(why), *doubt, Probe((case.now,), why))


def _nobody_told(case: Case, rotation: Rotation, person: str) -> Tell:
    return Tell(
        OPERATORS,
        Template.NOBODY_ELSE,
        f"{Template.NOBODY_ELSE}/{rotation.id}",
        {"service": case.service.id, "person": person},
    )


def _nobody_else(case: Case) -> Deny:
    return _deny(
        Code.NOT_USABLE,
        f"There is nobody else who could download the token for {case.service.name}.",
        "You are still the one who is asked.",
        "Nothing: whoever runs the service was told that you can't.",
    )


def _claim_refused(case: Case, person: str) -> Deny | None:
    rotation = case.rotation
    if case.service.is_watched:
        return _watched(case)
    if rotation is None:
        return _no_rotation(case, "tokenward status")
    if rotation.is_after_click:
        return _too_late(case, "No other token is needed.", "Don't download again; the page shows how it goes on.")
    if person not in line(case.facts) or not is_usable(person, case.facts):
        return _not_usable(case, person)
    if held := _held_by_other(case, rotation, person):
        return held
    return _not_clear(case, rotation)


def _held_by_other(case: Case, rotation: Rotation, person: str) -> Deny | None:
    held = rotation.claim
    if held is None or held.until <= case.now or held.person == person:
        return None
    happened = f"{held.person} is at it until {held.until:%H:%M} UTC."
    return _deny(Code.HELD_BY_OTHER, happened, "Two downloads would undo each other.", "Wait, or ask them.")


def _not_clear(case: Case, rotation: Rotation) -> Deny | None:
    do = "Wait until you are asked: you will get a message."
    if not case.facts.needs_person:
        happened = f"The token of {case.service.id} is downloaded by a program."
        return _deny(Code.NOT_CLEAR, happened, "Nobody needs to start anything.", "Nothing.")
    if case.is_recovering:
        happened = f"Somebody seems to have downloaded a token for {case.service.name} already."
        means = "Another download would make that file worthless."
        do = "Hand that file over if you have it, or say that it is lost."
        return _deny(Code.NOT_CLEAR, happened, means, do)
    if rotation.state is not State.AWAITING_TOKEN:
        happened = f"The way for {case.service.name} is not clear yet."
        return _deny(Code.NOT_CLEAR, happened, "A download now could not be installed.", do)
    return None


def _no_longer_unlinked(rotation: Rotation | None) -> tuple[Cancel, ...]:
    """End a first rotation that would do away with the very token that somebody speaks of."""
    if rotation is None or rotation.causes != (Cause.UNLINKED,) or rotation.claim or rotation.is_after_click:
        return ()
    return (Cancel("the service is linked already"),)


def _because(case: Case, default: str) -> str:
    return case.event.data.get("reason", "").strip() or default


def _deny(code: Code, happened: str, means: str, do: str) -> Deny:
    return Deny(Finding(code, happened, means, do))


def _watched(case: Case) -> Deny:
    return _deny(
        Code.WATCHED,
        f"{case.service.id} is only watched: its configuration names no issuer.",
        "Nothing was started; its days are counted and its state is read.",
        f'Give it an issuer, such as `issuer = {{ kind = "portal" }}` under `[[service]]` {case.service.id}.',
    )


def _no_rotation(case: Case, command: str) -> Deny:
    happened = f"{case.service.id} has no open rotation."
    return _deny(Code.NO_ROTATION, happened, "There is nothing to do this to.", f"See `{command} {case.service.id}`.")


def _too_late(case: Case, means: str, do: str) -> Deny:
    happened = f"The new token of {case.service.id} is here already, and the old one is dead."
    return _deny(Code.TOO_LATE, happened, means, do)


def _not_usable(case: Case, person: str) -> Deny:
    return _deny(
        Code.NOT_USABLE,
        f"{person[:60] or 'Nobody'} can't download a token for {case.service.name} at the moment.",
        "The rotation is not held for this person.",
        "Let the custodian or a deputy with a fitting role start, or ask the operators.",
    )


def _bad_instant(case: Case, error: BadInstant) -> Deny:
    return _deny(
        Code.NOT_AN_EVENT,
        f"{case.event.kind} for {case.service.id}: {error}.",
        "Nothing was changed.",
        "Write the time with its offset from UTC, such as 2027-03-01T09:00:00Z.",
    )
