"""Comparing Apple's records with the configuration."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fakes.target import FakeTarget
from fakes.world import CORP, KIM, Stage, a_service
from tokenward.model.event import EventKind
from tokenward.model.organisation import Portal
from tokenward.model.person import Standing
from tokenward.model.registration import Member, Registration
from tokenward.rotation.review import differences, event_about

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SERVICE = a_service()
AS_CONFIGURED = Registration("A" * 32, SERVICE.name, "ACTIVE", False, 3, None, None, None)


def a_member(*roles: str, status: str = "ACTIVE") -> Member:
    """Return kim in Apple's records."""
    return Member("kim@corp.example", status, roles or ("Device Enrollment Manager",))


@pytest.fixture
async def stage(tmp_path):
    """The core with one product."""
    made = Stage(tmp_path, FakeTarget())
    made.open_api_account()
    yield made
    await made.ledger.close()


def test_a_record_as_configured_differs_in_nothing():
    """A13: silence where all is well."""
    assert list(differences(SERVICE, AS_CONFIGURED)) == []


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (replace(AS_CONFIGURED, releases_devices=True), "release devices"),
        (replace(AS_CONFIGURED, name="Main MDM 2"), "calls the service"),
        (replace(AS_CONFIGURED, status="INACTIVE"), "inactive"),
    ],
    ids=["A13 release flag", "A4 name", "A1 status"],
)
def test_each_difference_is_a_sentence(found, word):
    """A13, A4, A1: what Apple holds is compared, and never changed."""
    (sentence,) = differences(SERVICE, found)

    assert word in sentence


def test_what_apple_does_not_say_is_no_difference():
    """A13: the flag may be missing."""
    assert list(differences(SERVICE, replace(AS_CONFIGURED, releases_devices=None, status=""))) == []


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        (a_member(), None),
        (a_member("Administrator"), None),
        (a_member("Staff"), EventKind.ROLE_LOST),
        (a_member("Staff", "Device Enrollment Manager"), None),
        (a_member("Something of their own"), None),
        (a_member(status="DEACTIVATED"), EventKind.ACCOUNT_DISABLED),
        (a_member(status="LOCKED"), EventKind.ACCOUNT_LOCKED),
        (a_member(status="A WORD OF THE FUTURE"), None),
    ],
    ids=["fits", "fits too", "lost", "one fits", "own role", "deactivated", "locked", "unknown"],
)
def test_what_has_become_of_somebody_is_an_event_where_apple_tells(member, kind):
    """A11: a role lost later raises a warning."""
    event = event_about(KIM, member, CORP, NOW)

    assert (event.kind if event else None) is kind


def test_the_roles_are_those_of_the_portal():
    """A11: the third kind of portal has other names."""
    business = replace(CORP, portal=Portal.APPLE_BUSINESS)

    event = event_about(KIM, a_member("Administrator"), business, NOW)

    assert event is not None
    assert event.kind is EventKind.ROLE_LOST


async def test_a_difference_is_said_to_the_operators_once(stage):
    """A13: B11.2, never twice for one reason."""
    stage.registrar.add(releases_devices=True)

    await stage.review.compare()
    await stage.review.compare()

    assert await stage.messages("portal.differs") == ["operators"]


async def test_a_lost_role_is_warned_about_and_somebody_else_is_asked(stage):
    """A11, B7.1: lost roles are skipped."""
    stage.registrar.add()
    stage.registrar.people = (a_member("Staff"),)

    await stage.review.compare()
    await stage.engine.settle_pending()

    state = await stage.ledger.read(lambda change: change.people.state("kim"))
    assert state.standing is Standing.ROLE_LOST
    assert await stage.messages("role.lost") == ["operators"]


async def test_the_same_finding_is_one_event(stage):
    """B9.3: reading it every few hours adds nothing."""
    stage.registrar.add()
    stage.registrar.people = (a_member("Staff"),)

    for _ in range(3):
        await stage.review.compare()
        await stage.engine.settle_pending()

    assert await stage.messages("role.lost") == ["operators"]


async def test_an_api_that_is_away_changes_nothing(stage):
    """B10.2: no verdict from an outage."""
    stage.registrar.add(releases_devices=True)
    stage.registrar.away = True

    await stage.review.compare()

    assert await stage.messages("portal.differs") == []
