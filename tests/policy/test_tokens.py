from dataclasses import replace
from datetime import timedelta

import pytest

from policy.situations import (
    DAY,
    HOUR,
    NOW,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    all_of,
    an_event,
    only,
    states,
    the_facts,
)
from tokenward.model.event import EventKind, Way
from tokenward.model.finding import Code
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Cause, Claim, State
from tokenward.model.service import ServicePolicy
from tokenward.model.token import Basis, Expiry, TokenState
from tokenward.policy.decision import (
    Decision,
    Deny,
    Facts,
    NoteToken,
    Record,
    Resume,
    Rotate,
    TakeCertificate,
    TakeEnvelope,
    Tell,
)
from tokenward.policy.table import decide

DEAD_KINDS = [EventKind.TOKEN_REJECTED, EventKind.TOKEN_SUPERSEDED]
ENDS = Expiry(NOW + 40 * DAY, Basis.READ_BACK)


def told(kind: EventKind, facts: Facts | None = None, **words: object) -> tuple[Decision, ...]:
    """Return what is decided when the daemon's own clock or probes raise *kind*."""
    event = an_event(kind, **{"source": "clock", "way": Way.WATCH, **words})
    return decide(event, facts or the_facts(), NOW)


def types(decisions: tuple[Decision, ...]) -> set[type[Decision]]:
    """Return which kinds of decisions there are."""
    return {type(decision) for decision in decisions}


def test_a_new_certificate_rotates_within_a_fortnight() -> None:
    """9: certificate.new (A6): with it, and no token made for another one will do."""
    decisions = told(EventKind.CERTIFICATE_NEW, data={"attachment": "f2"})

    rotate = only(Rotate, decisions)
    assert (rotate.cause, rotate.due_at, rotate.new_key) == (Cause.CERTIFICATE, NOW + 14 * DAY, False)
    assert not rotate.satisfied_after_click
    assert only(TakeCertificate, decisions).fingerprint == "f2"
    assert isinstance(decisions[0], Rotate), "there is a rotation by the time it takes the certificate"


@pytest.mark.parametrize(
    "facts",
    [the_facts(token=a_token(certificate="f2")), the_facts(rotation=a_rotation(certificate="f2"))],
    ids=["installed", "chosen"],
)
def test_a_certificate_that_is_in_use_changes_nothing(facts: Facts) -> None:
    """9: certificate.new once more."""
    assert types(told(EventKind.CERTIFICATE_NEW, facts, data={"attachment": "f2"})) == {Record}


def test_an_open_rotation_may_be_given_the_certificate_of_the_installed_token() -> None:
    """B3.2: it may be just the one that is waited for."""
    facts = the_facts(token=a_token(certificate="f2"), rotation=a_rotation(state=State.OPENED))

    assert only(TakeCertificate, told(EventKind.CERTIFICATE_NEW, facts, data={"attachment": "f2"}))


def test_a_token_that_comes_unasked_opens_a_rotation_for_itself() -> None:
    """9: token.supplied without an open rotation (A6, A10): at once."""
    decisions = told(EventKind.TOKEN_SUPPLIED, data={"attachment": "e1"})

    assert [type(decision) for decision in decisions] == [Rotate, TakeEnvelope]
    assert (only(Rotate, decisions).cause, only(Rotate, decisions).due_at) == (Cause.SUPPLIED, NOW)
    assert only(TakeEnvelope, decisions).digest == "e1"


@pytest.mark.parametrize("state", [State.OPENED, State.AWAITING_TOKEN, State.INSTALLED])
def test_a_token_that_comes_into_an_open_rotation_is_its_token(state: State) -> None:
    """B2.4: in any state."""
    decisions = told(EventKind.TOKEN_SUPPLIED, the_facts(rotation=a_rotation(state=state)), data={"attachment": "e1"})

    assert types(decisions) == {TakeEnvelope}


@pytest.mark.parametrize(
    ("kind", "code"),
    [(EventKind.CERTIFICATE_NEW, Code.NOT_A_CERTIFICATE), (EventKind.TOKEN_SUPPLIED, Code.NOT_AN_ENVELOPE)],
)
def test_a_file_event_without_its_file_is_refused(kind: EventKind, code: Code) -> None:
    """B5.1: with a sentence."""
    assert only(Deny, told(kind)).finding.code is code


def test_an_expiring_token_rotates_before_it_gets_urgent() -> None:
    """9: token.expiring (A9): opened at 40 days it is due when 30 are left."""
    rotate = only(Rotate, told(EventKind.TOKEN_EXPIRING, the_facts(token=a_token(expiry=ENDS))))

    assert (rotate.cause, rotate.due_at) == (Cause.EXPIRY, NOW + 10 * DAY)
    assert rotate.why == "the token has 40 days to run"


def test_a_stated_end_counts_where_nothing_is_known_of_the_token() -> None:
    """B1.2: `expires_at` in the configuration."""
    facts = the_facts(token=None, service=a_service(stated_expires_at=ENDS.at))

    assert only(Rotate, told(EventKind.TOKEN_EXPIRING, facts)).due_at == NOW + 10 * DAY


def test_an_unknown_end_rotates_nothing() -> None:
    """B1.2: nothing known, nothing opened."""
    assert types(told(EventKind.TOKEN_EXPIRING, the_facts(token=None))) == {Record}


def test_an_expired_token_rotates_at_once_without_looking_for_a_file() -> None:
    """9: token.expired (B4.4)."""
    decisions = told(EventKind.TOKEN_EXPIRED)

    rotate = only(Rotate, decisions)
    assert (rotate.cause, rotate.due_at, rotate.recover_until) == (Cause.EXPIRY, NOW, None)
    assert only(NoteToken, decisions).state is TokenState.EXPIRED


@pytest.mark.parametrize(
    "kind", [EventKind.TOKEN_EXPIRING, EventKind.TOKEN_EXPIRED, EventKind.SERVICE_UNLINKED, *DEAD_KINDS]
)
def test_what_lay_waiting_while_the_token_was_replaced_changes_nothing(kind: EventKind) -> None:
    """B1.1: always the state of the token that is installed."""
    assert types(told(kind, the_facts(token=a_token(since=NOW)), received_at=NOW - HOUR)) == {Record}


@pytest.mark.parametrize(
    ("kind", "state"), list(zip(DEAD_KINDS, [TokenState.REJECTED, TokenState.SUPERSEDED], strict=True))
)
def test_a_dead_token_is_recovered_before_anything_new_is_asked(kind: EventKind, state: TokenState) -> None:
    """9: token.rejected, token.superseded (B4.4): everybody with portal rights is asked."""
    decisions = told(kind)

    rotate = only(Rotate, decisions)
    assert (rotate.cause, rotate.due_at, rotate.recover_until) == (Cause.REJECTED, NOW, NOW + HOUR)
    assert not rotate.new_key
    assert only(NoteToken, decisions).state is state
    assert [tell.audience for tell in all_of(Tell, decisions)] == ["person:kim", "person:ana", "on-call"]


def test_a_file_that_nobody_could_have_is_the_operators_business() -> None:
    """B7.1: nobody left means the operators."""
    gone = states(*(PersonState(person, Standing.DEPARTED) for person in ("kim", "ana")))

    told_to = [tell.audience for tell in all_of(Tell, told(EventKind.TOKEN_REJECTED, the_facts(people=gone)))]
    assert told_to == ["operators", "on-call"]


def test_how_long_a_file_is_looked_for_can_be_set() -> None:
    """B4.4: `recover_for`."""
    facts = the_facts(ServicePolicy(recover_for=timedelta(hours=3)))

    assert only(Rotate, told(EventKind.TOKEN_REJECTED, facts)).recover_until == NOW + 3 * HOUR


@pytest.mark.parametrize("kind", DEAD_KINDS)
def test_an_issuer_that_needs_no_person_has_no_recovery(kind: EventKind) -> None:
    """B4.4: it issues anew at once, and nobody is asked."""
    decisions = told(kind, the_facts(needs_person=False))

    assert only(Rotate, decisions).recover_until is None
    assert not all_of(Tell, decisions)


@pytest.mark.parametrize("claim", [None, Claim("kim", NOW - HOUR, NOW - HOUR / 2)], ids=["unclaimed", "claim ran out"])
def test_superseded_while_a_token_is_waited_for_is_the_click_itself(claim: Claim | None) -> None:
    """B4.4: claimed or not."""
    facts = the_facts(rotation=a_rotation(state=State.AWAITING_TOKEN, claim=claim))

    assert types(told(EventKind.TOKEN_SUPERSEDED, facts)) == {NoteToken, Resume}


def test_rejected_is_the_click_only_while_somebody_is_at_it() -> None:
    """B4.4: else it is a rejection."""
    claimed = a_rotation(claim=Claim("kim", NOW - HOUR / 4, NOW + HOUR / 4))

    assert types(told(EventKind.TOKEN_REJECTED, the_facts(rotation=claimed))) == {NoteToken, Resume}
    assert only(Rotate, told(EventKind.TOKEN_REJECTED, the_facts(rotation=a_rotation()))).recover_until


def test_superseded_before_anybody_was_asked_is_a_click_outside() -> None:
    """B4.4: nobody knew of it."""
    facts = the_facts(rotation=a_rotation(state=State.CERTIFICATE_READY))

    assert only(Rotate, told(EventKind.TOKEN_SUPERSEDED, facts)).recover_until == NOW + HOUR


def test_after_the_click_a_dead_old_token_is_what_was_expected() -> None:
    """B1.1: noted, and nothing begins."""
    facts = the_facts(rotation=a_rotation(state=State.CHECKED))

    assert types(told(EventKind.TOKEN_SUPERSEDED, facts)) == {NoteToken, Record}


def test_a_rejection_that_is_dealt_with_does_not_begin_anew() -> None:
    """B11.2: nobody is asked twice, and the hour does not start over."""
    facts = the_facts(rotation=a_rotation(causes=(Cause.REJECTED,), recover_until=NOW + HOUR))

    assert types(told(EventKind.TOKEN_SUPERSEDED, facts)) == {NoteToken, Record}


def test_unsigned_terms_are_told_to_whoever_can_accept_them_and_rotate_nothing() -> None:
    """9: terms.unsigned: once a day and organisation."""
    decisions = told(EventKind.TERMS_UNSIGNED)

    tell = only(Tell, decisions)
    assert (tell.audience, tell.reason_key) == ("person:boss", "terms.unsigned/corp/2026-11-24/person:boss")
    assert only(NoteToken, decisions).state is TokenState.TERMS_UNSIGNED
    assert not all_of(Rotate, decisions)


def test_unsigned_terms_are_the_operators_business_when_nobody_can_accept_them() -> None:
    """B7.2: nothing is sent to a departing person."""
    facts = the_facts(people=states(PersonState("boss", Standing.DEPARTED)))

    assert only(Tell, told(EventKind.TERMS_UNSIGNED, facts)).audience == "operators"


def test_unsigned_terms_do_not_hide_a_dead_token() -> None:
    """B1.1: dead stays dead."""
    facts = the_facts(token=a_token(state=TokenState.EXPIRED))

    assert types(told(EventKind.TERMS_UNSIGNED, facts)) == {Tell}


def test_an_unlinked_service_is_linked_by_a_rotation() -> None:
    """9: service.unlinked (A1): this is how a service is linked for the first time."""
    rotate = only(Rotate, told(EventKind.SERVICE_UNLINKED, the_facts(token=None)))

    assert (rotate.cause, rotate.due_at, rotate.actor) == (Cause.UNLINKED, NOW + 7 * DAY, "kim")


@pytest.mark.parametrize("kind", [EventKind.TERMS_UNSIGNED, EventKind.TOKEN_EXPIRED, *DEAD_KINDS])
def test_of_a_token_that_nobody_knows_nothing_is_noted(kind: EventKind) -> None:
    """B1.3: nothing is assumed."""
    assert not all_of(NoteToken, told(kind, the_facts(token=None)))


@pytest.mark.parametrize("kind", [EventKind.TOKEN_EXPIRING, EventKind.TOKEN_EXPIRED, EventKind.SERVICE_UNLINKED])
def test_somebody_may_have_asked_the_clock_to_be_quiet(kind: EventKind) -> None:
    """B2.5: `--until DATE` keeps its causes from opening a rotation; they still join one."""
    quiet = the_facts(token=a_token(expiry=ENDS), quiet_until=NOW + DAY)
    facts = replace(quiet, rotation=a_rotation())

    assert not all_of(Rotate, told(kind, quiet))
    assert all_of(Rotate, told(kind, facts))
    assert all_of(Rotate, told(kind, replace(quiet, quiet_until=NOW)))


def test_quiet_does_not_hold_for_a_dead_token() -> None:
    """B2.5: only for the clock's causes."""
    assert all_of(Rotate, told(EventKind.TOKEN_REJECTED, the_facts(quiet_until=NOW + DAY)))


def test_a_dead_token_ignores_a_freeze() -> None:
    """B2.7: due now, whatever the date."""
    assert only(Rotate, told(EventKind.TOKEN_EXPIRED, the_facts(roster=a_roster()))).due_at == NOW
