"""The table: what every kind of event leads to, the whole policy at a glance, printed as it stands here.

What a source can know comes first, then what is set for the service, then what is set for all, then the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tokenward.model.event import Event, EventKind
from tokenward.model.instant import format_instant
from tokenward.model.person import Person
from tokenward.policy import people, requests, tokens
from tokenward.policy.audience import OPERATORS
from tokenward.policy.case import Case, Decisions, Rule
from tokenward.policy.decision import Facts, Ignore, Reassign, Rotate, TakeCertificate, TakeEnvelope, Tell
from tokenward.policy.templates import Template


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of event leads to."""

    summary: str
    """The sentence that is printed for it."""
    rule: Rule


_PASSWORD: Final = Row(
    "Of the person who downloaded the token, from a source that can know it: rotate within 7 days, or 2 where "
    "Apple keeps the password, and probe for a week. From any other source: record and probe.",
    people.password_changed,
)
_DEPARTURE: Final = Row(
    "Of the person who downloaded the token: rotate with a new key, by a deputy; three working days before the "
    "date where one is known, else at once. Called a planned change of custodian.",
    people.departed,
)
_RECORDED: Final = Row("Record, nothing else.", people.only_recorded)


def _never_taken(_case: Case) -> Decisions:
    return (Ignore("nobody could make out what it is"),)


TABLE: Final[Mapping[EventKind, Row]] = {
    EventKind.CERTIFICATE_NEW: Row("Rotate with it, within 14 days.", tokens.certificate_new),
    EventKind.TOKEN_SUPPLIED: Row("Install it; without an open rotation one opens.", tokens.token_supplied),
    EventKind.PASSWORD_CHANGED: _PASSWORD,
    EventKind.PASSWORD_RESET: _PASSWORD,
    EventKind.PASSWORD_EXPIRE_FLAG: _RECORDED,
    EventKind.ACCOUNT_DISABLED: _DEPARTURE,
    EventKind.ACCOUNT_DELETED: _DEPARTURE,
    EventKind.ACCOUNT_ENABLED: Row(
        "From a source that is trusted for silence: end a change of custodian that nobody has begun. A dead token "
        "stays dead.",
        people.returned,
    ),
    EventKind.ACCOUNT_LOCKED: _RECORDED,
    EventKind.EMPLOYMENT_ENDING: _DEPARTURE,
    EventKind.EMPLOYMENT_ENDED: _DEPARTURE,
    EventKind.ROLE_LOST: Row("Warn, probe, and ask somebody else.", people.role_lost),
    EventKind.IDENTIFIER_CHANGED: Row("Tell the operators which name the configuration lacks.", people.only_recorded),
    EventKind.IDENTIFIER_RECYCLED: Row("Warn and probe.", people.identifier_recycled),
    EventKind.TOKEN_EXPIRING: Row(
        "Rotate; due when 30, 14, 7 or 1 days are left, whichever comes next.", tokens.token_expiring
    ),
    EventKind.TOKEN_EXPIRED: Row("Rotate at once.", tokens.token_expired),
    EventKind.TOKEN_REJECTED: Row(
        "Look for the file of a download that nobody told of, for an hour; then rotate. Critical.",
        tokens.token_rejected,
    ),
    EventKind.TOKEN_SUPERSEDED: Row(
        "In a rotation that waits for a person's download it is that download. Else look for its file, for an "
        "hour; then rotate. Critical.",
        tokens.token_superseded,
    ),
    EventKind.TERMS_UNSIGNED: Row(
        "Tell those who can accept Apple's terms, once a day; never rotate.", tokens.terms_unsigned
    ),
    EventKind.SERVICE_UNLINKED: Row("Rotate: this links the service.", tokens.service_unlinked),
    EventKind.UNREADABLE: Row("Nothing: what can't be made out is refused.", _never_taken),
    EventKind.ROTATE: Row("Rotate, within 2 days.", requests.rotate),
    EventKind.RETRY: Row("Look at the open rotation again at once.", requests.retry),
    EventKind.CANCEL: Row("End the open rotation, until a new token is here.", requests.cancel),
    EventKind.ADOPT: Row("Take the service as linked, its token ending as stated.", requests.adopt),
    EventKind.CLAIM: Row("Hold the rotation for whoever starts now.", requests.claim),
    EventKind.FILE_LOST: Row("Ask for a new token now.", requests.file_lost),
    EventKind.HAND_OVER: Row("Ask the deputy who is named, or the next in line.", requests.hand_over),
    EventKind.REMIND_LATER: Row(
        "Send whoever is asked no reminder before the day that they named, or before the last quarter of the time.",
        requests.remind_later,
    ),
    EventKind.HANDED_OFF: Row(
        "Take the token as installed by a person's word, where the product takes no file from us.", requests.handed_off
    ),
    EventKind.ACKNOWLEDGE: Row(
        "Take the installed token as proven by a person's word, rung 0 on record.", requests.acknowledge
    ),
    EventKind.ACCESS_CONFIRMED: Row("Count the deputy as one who can step in, for six months.", people.only_recorded),
    EventKind.CONFIRMATION_DUE: Row("Ask the deputy whether they can still sign in.", people.only_recorded),
    EventKind.LINK_WANTED: Row("Send the person's link to their own contact.", people.only_recorded),
    EventKind.PROBE: Row("Ask Apple or the target now; keep the answer with the event.", requests.probe),
    EventKind.IMPORT_TOKEN: Row("Take the service as linked, with the values that came; probe.", requests.import_token),
    EventKind.RETIRE: Row(
        "End its open rotation, its probes and its messages, until a new token is here; its history stays.",
        requests.retire,
    ),
    EventKind.REINSTATE: Row("Look after a retired service again; probe.", requests.reinstate),
}


def decide(event: Event, facts: Facts, now: datetime, person: Person | None = None) -> Decisions:
    """Return what *event* leads to for the service of *facts*, in the order in which it is to be carried out.

    *person* is whom the event speaks of, where it speaks of somebody whom the configuration names.
    """
    decisions = TABLE[event.kind].rule(Case(event, facts, now, person))
    return _only_told(decisions, event, facts) if facts.service.is_watched else decisions


def _only_told(decisions: Decisions, event: Event, facts: Facts) -> Decisions:
    """Return *decisions* for a watched service: the operators are told what would have been started."""
    return tuple(
        _told(decision, event, facts) if isinstance(decision, Rotate) else decision
        for decision in decisions
        if not isinstance(decision, Reassign | TakeCertificate | TakeEnvelope)
    )


def _told(rotate: Rotate, event: Event, facts: Facts) -> Tell:
    service = facts.service.id
    return Tell(
        OPERATORS,
        Template.ROTATION_NEEDED,
        f"{Template.ROTATION_NEEDED}/{service}/{rotate.cause}/{event.received_at:%Y-%m-%d}",
        {
            "service": service,
            "cause": rotate.cause,
            "due_at": format_instant(rotate.due_at),
            "why": rotate.why,
        },
    )
