"""The one door: what is taken is durable before it is said, and once."""

import pytest

from fakes.world import an_envelope
from rotation.dropping import EVENTS
from tokenward.model.event import AlreadyKnown, EventKind, Taken, Way
from tokenward.model.finding import Code, Retryable
from tokenward.model.person import Subject


async def test_what_was_taken_is_on_disk_before_anybody_hears_of_it(stage, tmp_path):
    """Promise 1: another process that opens the database at that moment finds the event pending."""
    verdict = await stage.submit(EventKind.ROTATE)

    from tokenward.store.connection import open_for_reading
    from tokenward.store.transaction import Transaction

    other = open_for_reading(tmp_path / "tokenward.db")
    waiting = Transaction.on(other).inbox.next_pending()
    other.close()
    assert isinstance(verdict, Taken)
    assert waiting is not None
    assert waiting.id == verdict.event_id


async def test_the_same_event_again_is_known(stage):
    """B9.3: same source and key: nothing is added, whatever else it says now; it is counted as a duplicate."""
    first = await stage.submit(EventKind.ROTATE, key="same")

    again = await stage.submit(EventKind.CANCEL, key="same")

    assert again == AlreadyKnown(first.event_id)
    assert await stage.engine.settle_pending() == 1
    tallies = await stage.tallies(EVENTS)
    assert tallies[("kind", "cancel"), ("outcome", "duplicate"), ("source", "control")] == 1


async def test_a_file_whose_move_a_crash_prevented_is_known_when_it_is_dropped_again(theirs, keypair):
    """Promise 1: the folder hands the same file in under the same key after a crash: it is known, and no duplicate."""
    made = an_envelope(keypair.certificate)
    first = await theirs.hand_over(made, key="inode 7", way=Way.OWNED_DROP)

    again = await theirs.hand_over(made, key="inode 7", way=Way.OWNED_DROP)

    assert again == AlreadyKnown(first.event_id)


async def test_an_event_about_an_unknown_service_is_refused(stage):
    """B5.1: the refusal names the services that there are, and is counted."""
    verdict = await stage.submit(EventKind.ROTATE, service="mein")

    assert verdict.finding.code is Code.UNKNOWN_SERVICE
    assert "main" in verdict.finding.do
    tallies = await stage.tallies(EVENTS)
    assert tallies[("kind", "rotate"), ("outcome", "rejected"), ("source", "control")] == 1


async def test_an_event_about_nobody_in_particular_is_refused(stage):
    """An event of a person's kind needs a subject."""
    verdict = await stage.submit(EventKind.PASSWORD_CHANGED, service=None)

    assert verdict.finding.code is Code.NOT_AN_EVENT


async def test_a_departure_that_is_ahead_is_refused_under_its_discreet_name(stage):
    """B7.2: not even the total of refused events tells of a departure."""
    await stage.submit(EventKind.EMPLOYMENT_ENDING, service="mein", subject=Subject("email", "kim@corp.example"))

    (labels,) = await stage.tallies(EVENTS)
    assert ("kind", "custodian.change_planned") in labels


async def test_a_store_that_cannot_write_takes_nothing_and_says_so(stage):
    """Promise 6: the sender hears that it must come again, and no verdict was given."""
    await stage.ledger.close()

    with pytest.raises(Retryable):
        await stage.submit(EventKind.ROTATE)
