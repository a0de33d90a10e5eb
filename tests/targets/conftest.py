"""The stand-in for Apple and its small device management service, for the tests of whoever speaks with them."""

from collections.abc import Iterator

import pytest

from fakes.stand_in import KIM, StandIn, running_stand_in

SWITCHES = {
    "superseded_status": 403,
    "superseded_session": "401",
    "verbose_oauth": False,
    "access_denied": False,
}


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[StandIn]:
    """Run Apple's side and the small service for all tests of this module."""
    with running_stand_in(tmp_path_factory.mktemp("apple")) as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(running):
    """Give the stand-in as it was at its start, but for its services."""
    running.admin("DELETE", "/faults")
    running.admin("POST", "/terms", {"accepted": True})
    running.admin("POST", "/nanodep", {"down": False})
    running.admin("POST", "/switches", SWITCHES)
    running.admin("PATCH", f"/users/{KIM}", {"status": "active"})
    return running
