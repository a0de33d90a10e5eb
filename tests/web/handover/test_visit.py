from dataclasses import replace
from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest

from fakes.target import FakeTarget
from fakes.views import FakeViews
from tokenward.crypto.link_keys import LinkKeys
from tokenward.model.link import Link
from tokenward.model.person import PersonState
from tokenward.model.quiet import QuietHours
from tokenward.model.rotation import Blocked, Claim, State
from tokenward.model.secret import Secret
from tokenward.model.target import BlockReason
from tokenward.model.token import Basis, Expiry
from tokenward.rotation.ports import World
from tokenward.web.handover.visit import Standing, Visit, visit
from web.scene import DAY, HOUR, MINUTE, NOW, a_record, a_roster, a_rotation, a_token, a_world

KEYS = LinkKeys(Secret(bytes(32)))
LINK = Link("kim", 1, NOW - DAY)


def the_world() -> World:
    """Return the usual world, with a product behind each service."""
    world = a_world(a_roster())
    target = FakeTarget().target()
    return World(world.roster, {one: replace(served, targets=(target,)) for one, served in world.services.items()})


def opened(link: Link = LINK, *others: Link, rotation=None, states=(), **words) -> Visit:
    """Return what *link* shows while *rotation* is open."""
    record = a_record(rotation=a_rotation() if rotation is None else rotation, **words)
    views = FakeViews((record,), states, made=(link, *others))
    return visit(KEYS.key_of(link).reveal().decode(), KEYS.find, the_world(), views, NOW)


def test_a_link_shows_what_is_open_for_its_person():
    """B6.1, B6.2: a page per person."""
    found = opened()

    assert (found.standing, found.person and found.person.id) == (Standing.OPEN, "kim")
    assert [card.service.id for card in found.cards] == ["main"]


def test_an_address_that_nobody_was_given_shows_nothing():
    """B6.1: unknown."""
    views = FakeViews((a_record(rotation=a_rotation()),), made=(LINK,))

    assert visit("nobody", KEYS.find, the_world(), views, NOW) == Visit(NOW, Standing.UNKNOWN)


def test_a_newer_link_takes_the_place_of_an_older_one():
    """B6.1: an old link offers to send the new one."""
    assert opened(LINK, Link("kim", 2, NOW)).standing is Standing.OVER


@pytest.mark.parametrize(
    "state", [PersonState("kim", departs_at=NOW + DAY), PersonState("kim", departs_at=NOW)], ids=["leaving", "gone"]
)
def test_links_of_whoever_leaves_are_dead_at_once(state):
    """B7.2: before the row in the store says so, and with nothing that tells why."""
    found = opened(states=(state,))

    assert (found.standing, found.cards) == (Standing.OVER, ())


def test_a_question_that_moved_on_ends_the_link_at_once():
    """B6.1: revoked when it is somebody else's."""
    assert opened(rotation=a_rotation(actor="ana")).standing is Standing.OVER
    revoked = replace(LINK, ended_at=NOW - MINUTE, is_revoked=True)
    assert opened(revoked, rotation=a_rotation(actor="ana")).standing is Standing.OVER


@pytest.mark.parametrize(("ended", "standing"), [(HOUR, Standing.READ_ONLY), (DAY, Standing.OVER)])
def test_what_ended_can_be_read_for_a_day(ended, standing):
    """B6.1: plus 24 h read-only."""
    done = a_rotation(state=State.DONE, closed_at=NOW - ended, rung=3)
    views = FakeViews((a_record(last_done=done),), made=(replace(LINK, ended_at=NOW - ended),))

    assert visit(KEYS.key_of(LINK).reveal().decode(), KEYS.find, the_world(), views, NOW).standing is standing


def test_a_deputy_is_asked_whether_they_can_sign_in():
    """B6.3: for all of their services at once."""
    link = Link("ana", 1, NOW)
    views = FakeViews((a_record(token=a_token()), a_record("labs")), made=(link,))
    found = visit(KEYS.key_of(link).reveal().decode(), KEYS.find, the_world(), views, NOW)

    assert [service.id for service in found.confirms] == ["main", "labs"]


def test_a_page_looks_different_when_something_happened_and_not_because_time_went_by():
    """B6.5: live progress is a change of what is shown."""
    first = opened()
    later = replace(first, now=NOW + MINUTE)
    looked_at = opened(rotation=a_rotation(revision=9, wake_at=NOW + DAY))

    assert first.what_shows == later.what_shows == looked_at.what_shows
    assert first.what_shows != opened(rotation=a_rotation(state=State.RECEIVED)).what_shows


def test_times_are_told_in_the_persons_own_zone():
    """B11.1: as messages tell them; and the first and last day of a reminder are days of that zone."""
    auckland = ZoneInfo("Pacific/Auckland")
    quiet = QuietHours(zone=auckland)
    world = the_world()
    at_home = replace(world.roster.people["kim"], quiet=quiet)
    world = replace(world, roster=replace(world.roster, people={**world.roster.people, "kim": at_home}))
    late = NOW.replace(hour=20)
    views = FakeViews((a_record(rotation=a_rotation(due_at=late + 3 * DAY)),), made=(LINK,))

    found = visit(KEYS.key_of(LINK).reveal_text(), KEYS.find, world, views, late)

    assert found.zone == auckland
    assert found.tomorrow == date(2026, 11, 26)  # it is the 25th there already
    assert found.last_day(found.cards[0]) == date(2026, 11, 28)


def test_what_somebody_stated_as_a_day_is_that_day_everywhere():
    """B1.2: a stated day begins in UTC."""
    found = replace(opened(), zone=ZoneInfo("America/Los_Angeles"))

    assert found.zone_of(Expiry(NOW, Basis.STATED)) is UTC
    assert found.zone_of(Expiry(NOW, Basis.DECRYPTED)) == found.zone


def test_a_page_without_a_script_looks_again_by_itself_only_where_that_takes_nothing_away():
    """B6.5: never while a file may be chosen on it."""
    under_way = a_rotation(state=State.CHECKED)
    sought = a_rotation(id="r2", service="labs", recover_until=NOW + HOUR)
    one, two = a_record(rotation=under_way), a_record("labs", rotation=sought)
    key = KEYS.key_of(LINK).reveal_text()

    assert visit(key, KEYS.find, the_world(), FakeViews((one,), made=(LINK,)), NOW).looks_again_after
    assert not visit(key, KEYS.find, the_world(), FakeViews((one, two), made=(LINK,)), NOW).looks_again_after
    assert not opened().looks_again_after


@pytest.mark.parametrize(
    "words",
    [
        {"blocked": Blocked(BlockReason.TARGET_UNREACHABLE, "see to it", NOW + MINUTE, NOW)},
        {"claim": Claim("ana", NOW, NOW + HOUR)},
    ],
    ids=["the way is not clear", "somebody else is at it"],
)
def test_whoever_has_to_wait_is_shown_without_a_script_too_when_it_is_their_turn(words):
    """B6.5: less often than what gets on within seconds, for it can take long."""
    waiting, under_way = opened(rotation=a_rotation(**words)), opened(rotation=a_rotation(state=State.CHECKED))

    assert (waiting.looks_again_after, under_way.looks_again_after) == (30, 3)
