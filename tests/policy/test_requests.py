from dataclasses import replace

import pytest

from policy.situations import DAY, HOUR, NOW, a_rotation, a_service, a_token, all_of, asked, only, states, the_facts
from tokenward.model.event import EventKind
from tokenward.model.finding import Code
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Cause, Claim, Installation, State
from tokenward.model.token import TokenState
from tokenward.policy.decision import (
    Cancel,
    Decision,
    Deny,
    EndRecovery,
    Facts,
    HoldFor,
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
    Tell,
)

AFTER_CLICK = [State.RECEIVED, State.CHECKED, State.INSTALLED, State.PROVEN]
WATCHED = the_facts(service=a_service(issuer=None))
OPEN = the_facts(rotation=a_rotation())


def refusal(decisions: tuple[Decision, ...]) -> Code:
    """Return why it was refused; every part of the reason is a sentence."""
    (denied,) = decisions
    assert isinstance(denied, Deny)
    finding = denied.finding
    assert all(part.endswith((".", "`")) for part in (finding.happened, finding.means, finding.do)), finding
    return finding.code


def test_a_rotation_can_be_asked_for() -> None:
    """9: rotate (person)."""
    rotate = only(Rotate, asked(EventKind.ROTATE, reason="audit"))

    assert (rotate.cause, rotate.due_at, rotate.why) == (Cause.MANUAL, NOW + 2 * DAY, "audit")
    assert (rotate.new_key, rotate.actor, rotate.satisfied_after_click) == (False, "kim", True)


def test_a_rotation_can_be_asked_for_with_a_new_key() -> None:
    """B3.2: somebody may fear for the old one."""
    assert only(Rotate, asked(EventKind.ROTATE, new_key="yes")).new_key


def test_quiet_holds_off_the_clock_not_people() -> None:
    """B2.5: whoever asks is heard."""
    assert all_of(Rotate, asked(EventKind.ROTATE, the_facts(quiet_until=NOW + DAY)))


def test_a_rotation_that_is_asked_for_is_due_at_once_when_the_token_is_dead() -> None:
    """B2.7: nothing waits for a dead token."""
    facts = the_facts(token=a_token(state=TokenState.REJECTED))

    assert only(Rotate, asked(EventKind.ROTATE, facts)).due_at == NOW


@pytest.mark.parametrize("kind", [EventKind.ROTATE, EventKind.CLAIM])
def test_a_watched_service_is_never_rotated(kind: EventKind) -> None:
    """B1.5: a service without issuer is watched."""
    assert refusal(asked(kind, WATCHED, person="kim")) is Code.WATCHED


@pytest.mark.parametrize("kind", [EventKind.RETRY, EventKind.CANCEL, EventKind.CLAIM, EventKind.FILE_LOST])
def test_without_an_open_rotation_there_is_nothing_to_do_it_to(kind: EventKind) -> None:
    """B2.1: said plainly."""
    assert refusal(asked(kind, the_facts(), person="kim", reason="x")) is Code.NO_ROTATION


def test_trying_again_looks_at_once() -> None:
    """9: retry: at everything, or at one target only."""
    assert only(Resume, asked(EventKind.RETRY, OPEN)).target is None
    assert only(Resume, asked(EventKind.RETRY, OPEN, target="nanodep")).target == "nanodep"


def test_trying_again_at_an_unknown_target_names_the_known_ones() -> None:
    """B2.1: the remedy can be done now."""
    decisions = asked(EventKind.RETRY, OPEN, target="jamf")

    assert refusal(decisions) is Code.NOT_AN_EVENT
    assert "nanodep" in only(Deny, decisions).finding.do


def test_a_rotation_can_be_cancelled_with_a_reason() -> None:
    """B2.5: and the clock kept quiet."""
    cancel = only(Cancel, asked(EventKind.CANCEL, OPEN, reason="moving", until="2026-12-24T00:00:00+01:00"))

    assert cancel.why == "cancelled: moving"
    assert cancel.quiet_until is not None
    assert cancel.quiet_until.isoformat() == "2026-12-23T23:00:00+00:00"


def test_a_rotation_is_not_cancelled_without_a_reason() -> None:
    """B2.5: by a person with a reason."""
    assert refusal(asked(EventKind.CANCEL, OPEN, reason=" ")) is Code.NOT_AN_EVENT


@pytest.mark.parametrize("state", AFTER_CLICK)
def test_a_rotation_is_not_cancelled_once_the_new_token_is_here(state: State) -> None:
    """B2.5: refused from `received` on."""
    facts = the_facts(rotation=a_rotation(state=state))

    assert refusal(asked(EventKind.CANCEL, facts, reason="moving")) is Code.TOO_LATE


@pytest.mark.parametrize(("kind", "key"), [(EventKind.CANCEL, "until"), (EventKind.ADOPT, "expires_at")])
@pytest.mark.parametrize("text", ["tomorrow", "2027-03-01", "2027-03-01T09:00:00"])
def test_a_time_that_is_none_is_refused(kind: EventKind, key: str, text: str) -> None:
    """B2.5: no instant without an offset."""
    assert refusal(asked(kind, OPEN, reason="x", **{key: text})) is Code.NOT_AN_EVENT


def test_somebody_can_state_when_the_token_ends() -> None:
    """B1.3: `adopt SERVICE --expires DATE`."""
    decisions = asked(EventKind.ADOPT, expires_at="2027-03-01T00:00:00Z")

    assert only(StateExpiry, decisions).expires_at.isoformat() == "2027-03-01T00:00:00+00:00"
    assert only(Probe, decisions).at == (NOW,)


def test_a_service_that_is_linked_already_needs_no_first_rotation() -> None:
    """B1.3: it would do away with the token that somebody speaks of."""
    first = a_rotation(causes=(Cause.UNLINKED,))

    assert all_of(Cancel, asked(EventKind.ADOPT, the_facts(token=None, rotation=first)))
    assert not all_of(Cancel, asked(EventKind.ADOPT, OPEN))
    begun = replace(first, claim=Claim("kim", NOW, NOW + HOUR))
    assert not all_of(Cancel, asked(EventKind.ADOPT, the_facts(rotation=begun)))


@pytest.mark.parametrize("person", ["kim", "ana"])
def test_custodian_and_deputies_can_start(person: str) -> None:
    """B4.2: whoever is asked, any usable one may."""
    assert only(HoldFor, asked(EventKind.CLAIM, OPEN, person=person)).person == person


@pytest.mark.parametrize("person", ["boss", "nobody", ""])
def test_others_cannot_start(person: str) -> None:
    """B4.1: the asked person has a fitting role."""
    assert refusal(asked(EventKind.CLAIM, OPEN, person=person)) is Code.NOT_USABLE


@pytest.mark.parametrize(
    "state", [PersonState("kim", Standing.DEPARTED), PersonState("kim", departs_at=NOW + DAY)], ids=["gone", "going"]
)
def test_whoever_departs_cannot_start(state: PersonState) -> None:
    """B4.1: is not departing."""
    facts = replace(OPEN, people=states(state))

    assert refusal(asked(EventKind.CLAIM, facts, person="kim")) is Code.NOT_USABLE


def claimed(by: str, until: float) -> Facts:
    """Return a rotation that *by* holds for *until* more hours."""
    return the_facts(rotation=a_rotation(claim=Claim(by, NOW - HOUR, NOW + until * HOUR)))


def test_two_do_not_start_at_once() -> None:
    """B4.2: holds others off for 30 minutes."""
    assert refusal(asked(EventKind.CLAIM, claimed("ana", 0.3), person="kim")) is Code.HELD_BY_OTHER
    assert all_of(HoldFor, asked(EventKind.CLAIM, claimed("ana", 0), person="kim"))
    assert all_of(HoldFor, asked(EventKind.CLAIM, claimed("kim", 0.3), person="kim"))


@pytest.mark.parametrize("state", [State.OPENED, State.CERTIFICATE_READY, State.REGISTERED])
def test_nobody_starts_before_the_way_is_clear(state: State) -> None:
    """B4.1: no steps shown."""
    facts = the_facts(rotation=a_rotation(state=state))

    assert refusal(asked(EventKind.CLAIM, facts, person="kim")) is Code.NOT_CLEAR


def test_nobody_starts_while_a_stray_download_is_looked_for() -> None:
    """B4.4: another download would make the file worthless."""
    facts = the_facts(rotation=a_rotation(recover_until=NOW + HOUR))

    assert refusal(asked(EventKind.CLAIM, facts, person="kim")) is Code.NOT_CLEAR
    assert all_of(HoldFor, asked(EventKind.CLAIM, the_facts(rotation=a_rotation(recover_until=NOW)), person="kim"))


def test_nobody_starts_where_a_program_downloads() -> None:
    """B4.7: no claim."""
    assert refusal(asked(EventKind.CLAIM, replace(OPEN, needs_person=False), person="kim")) is Code.NOT_CLEAR


@pytest.mark.parametrize("state", AFTER_CLICK)
@pytest.mark.parametrize("kind", [EventKind.CLAIM, EventKind.FILE_LOST])
def test_once_the_new_token_is_here_no_other_is_downloaded(kind: EventKind, state: State) -> None:
    """B4.6: nothing to do, don't download again."""
    assert refusal(asked(kind, the_facts(rotation=a_rotation(state=state)), person="kim")) is Code.TOO_LATE


@pytest.mark.parametrize(
    "words",
    [{"recover_until": NOW + HOUR}, {"state": State.OPENED, "recover_until": NOW + HOUR}, {}],
    ids=["recovering", "recovering early", "clicked, but no file"],
)
def test_a_lost_file_ends_the_search(words: dict[str, object]) -> None:
    """B4.4: a new certificate and a new download are asked for."""
    assert all_of(EndRecovery, asked(EventKind.FILE_LOST, the_facts(rotation=a_rotation(**words))))


def test_a_file_that_nobody_waits_for_is_not_lost() -> None:
    """B4.4: recorded, nothing else."""
    facts = the_facts(rotation=a_rotation(state=State.OPENED))

    assert all_of(Record, asked(EventKind.FILE_LOST, facts))


def test_a_probe_that_is_asked_for_is_made_at_once() -> None:
    """B10.1: for a watched service too; nothing else follows from the question itself."""
    for facts in (the_facts(), WATCHED, OPEN):
        (probe,) = asked(EventKind.PROBE, facts)
        assert isinstance(probe, Probe)
        assert probe.at == (NOW,)


def test_the_values_of_a_token_end_a_first_rotation_that_nobody_has_begun() -> None:
    """B1.3: the service is linked already; Apple is asked at once."""
    unlinked = the_facts(rotation=a_rotation(causes=(Cause.UNLINKED,)))

    cancel, probe = asked(EventKind.IMPORT_TOKEN, unlinked)

    assert isinstance(cancel, Cancel)
    assert isinstance(probe, Probe)
    assert probe.at == (NOW,)


def test_the_values_of_a_token_end_no_rotation_with_another_cause() -> None:
    """B1.3: whatever else was the cause is still so."""
    (probe,) = asked(EventKind.IMPORT_TOKEN, the_facts(rotation=a_rotation(causes=(Cause.PASSWORD,))))

    assert isinstance(probe, Probe)


def test_whoever_can_not_do_it_hands_it_to_the_deputy() -> None:
    """B6.3, B7.1: *Hand to a deputy*."""
    assert only(Reassign, asked(EventKind.HAND_OVER, OPEN, person="kim")).actor == "ana"
    assert only(Reassign, asked(EventKind.HAND_OVER, OPEN, person="kim", to="ana")).actor == "ana"


def test_nobody_hands_over_what_is_not_theirs() -> None:
    """B6.3: only whoever is asked, or at it."""
    assert refusal(asked(EventKind.HAND_OVER, OPEN, person="ana")) is Code.NOT_USABLE
    assert refusal(asked(EventKind.HAND_OVER, person="kim")) is Code.NO_ROTATION


@pytest.mark.parametrize("state", AFTER_CLICK)
def test_after_the_click_nothing_is_handed_over_or_put_off(state: State) -> None:
    """B5.6: it is being installed."""
    facts = the_facts(rotation=a_rotation(state=state))

    assert refusal(asked(EventKind.HAND_OVER, facts, person="kim")) is Code.TOO_LATE
    assert refusal(asked(EventKind.REMIND_LATER, facts, person="kim", until="2026-12-01T08:00:00Z")) is Code.TOO_LATE


def test_where_there_is_nobody_else_the_operators_hear_of_it() -> None:
    """B7.1: nobody left: the operators."""
    gone = states(PersonState("ana", Standing.DEPARTED))
    decisions = asked(EventKind.HAND_OVER, the_facts(rotation=a_rotation(), people=gone), person="kim")

    assert only(Tell, decisions).audience == "operators"
    assert only(Deny, decisions).finding.code is Code.NOT_USABLE


def test_a_reminder_can_be_put_off() -> None:
    """B6.3, B11.2: *Remind me on …*."""
    snooze = only(Snooze, asked(EventKind.REMIND_LATER, OPEN, person="kim", until="2026-11-27T08:00:00Z"))

    assert snooze.until == NOW.replace(day=27, hour=8, minute=0)


@pytest.mark.parametrize("until", ["", "2026-11-20T08:00:00Z", "tomorrow"], ids=["none", "past", "no date"])
def test_a_reminder_is_put_off_to_a_day_to_come(until: str) -> None:
    """B6.3: anything else is refused, and says what would be right."""
    assert refusal(asked(EventKind.REMIND_LATER, OPEN, person="kim", until=until)) is Code.NOT_AN_EVENT


def test_only_whoever_is_asked_puts_a_reminder_off() -> None:
    """B6.3: nobody else would be reminded."""
    decisions = asked(EventKind.REMIND_LATER, OPEN, person="ana", until="2026-11-27T08:00:00Z")
    assert refusal(decisions) is Code.NOT_USABLE
    assert refusal(asked(EventKind.REMIND_LATER, person="kim", until="2026-11-27T08:00:00Z")) is Code.NO_ROTATION


def test_a_word_stands_in_for_a_proof_only_once_the_token_is_installed() -> None:
    """B8.2: an operator's `ack --as-proven`."""
    installed = the_facts(rotation=a_rotation(state=State.INSTALLED))

    assert only(TakeAsProven, asked(EventKind.ACKNOWLEDGE, installed, reason="seen to sync")).why == "seen to sync"
    assert refusal(asked(EventKind.ACKNOWLEDGE, OPEN)) is Code.NOT_CLEAR
    assert refusal(asked(EventKind.ACKNOWLEDGE)) is Code.NO_ROTATION


def test_a_word_that_it_was_handed_over_counts_only_where_that_is_waited_for() -> None:
    """B8.4: a product that takes the file from us needs nobody's word."""
    by_hand = Installation("meraki", required=True, by_hand=True)
    waiting = the_facts(rotation=a_rotation(state=State.CHECKED, installations=(by_hand,)))
    pushed = the_facts(rotation=a_rotation(state=State.CHECKED, installations=(replace(by_hand, by_hand=False),)))

    assert only(TakeAsInstalled, asked(EventKind.HANDED_OFF, waiting)).why
    assert refusal(asked(EventKind.HANDED_OFF, pushed)) is Code.NOT_CLEAR
    assert refusal(asked(EventKind.HANDED_OFF, OPEN)) is Code.NOT_CLEAR
    assert refusal(asked(EventKind.HANDED_OFF)) is Code.NO_ROTATION


@pytest.mark.parametrize("facts", [the_facts(), OPEN, WATCHED], ids=["idle", "rotating", "watched"])
def test_a_service_can_be_retired(facts: Facts) -> None:
    """B12.4: also one that is only watched."""
    retire = only(Retire, asked(EventKind.RETIRE, facts, reason="moved"))

    assert (retire.reason, retire.why) == ("moved", "retired: moved")


@pytest.mark.parametrize("state", AFTER_CLICK)
def test_a_service_is_not_retired_once_a_new_token_is_here(state: State) -> None:
    """B12.4, B2.5: the old one is dead, so it would be left with none."""
    facts = the_facts(rotation=a_rotation(state=state))

    assert refusal(asked(EventKind.RETIRE, facts)) is Code.TOO_LATE


def test_a_retired_service_that_is_looked_after_again_is_asked_at_once() -> None:
    """B12.4: nobody has asked meanwhile."""
    decisions = asked(EventKind.REINSTATE)

    assert only(Reinstate, decisions)
    assert only(Probe, decisions).at == (NOW,)
    assert all_of(NoteToken, decisions) == []


def test_a_token_that_was_dead_at_the_retirement_is_suspect_afterwards() -> None:
    """B10.2: so that two more answers tell, and start what follows."""
    decisions = asked(EventKind.REINSTATE, the_facts(token=a_token(state=TokenState.REJECTED)))

    assert only(NoteToken, decisions).state is TokenState.SUSPECT
