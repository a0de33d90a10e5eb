from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.situations import (
    ANA,
    DAY,
    HOUR,
    KIM,
    NOW,
    a_roster,
    a_rotation,
    a_service,
    a_token,
    all_of,
    only,
    states,
    the_facts,
)
from tokenward.model.event import Event, EventKind, Way
from tokenward.model.person import PersonState, Standing
from tokenward.model.rotation import Cause, State
from tokenward.model.service import Freeze, OnDeparture, ServicePolicy
from tokenward.model.token import Basis, Expiry
from tokenward.policy.decision import Facts, Rotate
from tokenward.policy.horizon import due_events, event_key, next_look_at
from tokenward.policy.identity import Known, resolve
from tokenward.policy.standing import note
from tokenward.policy.table import decide

NEW = a_service(is_new=True)
LEAVES_AT = NOW + 20 * DAY


def ending(days: float, policy: ServicePolicy | None = None, **words: object) -> Facts:
    """Return a service whose token has *days* to run."""
    facts = the_facts(policy, token=a_token(expiry=Expiry(NOW + days * DAY, Basis.READ_BACK)))
    return replace(facts, **words)  # type: ignore[arg-type]


def kinds(facts: Facts, after: timedelta = timedelta()) -> list[EventKind]:
    """Return what is due *after* a while."""
    return [event.kind for event in due_events(facts, NOW + after)]


def key(facts: Facts, after: timedelta = timedelta()) -> str:
    """Return the key of the one event that is due *after* a while."""
    (event,) = due_events(facts, NOW + after)
    return event.key


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (46, []),
        (45, [EventKind.TOKEN_EXPIRING]),
        (0.1, [EventKind.TOKEN_EXPIRING]),
        (0, [EventKind.TOKEN_EXPIRED]),
        (-9, [EventKind.TOKEN_EXPIRED]),
    ],
)
def test_the_clock_raises_the_end_of_a_token(days: float, expected: list[EventKind]) -> None:
    """9: token.expiring at `renew_before`, token.expired (A9)."""
    assert kinds(ending(days)) == expected


def test_an_estimate_is_raised_a_week_earlier() -> None:
    """B1.2: an estimate opens its rotation 7 days earlier."""
    token = a_token(expiry=Expiry(NOW + 52 * DAY, Basis.ESTIMATED))

    assert kinds(the_facts(token=token)) == [EventKind.TOKEN_EXPIRING]


def test_an_end_that_nobody_knows_raises_nothing() -> None:
    """B1.2: nothing known."""
    assert kinds(the_facts(token=a_token(expiry=None))) == []
    assert next_look_at(the_facts(token=a_token(expiry=None)), NOW) is None


def test_an_event_of_the_clock_is_one_of_its_own() -> None:
    """B9.2: a source that is trusted."""
    (event,) = due_events(ending(40), NOW)

    assert event == Event(
        "clock", "main/token.expiring/2027-01-03", EventKind.TOKEN_EXPIRING, Way.WATCH, NOW, service="main"
    )


def test_only_what_was_never_linked_is_raised_as_unlinked() -> None:
    """B1.3: `service_state = "new"` counts until a first token is known; unknown never does."""
    unknown, new = the_facts(token=None), the_facts(token=None, service=NEW)

    assert kinds(unknown) == []
    assert kinds(new) == [EventKind.SERVICE_UNLINKED]
    assert kinds(replace(new, token=a_token())) == []
    assert key(new) == "main/service.unlinked/new"


@pytest.mark.parametrize("cause", [Cause.EXPIRY, Cause.UNLINKED])
def test_what_an_open_rotation_deals_with_is_not_raised_again(cause: Cause) -> None:
    """B2.2: once is enough."""
    facts = {Cause.EXPIRY: ending(40), Cause.UNLINKED: the_facts(token=None, service=NEW)}[cause]

    assert kinds(replace(facts, rotation=a_rotation(causes=(cause,)))) == []
    assert len(kinds(replace(facts, rotation=a_rotation(causes=(Cause.MANUAL,))))) == 1


def test_a_new_token_that_is_here_already_keeps_the_clock_still() -> None:
    """A10: installing it is all that counts."""
    assert kinds(ending(40, rotation=a_rotation(state=State.CHECKED))) == []


def test_quiet_that_somebody_asked_for_is_kept_and_ends() -> None:
    """B2.5: and afterwards the same is raised anew, under another key."""
    loud, quiet = ending(40), ending(40, quiet_until=NOW + DAY)

    assert kinds(quiet) == []
    assert next_look_at(quiet, NOW) == NOW + DAY
    assert key(quiet, DAY) == f"{key(loud, DAY)}/2026-11-25T0930Z"


def test_each_mark_of_urgency_is_a_new_event() -> None:
    """9: token.expiring: if somebody cancelled the rotation, the next mark asks again."""
    facts = ending(45)
    keys = [key(facts, after * DAY) for after in (0, 14, 15, 31, 38, 44, 45)]

    assert [k.rsplit("/", 1)[-1] for k in keys] == ["2027-01-08", "2027-01-08", "30", "14", "7", "1", "2027-01-08"]
    assert "expired" in keys[-1]


def test_keys_say_what_they_are_about() -> None:
    """B9.3: the same for every repetition."""
    assert event_key("main", EventKind.TOKEN_EXPIRED, "2027-01-08") == "main/token.expired/2027-01-08"


def test_a_watched_service_is_only_told_its_end() -> None:
    """B1.5: neither linked nor handed on."""
    watched = a_service(issuer=None, is_new=True)
    leaving = states(PersonState("kim", departs_at=NOW + DAY))

    assert kinds(ending(40, service=watched, people=leaving)) == [EventKind.TOKEN_EXPIRING]
    assert kinds(the_facts(token=None, service=watched)) == []


def departing(policy: ServicePolicy | None = None, **words: object) -> Facts:
    """Return a service whose custodian's departure is announced."""
    facts = the_facts(policy, people=states(PersonState("kim", departs_at=LEAVES_AT)))
    return replace(facts, **words)  # type: ignore[arg-type]


def test_an_announced_departure_is_raised_when_its_time_comes() -> None:
    """B7.3: a fortnight before, about that person and with the date."""
    assert kinds(departing()) == []
    assert next_look_at(departing(), NOW) == LEAVES_AT - 14 * DAY

    (event,) = due_events(departing(), LEAVES_AT - 14 * DAY)

    assert (event.kind, event.source, event.effective_at) == (EventKind.EMPLOYMENT_ENDING, "clock", LEAVES_AT)
    assert event.key == "main/employment.ending/kim/2026-12-14"
    assert event.subject is not None
    assert resolve(event.subject, event.source, a_roster()) == Known(KIM)


def test_a_departure_is_raised_again_once_a_quiet_has_ended() -> None:
    """B2.5: as everything of the clock is; nothing came of the first time."""
    opens_at = LEAVES_AT - 14 * DAY
    quiet = replace(departing(), quiet_until=opens_at + HOUR)

    during, after = (due_events(quiet, opens_at + passed)[0].key for passed in (timedelta(), HOUR))

    assert during == "main/employment.ending/kim/2026-12-14"
    assert after == f"{during}/2026-11-30T1030Z"


def test_what_the_clock_raises_of_a_departure_opens_the_rotation() -> None:
    """B7.3: due three working days before; what is known of the person stays."""
    facts, at = departing(), LEAVES_AT - 14 * DAY
    (event,) = due_events(facts, at)

    rotate = only(Rotate, decide(event, facts, at, KIM))

    assert (rotate.cause, rotate.due_at, rotate.actor) == (Cause.CUSTODIAN, NOW + 15 * DAY, "ana")
    assert note(event, KIM, facts.state_of("kim"), facts.roster, at) == ()


def test_a_departure_in_a_freeze_is_raised_early_enough() -> None:
    """B2.7: to be done before."""
    window = Freeze(date(2026, 12, 1), date(2026, 12, 31))

    assert kinds(departing(ServicePolicy(freeze=(window,)))) == [EventKind.EMPLOYMENT_ENDING]


@pytest.mark.parametrize(
    "words",
    [
        {"rotation": a_rotation(causes=(Cause.PASSWORD, Cause.CUSTODIAN))},
        {"rotation": a_rotation(state=State.INSTALLED, follow_up=(Cause.CUSTODIAN,))},
        {"token": a_token(downloader="ana@corp.example")},
        {"people": states(PersonState("kim", Standing.DEPARTED))},
        {"people": states(PersonState("stranger", departs_at=NOW))},
        {"roster": a_roster(replace(KIM, accounts={}), ANA)},
    ],
    ids=["dealt with", "to follow", "not their token", "effective", "nobody known", "no account here"],
)
def test_a_departure_is_not_raised_where_nothing_would_follow(words: dict[str, object]) -> None:
    """B7.5: nor twice."""
    assert kinds(departing(**words), 10 * DAY) == []  # type: ignore[arg-type]


def test_a_departure_that_is_only_warned_about_is_not_raised() -> None:
    """9: employment.ending with `on_departure = "warn"`: the warning was given when it was announced."""
    assert kinds(departing(ServicePolicy(on_departure=OnDeparture.WARN)), 10 * DAY) == []


def test_several_things_can_be_due_at_once() -> None:
    """B2.2: none hides the other."""
    facts = departing(token=a_token(expiry=Expiry(NOW + 40 * DAY, Basis.READ_BACK)))

    assert kinds(facts, 10 * DAY) == [EventKind.TOKEN_EXPIRING, EventKind.EMPLOYMENT_ENDING]


@given(
    days=st.integers(-10, 90),
    basis=st.sampled_from(Basis),
    leaves_in=st.none() | st.integers(-5, 60),
    quiet_for=st.none() | st.integers(-5, 60),
    first=st.integers(0, 60),
    hours=st.integers(0, 24 * 100),
)
def test_nothing_new_is_due_before_the_next_look(
    days: int, basis: Basis, leaves_in: int | None, quiet_for: int | None, first: int, hours: int
) -> None:
    """B2.7, B7.3: whoever looks again only then misses nothing."""
    start = NOW.date() + timedelta(days=first)
    facts = the_facts(
        ServicePolicy(freeze=(Freeze(start, start + timedelta(days=20)),)),
        token=a_token(expiry=Expiry(NOW + days * DAY, basis)),
        people=states(PersonState("kim", departs_at=None if leaves_in is None else NOW + leaves_in * DAY)),
        quiet_until=None if quiet_for is None else NOW + quiet_for * DAY,
    )
    now, later = NOW, NOW + hours * HOUR
    next_at = next_look_at(facts, now)

    before = {event.key for event in due_events(facts, now)}
    after = {event.key for event in due_events(facts, later)}

    if next_at is None or later < next_at:
        assert after == before


@given(days=st.floats(-10, 60), basis=st.sampled_from(Basis))
def test_whatever_the_clock_raises_rotates(days: float, basis: Basis) -> None:
    """9: token.expiring, token.expired: no event without effect, so none that comes again for ever."""
    facts = the_facts(token=a_token(expiry=Expiry(NOW + days * DAY, basis)))

    for event in due_events(facts, NOW):
        assert all_of(Rotate, decide(event, facts, NOW))
