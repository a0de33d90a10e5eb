"""A rotation as the board shows it: what it waits for, since when, and whose turn it is. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from tokenward.model.roster import Roster
from tokenward.model.rotation import Blocked, Cause, Claim, Rotation, State
from tokenward.model.service import Service
from tokenward.model.target import BlockReason
from tokenward.web.board.story import story
from tokenward.web.board.view import Block, ClaimView, RotationPage, RotationView, Somebody, Turn
from tokenward.web.course import outage_of, progress_of
from tokenward.web.overview import Overview
from tokenward.web.read_model import AuditLine
from tokenward.web.standing import needs_plan_b
from tokenward.web.status import shown_causes
from tokenward.web.waiting import WaitingFor, waiting_for
from tokenward.web.wording import instant_words

Whose = tuple[Turn, tuple[Somebody, ...]]


def rotation_view(rotation: Rotation, overview: Overview) -> RotationView:
    """Return *rotation* as anybody may see it."""
    roster, now = overview.roster, overview.now
    service, asking = roster.services.get(rotation.service), rotation.service in overview.asking_people
    turn, people = _whose_turn(rotation, service, roster, now, asks_people=asking)
    return RotationView(
        id=rotation.id,
        service=rotation.service,
        state=rotation.state,
        causes=shown_causes(rotation.causes),
        opened_at=rotation.opened_at,
        since=rotation.entered_at,
        due_at=rotation.due_at,
        is_overdue=rotation.is_open and rotation.due_at < now,
        waiting_for=waiting_for(rotation, now, needs_person=asking) if rotation.is_open else None,
        turn=turn,
        people=people,
        waits=_waits(rotation, people, now, asks_people=asking) if rotation.is_open else "",
        claim=_claim(rotation.claim, roster, now) if rotation.claim else None,
        recover_until=rotation.recover_until,
        blocked=_block(rotation.blocked) if rotation.blocked else None,
        plan_b=needs_plan_b(rotation, now),
        registered_by=rotation.registered_by,
        certificate=rotation.certificate,
        certificate_changed=rotation.certificate_changed,
        outage=outage_of(rotation, now),
        rung=rotation.rung,
        by=_downloader(rotation, service, roster),
        follow_up=shown_causes(rotation.follow_up),
        targets=tuple(progress_of(one) for one in rotation.installations),
        closed_at=rotation.closed_at,
        close_reason=_close_reason(rotation, service),
    )


def rotation_page(rotation: Rotation, overview: Overview, lines: Iterable[AuditLine]) -> RotationPage:
    """Return one *rotation* with what happened while it was open."""
    service = overview.roster.services.get(rotation.service)
    return RotationPage(
        at=overview.now,
        service=rotation.service,
        name=service.name if service else rotation.service,
        is_configured=service is not None,
        rotation=rotation_view(rotation, overview),
        history=story(lines),
    )


def somebody(person: str, roster: Roster) -> Somebody:
    """Return *person* by the name that people know, or by the id where the configuration names nobody so."""
    known = roster.people.get(person)
    return Somebody(person, known.called if known else person)


def _whose_turn(
    rotation: Rotation, service: Service | None, roster: Roster, now: datetime, *, asks_people: bool
) -> Whose:
    if not rotation.is_open:
        return Turn.TOKENWARD, ()
    if rotation.blocked is not None:
        return _to_unblock(rotation.blocked.reason, service, roster)
    if rotation.state is not State.AWAITING_TOKEN or not asks_people:
        return Turn.TOKENWARD, ()
    claim = rotation.claim
    asked = claim.person if claim is not None and claim.until > now else rotation.actor
    return (Turn.PERSON, (somebody(asked, roster),)) if asked else (Turn.OPERATORS, ())


def _to_unblock(reason: BlockReason, service: Service | None, roster: Roster) -> Whose:
    if reason is BlockReason.TERMS_UNSIGNED and service is not None:
        accept = tuple(somebody(one, roster) for one in roster.organisation_of(service).terms)
        return (Turn.PERSON, accept) if accept else (Turn.OPERATORS, ())
    return Turn.OPERATORS, ()


def _waits(rotation: Rotation, people: tuple[Somebody, ...], now: datetime, *, asks_people: bool) -> str:
    """Return what an open rotation waits for, in one sentence."""
    names = " or ".join(person.name for person in people)
    if rotation.blocked is not None:
        return f"{names} can mend it." if names else "It stands still until that is mended."
    if rotation.state is State.AWAITING_TOKEN:
        return _waits_for_token(rotation, names, now, asks_people=asks_people)
    match waiting_for(rotation, now, needs_person=asks_people):
        case WaitingFor.TARGET if rotation.state is State.CHECKED:
            return "The new token is here and being installed. Nobody has to do anything, or download again."
        case WaitingFor.TARGET:
            return "The new token is installed; it is being watched whether the service works with it."
        case WaitingFor.TIME:
            return f"It is looked at again on {instant_words(rotation.wake_at)}, or as soon as something happens."
        case None:
            return "It is at work."
        case WaitingFor.CERTIFICATE | WaitingFor.PERSON | WaitingFor.ISSUER | WaitingFor.APPLE as other:
            return f"It waits for: {other.value}."
        case _ as never:
            assert_never(never)


def _waits_for_token(rotation: Rotation, names: str, now: datetime, *, asks_people: bool) -> str:
    if not asks_people:
        return "The issuer brings the new token; nobody has to do anything."
    if rotation.recover_until is not None and rotation.recover_until > now:
        until = instant_words(rotation.recover_until)
        return f"Somebody seems to have downloaded a token: its file is looked for until {until}. Don’t download again."
    if rotation.claim is not None and rotation.claim.until > now:
        return f"{names} has started, and others are held off."
    return f"{names} is asked to download the new token." if names else "Nobody is left who could be asked."


def _claim(claim: Claim, roster: Roster, now: datetime) -> ClaimView | None:
    return ClaimView(somebody(claim.person, roster), claim.at, claim.until) if claim.until > now else None


def _block(blocked: Blocked) -> Block:
    return Block(blocked.reason, blocked.remedy, blocked.since, blocked.next_attempt_at)


def _downloader(rotation: Rotation, service: Service | None, roster: Roster) -> str | None:
    account = rotation.downloader or rotation.supplied_by
    if account is None or service is None:
        return account
    person = roster.person_with_account(account, service)
    return person.called if person else account


def _close_reason(rotation: Rotation, service: Service | None) -> str | None:
    """Return why it was ended without a token: what a person wrote of a change of custodian is not for everybody."""
    is_open_about_it = service is not None and service.policy.departures_open
    if Cause.CUSTODIAN in rotation.causes and not is_open_about_it:
        return None
    return rotation.close_reason
