from datetime import timedelta

import pytest

from fakes.intake import FakeIntake
from fakes.values import DAY, NOW
from tokenward.model.event import EventKind, Way
from tokenward.model.finding import Code, Finding
from tokenward.model.organisation import Organisation, Portal
from tokenward.model.roster import Roster
from tokenward.model.service import Service, TargetRef
from tokenward.model.token import Basis, Expiry, InstalledToken, TokenState
from tokenward.policy.asking import Situation
from tokenward.policy.decision import Facts
from tokenward.sources.clock import ClockSource


class Hands:
    """A clock whose hands the test moves, and the services that it speaks of."""

    def __init__(self):
        self.moment = NOW
        self.services: tuple[Facts, ...] = ()

    async def situation(self):
        """Return how things stand at the moment that the hands show."""
        roster = self.services[0].roster if self.services else Roster({}, {}, {})
        return Situation(roster, {}, self.services, self.moment)


@pytest.fixture
def hands():
    """Return the clock, with one service whose token ends in a hundred days."""
    hands = Hands()
    hands.services = (facts(NOW + 100 * DAY),)
    return hands


@pytest.fixture
def intake():
    """Return an intake that takes everything."""
    return FakeIntake()


@pytest.fixture
def clock(intake, hands):
    """Return the source."""
    return ClockSource(intake, hands)


def facts(expires_at, service_id="main"):
    """Return what is known about a service whose token ends at *expires_at*."""
    service = Service(service_id, "corp", "Main MDM", (TargetRef("nanodep", "nanodep"),), issuer="portal")
    organisation = Organisation("corp", "Example Corporation", Portal.BUSINESS_MANAGER)
    roster = Roster({"corp": organisation}, {}, {service_id: service})
    token = InstalledToken(service_id, TokenState.VALID, NOW - DAY, expiry=Expiry(expires_at, Basis.DECRYPTED))
    return Facts(service, roster, {}, token)


async def test_nothing_is_said_while_time_brings_nothing(clock, intake):
    """A9: a token with a hundred days left raises nothing."""
    await clock.tick()

    assert not intake.submissions


async def test_a_token_that_runs_out_is_said_once(clock, intake, hands):
    """A9: well before the end, and not at every tick."""
    hands.moment = NOW + 60 * DAY
    await clock.tick()
    await clock.tick()

    (event,) = intake.events
    assert (event.source, event.way, event.kind) == ("clock", Way.WATCH, EventKind.TOKEN_EXPIRING)
    assert (event.service, event.received_at) == ("main", hands.moment)
    assert intake.submissions == 1


async def test_an_expired_token_is_another_event(clock, intake, hands):
    """A9: the end itself is said too."""
    for moment in (NOW + 60 * DAY, NOW + 100 * DAY):
        hands.moment = moment
        await clock.tick()

    assert [event.kind for event in intake.events] == [EventKind.TOKEN_EXPIRING, EventKind.TOKEN_EXPIRED]


async def test_what_the_store_could_not_take_comes_with_the_next_tick(clock, intake, hands):
    """A9: a full disk delays the warning, it does not swallow it."""
    hands.moment = NOW + 60 * DAY
    intake.is_full = True
    await clock.tick()
    intake.is_full = False
    await clock.tick()

    assert len(intake.events) == 1


async def test_after_a_restart_the_inbox_knows_what_was_said(clock, intake, hands):
    """A9: the key follows from what the event is about."""
    hands.moment = NOW + 60 * DAY
    await clock.tick()
    await ClockSource(intake, hands).tick()

    assert (len(intake.events), intake.submissions) == (1, 2)


async def test_a_refused_event_holds_up_no_other(clock, intake, hands):
    """A15: services are told of one by one."""
    refusal = Finding(Code.UNKNOWN_SERVICE, "Nobody.", "Nothing.", "Nothing.")
    intake.judge = lambda event, attachment: refusal if event.service == "main" else None
    hands.services = (facts(NOW + timedelta(hours=1)), facts(NOW + timedelta(hours=1), "labs"))

    await clock.tick()

    assert [event.service for event in intake.events] == ["labs"]
