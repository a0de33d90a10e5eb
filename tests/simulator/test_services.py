from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tokenward.simulator.seed import Seed, first_world
from tokenward.simulator.services import PortalRefused, add_service, download_token, replace_certificate
from tokenward.simulator.state import Certificate, User
from tokenward.simulator.tokens import KEPT_PER_SERVICE

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
KIM = User("kim@corp.example", "device-enrolment-manager")
CERTIFICATE = Certificate("", "", KIM.account, NOW)


@pytest.fixture
def world():
    """Return a first world."""
    return first_world(Seed())


def test_the_251st_certificate_is_refused_and_a_replacement_is_not(world):
    """An organisation holds at most 250 certificate files."""
    world, service = add_service(world, "First", CERTIFICATE, NOW)
    for number in range(249):
        world, _ = add_service(world, f"Service {number}", CERTIFICATE, NOW)
    world, bare = add_service(world, "Bare", None, NOW)

    with pytest.raises(PortalRefused, match="250"):
        add_service(world, "One more", CERTIFICATE, NOW)
    with pytest.raises(PortalRefused, match="250"):
        replace_certificate(world, bare.uuid, CERTIFICATE)
    replace_certificate(world, service.uuid, CERTIFICATE)


def test_only_the_newest_tokens_are_remembered(world):
    """The state does not grow without end."""
    world, service = add_service(world, "Main MDM", CERTIFICATE, NOW)
    world, other = add_service(world, "Other MDM", CERTIFICATE, NOW)
    world, kept = download_token(world, other.uuid, KIM, NOW)
    for second in range(KEPT_PER_SERVICE + 5):
        world, _ = download_token(world, service.uuid, KIM, NOW.replace(second=second))

    assert len(world.tokens) == KEPT_PER_SERVICE + 1
    assert world.live_token(service.uuid) == world.tokens[-1]
    assert world.live_token(other.uuid) == kept.token


def test_a_world_is_never_altered_in_place(world):
    """What was read before a change stays as it was."""
    before = replace(world)
    add_service(world, "Main MDM", CERTIFICATE, NOW)
    assert world == before
