import json

import pytest

from tokenward.cli.exit_codes import Exit


def an_arrival(event_id=1, **words):
    """Return an event as the daemon tells of it."""
    arrival = {
        "at": "2026-11-24T09:30:05Z",
        "source": "control",
        "kind": "rotate",
        "service": "main",
        "outcome": "accepted",
        "lines": ["a drill"],
        "code": None,
        "event_id": event_id,
    }
    return {**arrival, **words}


REFUSED = an_arrival(
    None,
    kind="token.supplied",
    outcome="refused",
    code="TW203",
    lines=["TW203 No key.\n  Means  It.\n  Do     That.\n"],
)


def test_what_came_in_is_told_in_a_line_each(cli, control):
    """B12.5: time, source, kind, service, outcome and why; of a refusal what happened."""
    waiting = an_arrival(2, service=None, outcome=None, lines=[])
    control.answers["/v1/events"] = {"events": [an_arrival(), REFUSED, waiting], "after": "1.1"}

    result = cli("events", "--limit", "3")

    assert control.asked == ["/v1/events?limit=3"]
    assert [line.split("  ")[0] for line in result.stdout.splitlines()] == ["2026-11-24 09:30:05 UTC"] * 3
    accepted, refused, waits = (line.split() for line in result.stdout.splitlines())
    assert accepted[3:] == ["control", "rotate", "main", "accepted", "a", "drill"]
    assert refused[3:] == ["control", "token.supplied", "main", "refused", "TW203", "No", "key."]
    assert waits[3:] == ["control", "rotate", "-", "waits"]
    assert result.exit_code == Exit.WELL


def test_for_programs_the_daemons_answer_is_printed(cli, control):
    """With the place behind which more will come."""
    answer = {"events": [an_arrival(), REFUSED], "after": "1.1"}
    control.answers["/v1/events"] = answer

    assert cli.json("events", "--json") == answer


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "JSON"])
def test_following_goes_on_behind_the_last_place_until_there_is_no_answer(cli, control, monkeypatch, arguments):
    """Each is told once, one a line."""
    monkeypatch.setattr("tokenward.cli.events.LOOK_EVERY_SECONDS", 0.01)
    control.answers["/v1/events"] = [
        {"events": [an_arrival(1)], "after": "1.0"},
        {"events": [an_arrival(2)], "after": "2.0"},
        {"events": [], "after": "2.0"},
        {"events": [an_arrival(3)], "after": "3.0"},
        {"a daemon": "of another version"},
    ]

    result = cli("events", "--follow", *arguments)

    assert control.asked == [
        "/v1/events?limit=50",
        "/v1/events?after=1.0&limit=500",
        "/v1/events?after=2.0&limit=500",
        "/v1/events?after=2.0&limit=500",
        "/v1/events?after=3.0&limit=500",
    ]
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert not arguments or [json.loads(line)["event_id"] for line in lines] == [1, 2, 3]
    assert result.exit_code == Exit.FAILED
