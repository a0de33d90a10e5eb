import pytest

from fakes.world import DAY, SECOND
from tokenward.model.event import EventKind
from tokenward.model.link import READABLE_FOR
from tokenward.model.person import Subject
from tokenward.model.rotation import State
from tokenward.rotation.links import Links


@pytest.fixture
def links(stage):
    """Return what keeps the links in step."""
    return Links(stage.tools, stage.present)


async def every(stage):
    """Return every link as person, number and how it stands."""
    kept = await stage.ledger.read(lambda change: change.links.all())
    return [
        (one.person, one.number, "live" if one.ended_at is None else "revoked" if one.is_revoked else "ended")
        for one in kept
    ]


async def asked(stage, links):
    """Have kim asked for a token, with a link."""
    await stage.ask(EventKind.ROTATE)
    waiting = await stage.until(State.AWAITING_TOKEN)
    await links.settle()
    return waiting


async def test_whoever_is_asked_has_a_link_and_nobody_else(stage, links):
    """B6.1: nothing is made before there is something to ask."""
    await links.settle()
    assert await every(stage) == []

    await asked(stage, links)
    assert await every(stage) == [("kim", 1, "live")]


async def test_a_link_that_is_as_it_should_be_is_not_written_again(stage, links):
    """B6.1: looking every few seconds costs the disk nothing."""
    await asked(stage, links)
    lines = await stage.ledger.look(lambda views: views.audit_head())

    await links.settle()

    assert await stage.ledger.look(lambda views: views.audit_head()) == lines


async def test_a_question_that_moved_on_revokes_the_link(stage, links):
    """B6.1, B7.1: the deputy is asked now, by a link of her own."""
    waiting = await asked(stage, links)
    stage.clock.at = waiting.due_at + SECOND
    await stage.work()

    await links.settle()

    assert await every(stage) == [("ana", 1, "live"), ("kim", 1, "revoked")]


async def test_a_departure_revokes_the_link_at_once(stage, links):
    """B7.2: links of whoever leaves die, long before anybody else may know why."""
    await asked(stage, links)
    subject = Subject("email", "kim@corp.example")
    await stage.submit(
        EventKind.EMPLOYMENT_ENDING, service=None, subject=subject, effective_at=stage.clock.now() + 30 * DAY
    )
    await stage.work()

    await links.settle()

    assert ("kim", 1, "revoked") in await every(stage)


async def test_what_ended_can_be_read_for_a_day_and_a_new_question_has_a_new_link(stage, links):
    """B6.1: lives until nothing is open, plus 24 h read-only."""
    await asked(stage, links)
    await stage.ask(EventKind.CANCEL, reason="not now")
    await links.settle()
    (link,) = await stage.ledger.read(lambda change: change.links.all())
    assert [link.is_readable(link.ended_at + wait) for wait in (READABLE_FOR - SECOND, READABLE_FOR)] == [True, False]

    await asked(stage, links)

    assert await every(stage) == [("kim", 1, "ended"), ("kim", 2, "live")]
