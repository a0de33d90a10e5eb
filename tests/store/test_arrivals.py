from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.values import DAY, HOUR, NOW, a_rotation, an_event
from tokenward.model.arrival import Arrival, Place
from tokenward.model.event import EventKind, Refused
from tokenward.model.finding import Code, Finding
from tokenward.model.person import Subject
from tokenward.model.rotation import State
from tokenward.model.target import Reading
from tokenward.model.token import TokenState
from tokenward.rotation.record import Settlement
from tokenward.store import arrivals
from tokenward.store.connection import open_for_writing
from tokenward.store.transaction import Transaction

SECOND = timedelta(seconds=1)
NO_KEY = Finding(Code.NO_KEY, "No key opens it.", "Nothing was installed.", "Download it again.")
ACCEPTED = Settlement("accepted", ("somebody asked for it",))


def take(change, key, at, settlement=ACCEPTED, **words):
    """Take an event and, unless there is none, keep what became of it."""
    event_id = change.inbox.add(an_event(key, **words), None, at)
    if settlement is not None:
        change.inbox.settle(event_id, settlement, at)
    return event_id


def refuse(change, key, at, **words):
    """Turn an event away."""
    change.inbox.record_refusal(an_event(key, **words), Refused(NO_KEY), at)


def told(found):
    """Return which they are, refusals by the place of their finding."""
    return [one.event_id if one.event_id is not None else one.code for one in found.entries]


def test_events_and_refusals_are_told_in_the_order_of_their_times(change, connection):
    """B5.1: refusals too, with their finding."""
    take(change, "1", NOW, service="main")
    refuse(change, "2", NOW + SECOND, service="main")
    take(change, "3", NOW + 2 * SECOND, Settlement("denied", (NO_KEY.text(),), "TW203"))

    found = arrivals.latest(connection, 10)

    assert told(found) == [1, "TW203", 2]
    first, refused, denied = found.entries
    assert (first.at, first.kind, first.service, first.outcome) == (NOW, "rotate", "main", "accepted")
    assert first.lines == ("somebody asked for it",)
    assert (refused.outcome, refused.lines) == ("refused", (NO_KEY.text(),))
    assert (denied.outcome, denied.code) == ("denied", "TW203")


def test_only_the_latest_are_told(change, connection):
    """However much came in."""
    for number in range(6):
        take(change, f"e{number}", NOW + number * SECOND)
        refuse(change, f"r{number}", NOW + number * SECOND)

    found = arrivals.latest(connection, 3)

    assert len(found.entries) == 3
    assert {one.at for one in found.entries} == {NOW + 4 * SECOND, NOW + 5 * SECOND}
    assert found.place == Place(6, 6)


def test_what_follows_begins_where_the_last_answer_ended(change, connection):
    """Nothing twice, nothing left out."""
    take(change, "1", NOW)
    place = arrivals.latest(connection, 10).place
    assert arrivals.following(connection, place, 10).entries == ()

    refuse(change, "2", NOW + SECOND)
    take(change, "3", NOW + 2 * SECOND)
    first = arrivals.following(connection, place, 1)
    second = arrivals.following(connection, first.place, 10)

    assert (told(first), told(second)) == (["TW203"], [2])
    assert second.place == Place(2, 1)


def test_what_waits_is_among_the_latest_and_follows_once_it_is_decided(change, connection):
    """Somebody who follows is told of each event with what became of it."""
    take(change, "1", NOW)
    waiting = take(change, "2", NOW, settlement=None)
    found = arrivals.latest(connection, 10)
    assert found.entries[-1].outcome is None
    assert arrivals.following(connection, found.place, 10).entries == ()

    change.inbox.settle(waiting, ACCEPTED, NOW)

    assert told(arrivals.following(connection, found.place, 10)) == [waiting]


def test_where_everything_waits_nothing_old_is_told_again(change, connection):
    """The place lies before the first that waits."""
    take(change, "1", NOW)
    waiting = [take(change, str(number), NOW, settlement=None) for number in (2, 3)]

    assert arrivals.latest(connection, 2).place == Place(waiting[0] - 1, 0)


@pytest.mark.parametrize(
    ("kind", "effective_at", "shown"),
    [
        (EventKind.EMPLOYMENT_ENDING, NOW + DAY, "custodian.change_planned"),
        (EventKind.ACCOUNT_DISABLED, NOW + DAY, "custodian.change_planned"),
        (EventKind.ACCOUNT_DISABLED, None, "account.disabled"),
    ],
)
def test_a_departure_ahead_is_not_called_one(change, connection, kind, effective_at, shown):
    """B7.2: it is a planned change of custodian."""
    take(change, "1", NOW, kind=kind, effective_at=effective_at, subject=Subject("email", "kim@corp.example"))

    (found,) = arrivals.latest(connection, 10).entries

    assert found.kind == shown


def test_a_refused_departure_is_never_called_one(change, connection):
    """B7.2: of a refusal nobody knows any more when it would have taken effect."""
    refuse(change, "1", NOW, kind=EventKind.ACCOUNT_DISABLED)

    assert arrivals.latest(connection, 10).entries[0].kind == "custodian.change_planned"


def test_an_ignored_event_is_told_without_what_it_said(change, connection):
    """9: its payload is not kept."""
    take(change, "1", NOW, Settlement("ignored", ("about nobody",)), service="main", data={"reason": "x"})

    (found,) = arrivals.latest(connection, 10).entries

    assert (found.outcome, found.service) == ("ignored", None)


def test_one_event_is_told_with_what_was_answered_because_of_it(change, connection):
    """B10.1: the dated answers are kept with the event."""
    event_id = take(change, "1", NOW)
    change.probes.plan("main", NOW, event_id)
    (probe,) = change.probes.due(NOW, 1)
    change.probes.record("main", probe.id, Reading(TokenState.VALID, "Taken.", server_uuid="U"), NOW + SECOND)
    change.probes.record("main", None, Reading(None, "Of the clock."), NOW + SECOND)

    (answer,) = arrivals.answers(connection, event_id)

    (found,) = arrivals.latest(connection, 1).entries
    assert arrivals.event(connection, event_id) == found
    assert (answer.service, answer.at, answer.verdict, answer.why) == ("main", NOW + SECOND, TokenState.VALID, "Taken.")
    assert (answer.answered, answer.server_uuid) == (True, "U")
    assert arrivals.event(connection, 99) is None


@given(
    steps=st.lists(st.tuples(st.sampled_from(["take", "refuse"]), st.integers(-3, 3)), max_size=12),
    size=st.integers(1, 4),
)
def test_whoever_follows_is_told_of_everything_once(tmp_path_factory, steps, size):
    """Whatever the clocks said: a number that was told of never comes again, and none is left out."""
    connection = open_for_writing(tmp_path_factory.mktemp("store") / "tokenward.db")
    change, place = Transaction.on(connection), Place()
    seen: list[Arrival] = []
    for number, (deed, seconds) in enumerate(steps):
        {"take": take, "refuse": refuse}[deed](change, str(number), NOW + seconds * SECOND)
    while (found := arrivals.following(connection, place, size)).entries:
        seen += found.entries
        place = found.place
    connection.close()

    taken = [one.event_id for one in seen if one.event_id is not None]
    assert taken == sorted(set(taken))
    assert len(seen) == len(steps)


# --- How a token bore a new password ----------------------------------------------------------------------------


async def borne(ledger):
    """Return what the history of ``main`` tells of password changes."""
    return (await ledger.look(lambda views: views.history("main", 10))).password_changes


def answer(change, event_id, verdict, at, service="main"):
    """Ask because of an event, and keep what was answered."""
    change.probes.plan(service, at, event_id)
    (probe,) = change.probes.due(at, 1)
    change.probes.record(service, probe.id, Reading(verdict, "So it is."), at)


async def test_a_password_change_is_told_with_when_the_old_token_last_worked(ledger):
    """A7: the results are kept with the event, so that the history tells what a new password does."""

    def fill(change):
        event_id = take(change, "1", NOW, kind=EventKind.PASSWORD_CHANGED, occurred_at=NOW - HOUR)
        answer(change, event_id, TokenState.VALID, NOW)
        answer(change, event_id, TokenState.VALID, NOW + 2 * HOUR)
        answer(change, event_id, None, NOW + DAY)
        answer(change, event_id, TokenState.REJECTED, NOW + 2 * DAY)
        change.probes.plan("main", NOW + 3 * DAY, event_id)

    await ledger.write(fill)

    (change,) = await borne(ledger)
    assert (change.kind, change.source, change.at) == ("password.changed", "control", NOW - HOUR)
    assert (change.answers, change.last_worked_at) == (4, NOW + 2 * HOUR)
    assert (change.first_dead_at, change.replaced_at) == (NOW + 2 * DAY, None)


async def test_answers_about_the_next_token_say_nothing_of_the_old_one(ledger):
    """A7: what was asked after the download is about another token."""
    click = NOW + HOUR
    rotation = a_rotation(
        state=State.DONE, envelope="e1", opened_at=NOW, outage_started_at=click, closed_at=NOW + 2 * HOUR
    )

    def fill(change):
        change.rotations.open(rotation)
        event_id = take(change, "1", NOW, kind=EventKind.PASSWORD_RESET)
        answer(change, event_id, TokenState.VALID, NOW + HOUR / 2)
        answer(change, event_id, TokenState.VALID, NOW + 3 * HOUR)

    await ledger.write(fill)

    (change,) = await borne(ledger)
    assert (change.answers, change.last_worked_at, change.replaced_at) == (1, NOW + HOUR / 2, click)


async def test_only_password_changes_because_of_which_this_service_was_asked_after_are_told(ledger):
    """A7: other events, other services, and rotations that had ended before, leave no trace there."""

    def fill(change):
        change.rotations.open(
            a_rotation(state=State.DONE, envelope="e0", outage_started_at=NOW - DAY, closed_at=NOW - DAY)
        )
        planned = take(change, "1", NOW, kind=EventKind.PASSWORD_CHANGED)
        change.probes.plan("main", NOW, planned)
        answer(change, take(change, "2", NOW, kind=EventKind.ROLE_LOST), TokenState.VALID, NOW - HOUR)
        other = take(change, "3", NOW, kind=EventKind.PASSWORD_CHANGED)
        answer(change, other, TokenState.VALID, NOW - HOUR, service="labs")

    await ledger.write(fill)

    (change,) = await borne(ledger)
    assert (change.event_id, change.answers, change.last_worked_at, change.replaced_at) == (1, 0, None, None)
