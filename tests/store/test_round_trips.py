"""Every value comes back from the store exactly as it went in."""

from dataclasses import is_dataclass, replace
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokenward.model.event import Event
from tokenward.model.person import PersonState
from tokenward.model.rotation import Rotation, State
from tokenward.model.token import InstalledToken
from tokenward.rotation.record import InboxEvent, Message, Settlement, StoredCertificate, StoredEnvelope
from tokenward.store.connection import open_for_writing
from tokenward.store.transaction import Transaction

INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LEAVES = {
    datetime: INSTANTS,
    str: st.text(max_size=20),
    bytes: st.binary(max_size=20),
    int: st.integers(0, 2**40),
    bool: st.booleans(),
    NoneType: st.none(),
}


def any_of(hint):
    """Return whatever the annotation *hint* of a model's field allows."""
    if hint in LEAVES:
        return LEAVES[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return st.builds(hint, **{name: any_of(of) for name, of in get_type_hints(hint).items()})
    if isinstance(hint, UnionType):
        return st.one_of([any_of(one) for one in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(any_of(get_args(hint)[0]), max_size=3).map(tuple)
    if get_args(hint):
        return st.dictionaries(*[any_of(one) for one in get_args(hint)], max_size=3)
    return st.sampled_from(hint)


def with_sound_ids(rotation):
    """Return *rotation* with ids as they are made: without NUL, and its targets' all different."""
    return replace(
        rotation,
        id=rotation.id.replace("\0", "0"),
        installations=tuple(
            replace(installation, target=f"target {number}")
            for number, installation in enumerate(rotation.installations)
        ),
    )


ROTATIONS = any_of(Rotation).map(with_sound_ids)
in_one_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Give one database to all examples."""
    opened = open_for_writing(tmp_path_factory.mktemp("state") / "tokenward.db")
    yield opened
    opened.close()


@pytest.fixture
def undone(database):
    """Return a function that begins a transaction anew, so that every example starts from nothing."""

    def begin():
        if database.in_transaction:
            database.execute("rollback")
        database.execute("begin")
        return Transaction.on(database)

    yield begin
    database.execute("rollback")


@given(any_of(Event), st.none() | st.text(), INSTANTS, any_of(Settlement))
@in_one_database
def test_events_and_settlements(undone, event, attachment, at, settlement):
    """C6: what a source believed is what the policy sees."""
    change = undone()
    event_id = change.inbox.add(event, attachment, at)
    assert change.inbox.next_pending() == InboxEvent(event_id, event, attachment, at)
    change.inbox.settle(event_id, settlement, at)
    assert change.inbox.settlement(event_id) == settlement


@given(any_of(StoredCertificate))
@in_one_database
def test_certificates(undone, stored):
    """A5: a certificate keeps every byte, negative serial numbers too."""
    change = undone()
    change.certificates.add(stored)
    assert change.certificates.latest(stored.service) == stored
    assert change.certificates.named_by(stored.certificate.recipient) == (stored,)


@given(any_of(StoredEnvelope))
@in_one_database
def test_envelopes(undone, stored):
    """A3: an envelope keeps every byte."""
    change = undone()
    change.envelopes.add(stored)
    assert change.envelopes.find(stored.digest) == stored


@given(any_of(InstalledToken))
@in_one_database
def test_installed_tokens(undone, token):
    """B1.2: a date and its basis never part."""
    change = undone()
    change.tokens.record(token)
    assert change.tokens.installed(token.service) == token


@given(ROTATIONS, ROTATIONS)
@in_one_database
def test_rotations(undone, rotation, later):
    """B2.1: state, claim, block and targets come back, after each move."""
    change = undone()
    change.rotations.open(rotation)
    assert change.rotations.find(rotation.id) == rotation
    moved = change.rotations.update(replace(later, id=rotation.id, revision=rotation.revision))
    assert change.rotations.find(rotation.id) == moved
    assert moved.revision == rotation.revision + 1


@given(st.lists(ROTATIONS, unique_by=lambda rotation: rotation.id, max_size=5), INSTANTS)
@in_one_database
def test_due_rotations_are_those_open_whose_time_has_come(undone, rotations, now):
    """C4: due times are rows, compared with the clock that is handed in."""
    change = undone()
    opened = [replace(rotation, service=f"service {n}") for n, rotation in enumerate(rotations)]
    for rotation in opened:
        change.rotations.open(rotation)
    expected = {rotation.id for rotation in opened if rotation.is_open and rotation.wake_at <= now}
    found = change.rotations.due(now, 10)
    assert {rotation.id for rotation in found} == expected
    clicked = [rotation.is_after_click for rotation in found]
    assert clicked == sorted(clicked, reverse=True)
    assert State.DONE not in {rotation.state for rotation in found}


@given(any_of(PersonState))
@in_one_database
def test_people(undone, state):
    """A8: a planned departure keeps its date."""
    change = undone()
    change.people.record(state)
    assert change.people.state(state.person) == state


@given(any_of(Message), INSTANTS)
@in_one_database
def test_messages(undone, message, at):
    """B11.1: what is to be said keeps its words."""
    change = undone()
    assert change.outbox.add(message, at)
    (queued,) = change.outbox.pending(at, 1)
    assert (queued.message, queued.added_at) == (message, at)
