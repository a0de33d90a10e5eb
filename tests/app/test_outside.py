"""What the daemon is given from outside."""

import re

from tokenward.app.clock import SystemClock
from tokenward.app.outside import NoWaypoints, Outside, SystemChance


def test_an_identifier_is_long_plain_and_never_the_same():
    """B2.6, B3.1: it ends up in names of certificates, in addresses and in file names."""
    chance = SystemChance()
    given = {chance.token() for _ in range(1000)}

    assert len(given) == 1000
    assert all(re.fullmatch("[0-9a-z]{20}", one) for one in given)


def test_by_default_it_is_the_machines_own():
    """C4."""
    outside = Outside({})

    assert isinstance(outside.clock, SystemClock)
    assert isinstance(outside.waypoints, NoWaypoints)
    outside.waypoints.reached("event.taken", "main")
