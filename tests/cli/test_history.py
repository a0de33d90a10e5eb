import pytest

from cli.calling import a_rotation
from tokenward.cli.exit_codes import Exit

LINE = {"id": 3, "at": "2026-11-24T09:30:00Z", "what": "rotation.done", "details": {"rung": "4"}}
ROTATION = {
    **a_rotation(state="done", causes=["password", "expiry"]),
    "opened_at": "2026-11-20T09:30:00Z",
    "due_at": "2026-11-27T09:30:00Z",
    "closed_at": "2026-11-23T21:30:00Z",
    "rung": 4,
    "outage": {"started_at": "2026-11-23T21:00:00Z", "ended_at": "2026-11-23T21:01:30Z", "seconds": 90.0},
}
CHANGE = {
    "event_id": 7,
    "kind": "password.changed",
    "source": "corp-okta",
    "at": "2026-11-20T09:30:00Z",
    "answers": 4,
    "last_worked_at": "2026-11-22T09:30:00Z",
    "first_dead_at": None,
    "replaced_at": "2026-11-23T21:00:00Z",
}


@pytest.fixture
def told(control):
    """Have the daemon tell a history."""

    def tell(**words):
        control.answers["/v1/services/main/history"] = {"service": "main", **words}

    return tell


def test_a_rotation_is_told_with_cause_times_outage_and_proof(cli, told):
    """B4.3, B8.1, B12.5: what an auditor asks."""
    told(rotations=[ROTATION])

    result = cli("history", "main")

    assert result.stdout == (
        "Rotations:\n"
        "  2026-11-23 21:30 UTC  done  password, expiry\n"
        "      opened 2026-11-20 09:30 UTC, due 2026-11-27 09:30 UTC, took 3.5 days\n"
        "      outage 1.5 min from 2026-11-23 21:00 UTC, proven at rung 4\n"
    )
    assert result.exit_code == Exit.WELL


def test_a_cancelled_rotation_says_why(cli, told):
    """B2.5: with a reason, and without an outage."""
    told(rotations=[{**ROTATION, "state": "cancelled", "outage": None, "rung": None, "close_reason": "moved"}])

    text = cli("history", "main").stdout

    assert "cancelled  password, expiry, moved\n" in text
    assert "no outage, not proven\n" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "last seen to work 2.0 days later, 2026-11-22 09:30 UTC; replaced 2026-11-23 21:00 UTC (answers: 4)"),
        ({"last_worked_at": None, "replaced_at": None}, "not seen to work since (answers: 4)"),
        ({"last_worked_at": None, "replaced_at": None, "answers": 0}, "not asked after yet (answers: 0)"),
        (
            {"last_worked_at": None, "answers": 0},
            "replaced before it was asked after; replaced 2026-11-23 21:00 UTC (answers: 0)",
        ),
        (
            {"first_dead_at": "2026-11-22T11:30:00Z", "replaced_at": None},
            "last seen to work 2.0 days later, 2026-11-22 09:30 UTC; dead by 2026-11-22 11:30 UTC (answers: 4)",
        ),
    ],
)
def test_each_password_change_is_told_with_how_the_old_token_bore_it(cli, told, words, said):
    """A7: the history tells its owner what a new password does to a token."""
    told(password_changes=[{**CHANGE, **words}])

    assert cli("history", "main").stdout == (
        f"Password changes:\n  2026-11-20 09:30 UTC  password.changed  from corp-okta\n      the old token: {said}\n"
    )


def test_the_record_comes_last_and_the_limit_is_passed_on(cli, told, control):
    """B2.6: every transition."""
    told(lines=[LINE], rotations=[ROTATION])

    text = cli("history", "main", "--limit", "7").stdout

    assert text.endswith("\n\nRecord:\n  2026-11-24 09:30 UTC  rotation.done  rung=4\n")
    assert control.asked == ["/v1/services/main/history?limit=7"]


def test_where_nothing_happened_that_is_said(cli, told):
    """Unknown is a state."""
    told()

    assert cli("history", "main").stdout == "Nothing has happened to main yet.\n"


def test_for_programs_the_daemons_answer_is_printed(cli, told, control):
    """Everything of it."""
    told(lines=[LINE], rotations=[ROTATION], password_changes=[CHANGE])

    assert cli.json("history", "main", "--json") == control.answers["/v1/services/main/history"]
