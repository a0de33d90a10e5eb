"""The demonstration: eight rotations, told on standard error, and one object alone on standard output."""

import json

import pytest

from end_to_end.scene import call

EXPECTED = [
    ("main", "unlinked", 3),
    ("labs", "certificate", 2),
    ("main", "password", 3),
    ("labs", "password", 2),
    ("main", "custodian", 3),
    ("labs", "custodian", 2),
    ("main", "expiry", 3),
    ("labs", "expiry", 2),
]


@pytest.fixture(scope="module")
def played():
    """What came of ``tokenward demo --json``."""
    return call("demo", "--json", seconds=120)


def test_it_ends_well_with_one_object_alone_on_standard_output(played):
    """C1, C7: exit 0, and the shape that scripts may rely on."""
    assert played.returncode == 0, played.stderr
    result = json.loads(played.stdout)
    assert result["ok"] is True
    assert set(result) == {"ok", "rotations"}
    pinned = {"service", "cause", "state", "rung", "seconds", "days_until_expiry"}
    assert all(pinned <= set(rotation) for rotation in result["rotations"])


def test_it_plays_eight_rotations_each_for_its_cause_and_proven(played):
    """A6, A7, A8, A9, C4, C5, C6: certificate, password, departure and the end of the year, on both services."""
    rotations = json.loads(played.stdout)["rotations"]

    assert [(one["service"], one["cause"], one["rung"]) for one in rotations] == EXPECTED
    assert all(one["state"] == "done" for one in rotations)


def test_each_takes_seconds_and_leaves_a_year(played):
    """A9, A10, C8: the time is real time from the event to the proof, the days are those at the proof."""
    rotations = json.loads(played.stdout)["rotations"]

    assert all(0 < one["seconds"] < 30 for one in rotations)
    assert all(one["days_until_expiry"] == pytest.approx(365, abs=0.5) for one in rotations)


def test_every_old_token_is_refused_afterwards(played):
    """A6: replaced means replaced; only the two first links had no token before."""
    refused = [one["old_token_refused"] for one in json.loads(played.stdout)["rotations"]]

    assert refused == [None, None, *[True] * 6]
