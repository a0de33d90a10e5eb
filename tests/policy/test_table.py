from dataclasses import replace

import pytest

from policy.situations import (
    BOSS,
    DAY,
    HOUR,
    KIM,
    NOW,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    all_of,
    an_event,
    only,
    the_facts,
)
from tokenward.model.event import ABOUT_PEOPLE, EventKind
from tokenward.model.rotation import Cause, State
from tokenward.model.token import Basis, Expiry
from tokenward.policy.decision import (
    Deny,
    Facts,
    Ignore,
    Reassign,
    Record,
    Rotate,
    TakeCertificate,
    TakeEnvelope,
    Tell,
)
from tokenward.policy.standing import note
from tokenward.policy.table import TABLE, decide
from tokenward.policy.templates import Template

DATA = {"attachment": "f2", "person": "kim", "reason": "why not", "expires_at": "2027-03-01T00:00:00Z"}
WATCHED = replace(the_facts(service=a_service(issuer=None)), token=a_token(expiry=Expiry(NOW + DAY, Basis.STATED)))
SITUATIONS = [
    the_facts(),
    the_facts(token=None),
    WATCHED,
    *(the_facts(rotation=a_rotation(state=state)) for state in (State.OPENED, State.AWAITING_TOKEN, State.RECEIVED)),
]
CAUSES = {
    EventKind.CERTIFICATE_NEW: Cause.CERTIFICATE,
    EventKind.TOKEN_SUPPLIED: Cause.SUPPLIED,
    EventKind.PASSWORD_CHANGED: Cause.PASSWORD,
    EventKind.PASSWORD_RESET: Cause.PASSWORD,
    EventKind.ACCOUNT_DISABLED: Cause.CUSTODIAN,
    EventKind.ACCOUNT_DELETED: Cause.CUSTODIAN,
    EventKind.EMPLOYMENT_ENDING: Cause.CUSTODIAN,
    EventKind.EMPLOYMENT_ENDED: Cause.CUSTODIAN,
    EventKind.TOKEN_EXPIRING: Cause.EXPIRY,
    EventKind.TOKEN_EXPIRED: Cause.EXPIRY,
    EventKind.TOKEN_REJECTED: Cause.REJECTED,
    EventKind.TOKEN_SUPERSEDED: Cause.REJECTED,
    EventKind.SERVICE_UNLINKED: Cause.UNLINKED,
}
"""Which kinds rotate, asked or not; a person's `rotate` stands apart, for a watched service refuses it."""


def test_every_kind_of_event_has_a_row_that_can_be_printed() -> None:
    """9: the table is whole, and each row is a sentence."""
    assert set(TABLE) == set(EventKind)
    assert all(row.summary.endswith(".") for row in TABLE.values())


@pytest.mark.parametrize("facts", SITUATIONS)
@pytest.mark.parametrize("kind", list(EventKind))
def test_every_event_leads_to_something_that_says_why(kind: EventKind, facts: Facts) -> None:
    """9: nothing falls silent."""
    decisions = decide(an_event(kind, data=DATA), facts, NOW, KIM if kind in ABOUT_PEOPLE else None)

    assert decisions
    assert all(isinstance(decision, Tell | Deny) or decision.why for decision in decisions)


@pytest.mark.parametrize("kind", list(EventKind))
def test_which_events_rotate_is_what_the_table_says(kind: EventKind) -> None:
    """9: rows that rotate, and no others."""
    expected = {**CAUSES, EventKind.ROTATE: Cause.MANUAL}.get(kind)
    facts = the_facts(token=a_token(expiry=Expiry(NOW + 20 * DAY, Basis.READ_BACK)))

    rotations = all_of(Rotate, decide(an_event(kind, data=DATA), facts, NOW, KIM))

    assert [rotate.cause for rotate in rotations] == ([expected] if expected else [])


@pytest.mark.parametrize("kind", list(EventKind))
def test_a_watched_service_is_told_about_and_never_touched(kind: EventKind) -> None:
    """B1.5: every rotate becomes tell the operators."""
    decisions = decide(an_event(kind, data=DATA), WATCHED, NOW, KIM)

    assert not all_of(Rotate, decisions)
    assert not any(isinstance(one, TakeCertificate | TakeEnvelope | Reassign) for one in decisions)
    needed = [tell for tell in all_of(Tell, decisions) if tell.template == Template.ROTATION_NEEDED]
    assert len(needed) == (kind in CAUSES)
    assert all(tell.audience == "operators" for tell in needed)


def test_operators_of_a_watched_service_hear_the_cause_the_date_and_why() -> None:
    """B1.5: once a day for each cause."""
    tell = only(Tell, decide(an_event(EventKind.SERVICE_UNLINKED), WATCHED, NOW))

    assert tell.reason_key == "rotation.needed/main/unlinked/2026-11-24"
    assert tell.words == {
        "service": "main",
        "cause": "unlinked",
        "due_at": "2026-12-01T09:30:00Z",
        "why": "the service is not linked",
    }


@pytest.mark.parametrize("kind", [EventKind.TOKEN_REJECTED, EventKind.TOKEN_SUPERSEDED])
def test_of_a_watched_service_nobody_is_asked_for_a_file(kind: EventKind) -> None:
    """B1.5, B4.4: it could not be taken."""
    assert {tell.audience for tell in all_of(Tell, decide(an_event(kind), WATCHED, NOW))} == {"operators"}


def test_operators_of_a_watched_service_hear_of_a_far_departure_at_once() -> None:
    """B1.5: the clock raises nothing of it later."""
    event = an_event(EventKind.EMPLOYMENT_ENDING, effective_at=NOW + 90 * DAY)

    assert only(Tell, decide(event, WATCHED, NOW, KIM)).words["why"] == "planned change of custodian"


@pytest.mark.parametrize("kind", sorted(ABOUT_PEOPLE))
def test_whoever_is_nobodys_downloader_rotates_nothing(kind: EventKind) -> None:
    """B7.5: about a deputy, an acceptor or the owner of a credential: warn, never rotate."""
    event = an_event(kind)
    state = the_facts().state_of("boss")

    decisions = (*decide(event, the_facts(), NOW, BOSS), *note(event, BOSS, state, a_roster(), NOW))

    assert not all_of(Rotate, decisions)


@pytest.mark.parametrize("kind", sorted(ABOUT_PEOPLE))
def test_about_anybody_else_nothing_is_kept(kind: EventKind) -> None:
    """9: about anybody else."""
    decisions = decide(an_event(kind), the_facts(), NOW)

    assert all(isinstance(decision, Ignore) for decision in decisions)


@pytest.mark.parametrize("kind", list(EventKind))
def test_tells_of_one_event_have_reasons_that_repeat_with_it(kind: EventKind) -> None:
    """B11.2: never twice for one reason."""
    event = an_event(kind, data=DATA)

    for facts in SITUATIONS:
        first, later = (
            [tell.reason_key for tell in all_of(Tell, decide(event, facts, at, KIM))] for at in (NOW, NOW + HOUR)
        )
        assert first == later


@pytest.mark.parametrize("kind", list(EventKind))
def test_everybody_who_is_told_is_told_for_a_reason_of_their_own(kind: EventKind) -> None:
    """B11.2: a reason that two shared would silence one of them."""
    for facts in SITUATIONS:
        keys = [tell.reason_key for tell in all_of(Tell, decide(an_event(kind, data=DATA), facts, NOW, KIM))]
        assert len(keys) == len(set(keys))


def test_recorded_events_are_recorded_once() -> None:
    """9: account.locked."""
    assert [type(one) for one in decide(an_event(EventKind.ACCOUNT_LOCKED), the_facts(), NOW, KIM)] == [Record]
