from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.situations import (
    ANA,
    BOSS,
    DAY,
    HOUR,
    KIM,
    NOW,
    a_rotation,
    a_service,
    a_token,
    all_of,
    an_event,
    only,
    states,
    the_facts,
)
from tokenward.model.event import DEPARTURE_KINDS, EventKind, Way
from tokenward.model.person import Authentication, Person, PersonState, Standing
from tokenward.model.rotation import Cause, Claim, State
from tokenward.model.service import OnDeparture, OnPasswordChange, ServicePolicy
from tokenward.model.token import TokenState
from tokenward.policy.decision import (
    Cancel,
    Decision,
    Facts,
    Ignore,
    NoteToken,
    Probe,
    Reassign,
    Record,
    Rotate,
    Tell,
)
from tokenward.policy.probing import probe_times
from tokenward.policy.table import decide

PASSWORD_KINDS = [EventKind.PASSWORD_CHANGED, EventKind.PASSWORD_RESET]
FRIDAY = datetime(2026, 12, 4, 17, tzinfo=UTC)  # within the fortnight


def about(
    kind: EventKind, facts: Facts | None = None, *, person: Person | None = KIM, **words: object
) -> tuple[Decision, ...]:
    """Return what is decided about an event of *kind* that speaks of *person*."""
    return decide(an_event(kind, **words), facts or the_facts(), NOW, person)


@pytest.mark.parametrize("kind", PASSWORD_KINDS)
@pytest.mark.parametrize(("authentication", "days"), [("federated", 7), ("unknown", 7), ("apple", 2)])
def test_a_new_password_of_the_downloader_rotates_in_days(kind: EventKind, authentication: str, days: int) -> None:
    """9: password.changed and password.reset (A7, C6): planned, due in 7 days or 2, and probed meanwhile."""
    kim = replace(KIM, authentication=Authentication(authentication))

    decisions = about(kind, person=kim)

    rotate = only(Rotate, decisions)
    assert (rotate.cause, rotate.due_at, rotate.actor) == (Cause.PASSWORD, NOW + days * DAY, "kim")
    assert not rotate.new_key
    assert rotate.satisfied_after_click
    assert only(Probe, decisions).at == probe_times(NOW)
    assert only(NoteToken, decisions).state is TokenState.SUSPECT


def test_a_new_password_is_due_at_once_when_the_token_is_dead() -> None:
    """9: password.changed rotates at once as soon as a probe fails; a dead token is no suspect."""
    decisions = about(EventKind.PASSWORD_CHANGED, the_facts(token=a_token(state=TokenState.REJECTED)))

    assert only(Rotate, decisions).due_at == NOW
    assert not all_of(NoteToken, decisions)


def test_the_service_may_say_how_soon() -> None:
    """9: password.changed, precedence: the service's setting comes before the table."""
    facts = the_facts(ServicePolicy(password_due=timedelta(days=1)))

    assert only(Rotate, about(EventKind.PASSWORD_CHANGED, facts)).due_at == NOW + DAY


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (OnPasswordChange.PROBE, {NoteToken, Probe}),
        (OnPasswordChange.RECORD, {Record}),
        (OnPasswordChange.ROTATE, {Rotate, NoteToken, Probe}),
    ],
)
def test_the_service_may_say_what_a_new_password_leads_to(
    setting: OnPasswordChange, expected: set[type[Decision]]
) -> None:
    """9: password.changed, precedence: `on_password_change`."""
    decisions = about(EventKind.PASSWORD_CHANGED, the_facts(ServicePolicy(on_password_change=setting)))

    assert {type(decision) for decision in decisions} == expected


@pytest.mark.parametrize("setting", list(OnPasswordChange))
@pytest.mark.parametrize(
    ("source", "authentication"), [("other-okta", "federated"), ("corp-okta", "apple")], ids=["another", "apple"]
)
def test_a_source_that_cannot_know_is_recorded_and_probed(
    setting: OnPasswordChange, source: str, authentication: str
) -> None:
    """9: password.changed from another source, B7.7: what the source can know comes before any setting."""
    kim = replace(KIM, authentication=Authentication(authentication))
    facts = the_facts(ServicePolicy(on_password_change=setting))

    decisions = about(EventKind.PASSWORD_CHANGED, facts, person=kim, source=source, way=Way.RECEIVER)

    assert {type(decision) for decision in decisions} == {Record, Probe}


@pytest.mark.parametrize("person", [ANA, BOSS])
@pytest.mark.parametrize("kind", [*PASSWORD_KINDS, *sorted(DEPARTURE_KINDS)])
def test_events_about_others_never_rotate(kind: EventKind, person: Person) -> None:
    """9: about a deputy or an acceptor (B7.5)."""
    assert not all_of(Rotate, about(kind, person=person))


def test_a_password_of_a_custodian_who_did_not_download_the_token_is_recorded() -> None:
    """B1.4: the recorded downloader is who events are matched against."""
    decisions = about(EventKind.PASSWORD_CHANGED, the_facts(token=a_token(downloader="ana@corp.example")))

    assert {type(decision) for decision in decisions} == {Record}


@pytest.mark.parametrize("kind", sorted(DEPARTURE_KINDS))
def test_a_dated_departure_rotates_by_a_deputy_before_the_date(kind: EventKind) -> None:
    """9: account.disabled, account.deleted, employment.ending, employment.ended (A8, C6): three working days before."""
    rotate = only(Rotate, about(kind, effective_at=FRIDAY))

    assert rotate.cause is Cause.CUSTODIAN
    assert rotate.due_at == datetime(2026, 12, 1, 17, tzinfo=UTC)
    assert rotate.actor == "ana"
    assert rotate.new_key
    assert rotate.why == "planned change of custodian"


@pytest.mark.parametrize("kind", sorted(DEPARTURE_KINDS - {EventKind.EMPLOYMENT_ENDING}))
def test_an_immediate_departure_rotates_at_once_and_is_probed(kind: EventKind) -> None:
    """B7.3: due at once, and the first failed probe is what wakes somebody."""
    decisions = about(kind)

    assert only(Rotate, decisions).due_at == NOW
    assert only(Probe, decisions).at == probe_times(NOW)


def test_an_announcement_without_a_date_rotates_soon() -> None:
    """B7.3: as if it were a fortnight ahead."""
    rotate = only(Rotate, about(EventKind.EMPLOYMENT_ENDING))

    assert NOW < rotate.due_at < NOW + 14 * DAY


def test_a_departure_far_ahead_is_kept_until_its_time_comes() -> None:
    """B7.3: the rotation opens a fortnight before."""
    decisions = about(EventKind.EMPLOYMENT_ENDING, effective_at=NOW + 15 * DAY)

    assert {type(decision) for decision in decisions} == {Record}


def test_the_lead_of_a_departure_can_be_set() -> None:
    """B7.3: `departure_lead`."""
    facts = the_facts(ServicePolicy(departure_lead=timedelta(days=30)))

    assert all_of(Rotate, about(EventKind.EMPLOYMENT_ENDING, facts, effective_at=NOW + 30 * DAY))


def test_a_departure_may_be_set_to_warn_only() -> None:
    """9: employment.ending, precedence: `on_departure`."""
    facts = the_facts(ServicePolicy(on_departure=OnDeparture.WARN))

    decisions = about(EventKind.EMPLOYMENT_ENDED, facts)

    assert {type(decision) for decision in decisions} == {Tell}
    assert only(Tell, decisions).audience == "operators"


def test_departures_can_be_made_open() -> None:
    """B7.2: `departures = "open"`."""
    facts = the_facts(ServicePolicy(departures_open=True))

    assert (
        only(Rotate, about(EventKind.EMPLOYMENT_ENDING, facts, effective_at=FRIDAY)).why == "kim leaves on 2026-12-04"
    )
    assert only(Rotate, about(EventKind.ACCOUNT_DELETED, facts)).why == "kim has left"


def test_a_departure_with_nobody_to_follow_names_nobody() -> None:
    """B7.1: nobody left means the operators."""
    facts = the_facts(service=a_service(deputies=()))

    assert only(Rotate, about(EventKind.EMPLOYMENT_ENDED, facts)).actor is None


def test_whoever_is_asked_and_departs_is_replaced_even_far_ahead() -> None:
    """B7.1: a token of somebody who will go would not last."""
    facts = the_facts(rotation=a_rotation(actor="kim"))

    decisions = about(EventKind.EMPLOYMENT_ENDING, facts, effective_at=NOW + 60 * DAY)

    assert only(Reassign, decisions).actor == "ana"


def test_a_departing_deputy_who_is_asked_is_replaced_without_a_further_cause() -> None:
    """B7.5: recompute who is usable, never rotate."""
    facts = the_facts(rotation=a_rotation(actor="ana"))

    decisions = about(EventKind.ACCOUNT_DISABLED, facts, person=ANA)

    assert only(Reassign, decisions).actor == "kim"
    assert not all_of(Rotate, decisions)


def test_a_departing_custodian_who_did_not_download_the_token_is_warned_about() -> None:
    """B7.5: somebody else must be configured."""
    facts = the_facts(token=a_token(downloader="ana@corp.example"))

    decisions = about(EventKind.EMPLOYMENT_ENDED, facts)

    assert only(Tell, decisions).words["why"] == "planned change of custodian"


def test_after_the_click_a_departure_of_who_downloaded_the_new_token_is_not_satisfied_by_it() -> None:
    """B2.2: a follow-up opens."""
    facts = the_facts(rotation=a_rotation(state=State.RECEIVED, supplied_by="kim@corp.example"))

    assert not only(Rotate, about(EventKind.ACCOUNT_DELETED, facts)).satisfied_after_click


def test_after_the_click_a_departure_of_the_former_downloader_is_satisfied() -> None:
    """B2.2: the new token is a deputy's."""
    facts = the_facts(rotation=a_rotation(state=State.RECEIVED, supplied_by="ana@corp.example"))

    assert only(Rotate, about(EventKind.ACCOUNT_DELETED, facts)).satisfied_after_click


def test_after_the_click_the_deputy_who_downloaded_counts_as_downloader() -> None:
    """B2.2: though the installed token is still another one's."""
    facts = the_facts(rotation=a_rotation(state=State.CHECKED, supplied_by="ana@corp.example"))

    rotate = only(Rotate, about(EventKind.ACCOUNT_DELETED, facts, person=ANA))

    assert (rotate.cause, rotate.satisfied_after_click) == (Cause.CUSTODIAN, False)


def test_a_departure_that_is_older_than_the_return_is_recorded() -> None:
    """B9.3: order changes nothing."""
    facts = the_facts(people=states(PersonState("kim", Standing.ACTIVE, NOW - HOUR)))

    assert {type(d) for d in about(EventKind.ACCOUNT_DISABLED, facts, occurred_at=NOW - DAY)} == {Record}


def returned(facts: Facts, *, source: str = "control") -> tuple[Decision, ...]:
    """Return what kim's return leads to."""
    return about(EventKind.ACCOUNT_ENABLED, facts, source=source)


def test_a_return_ends_a_change_of_custodian_that_nobody_has_begun() -> None:
    """9: account.enabled from a trusted source (B2.5)."""
    facts = the_facts(rotation=a_rotation(causes=(Cause.CUSTODIAN,), actor="ana"))

    assert only(Cancel, returned(facts)).quiet_until is None


@pytest.mark.parametrize(
    "words",
    [
        {"causes": (Cause.CUSTODIAN, Cause.EXPIRY)},
        {"causes": (Cause.PASSWORD,)},
        {"claim": Claim("ana", NOW - HOUR, NOW - HOUR / 2)},
        {"state": State.RECEIVED},
        {"outage_started_at": NOW - HOUR},
    ],
    ids=["another cause too", "another cause", "claimed once", "after the click", "click seen"],
)
def test_a_return_ends_nothing_else(words: dict[str, object]) -> None:
    """9: account.enabled, B2.5: nothing else was a cause, and nobody has claimed."""
    rotation = a_rotation(**{"causes": (Cause.CUSTODIAN,), "actor": "ana", **words})

    assert {type(decision) for decision in returned(the_facts(rotation=rotation))} == {Record}


def test_a_return_from_any_other_source_ends_nothing() -> None:
    """B9.2: events that silence need a source that is trusted for it."""
    facts = the_facts(rotation=a_rotation(causes=(Cause.CUSTODIAN,)))

    assert {type(decision) for decision in returned(facts, source="okta")} == {Record}


def test_a_return_mends_no_dead_token() -> None:
    """9: account.enabled never undoes a dead token."""
    facts = the_facts(token=a_token(state=TokenState.REJECTED), rotation=a_rotation(causes=(Cause.CUSTODIAN,)))

    assert {type(decision) for decision in returned(facts)} == {Record}


def test_a_return_without_a_rotation_is_recorded() -> None:
    """9: account.enabled when there is nothing to take back."""
    assert {type(decision) for decision in returned(the_facts())} == {Record}


@pytest.mark.parametrize("kind", [EventKind.ROLE_LOST, EventKind.IDENTIFIER_RECYCLED])
def test_a_lost_role_and_a_recycled_address_are_probed(kind: EventKind) -> None:
    """9: role.lost, identifier.recycled: warn (once, in `note`) and probe."""
    assert {type(decision) for decision in about(kind)} == {Probe}
    assert {type(decision) for decision in about(kind, person=ANA)} == {Record}


def test_whoever_is_asked_and_lost_the_role_is_replaced() -> None:
    """B7.1: the next usable deputy."""
    decisions = about(EventKind.ROLE_LOST, the_facts(rotation=a_rotation(actor="kim")))

    assert only(Reassign, decisions).actor == "ana"


@pytest.mark.parametrize(
    "kind", [EventKind.ACCOUNT_LOCKED, EventKind.PASSWORD_EXPIRE_FLAG, EventKind.IDENTIFIER_CHANGED]
)
def test_locks_flags_and_new_names_are_recorded(kind: EventKind) -> None:
    """9: account.locked, password.expire_flag, identifier.changed: nothing happens to a service."""
    assert {type(decision) for decision in about(kind)} == {Record}


@pytest.mark.parametrize("kind", [*PASSWORD_KINDS, *sorted(DEPARTURE_KINDS), EventKind.ACCOUNT_ENABLED])
def test_events_about_nobody_are_ignored(kind: EventKind) -> None:
    """9: about anybody else."""
    assert {type(decision) for decision in about(kind, person=None)} == {Ignore}


def test_an_issuer_that_needs_no_person_changes_no_date() -> None:
    """B9.1: it acts at once, whatever the urgency; the date stays that of the table."""
    assert only(Rotate, about(EventKind.PASSWORD_CHANGED, the_facts(needs_person=False))).due_at == NOW + 7 * DAY
