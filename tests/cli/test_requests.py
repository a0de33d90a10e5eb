import json

import pytest

from tokenward.cli.exit_codes import Exit
from tokenward.model.event import EventKind
from tokenward.model.finding import Code, Finding
from tokenward.rotation.record import Settlement


@pytest.mark.parametrize(
    ("arguments", "kind", "data"),
    [
        (["rotate", "main"], EventKind.ROTATE, {}),
        (
            ["rotate", "main", "--reason", "stolen", "--new-key"],
            EventKind.ROTATE,
            {"reason": "stolen", "new_key": "yes"},
        ),
        (["retry", "main", "--target", "nanodep"], EventKind.RETRY, {"target": "nanodep"}),
        (
            ["cancel", "main", "--reason", "moved", "--until", "2027-01-07"],
            EventKind.CANCEL,
            {"reason": "moved", "until": "2027-01-07T00:00:00Z"},
        ),
        (["ack", "main", "--as-proven", "--reason", "seen"], EventKind.ACKNOWLEDGE, {"reason": "seen"}),
        (["ack", "main", "--as-installed", "--reason", "done"], EventKind.HANDED_OFF, {"reason": "done"}),
        (["adopt", "main", "--expires", "2027-03-01"], EventKind.ADOPT, {"expires_at": "2027-03-01T00:00:00Z"}),
        (
            ["adopt", "main", "--expires", "2027-03-01T09:00:00+02:00"],
            EventKind.ADOPT,
            {"expires_at": "2027-03-01T07:00:00Z"},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_asked_is_an_event(cli, control, arguments, kind, data):
    """Everything comes in at one place, the command line's requests included."""
    result = cli(*arguments)

    assert result.exit_code == Exit.WELL
    (event,) = control.intake.events
    assert (event.kind, event.service, dict(event.data)) == (kind, "main", data)
    assert result.stdout == "Decided: so it was decided\n"
    assert result.stderr == "Taken as event 1.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["rotate", "main"],
        ["retry", "main"],
        ["cancel", "main", "--reason", "x"],
        ["ack", "main", "--as-proven", "--reason", "x"],
        ["adopt", "main", "--expires", "2027-03-01"],
    ],
    ids=" ".join,
)
def test_a_dry_run_shows_the_request_and_asks_nothing(cli, config, arguments):
    """It needs no daemon."""
    result = cli(*arguments, "--dry-run")

    assert result.exit_code == Exit.WELL
    assert json.loads(result.stdout)["kind"] == arguments[0]
    assert "Nothing was asked." in result.stderr


def test_a_denial_is_said_in_three_lines_and_ends_with_4(cli, control):
    """B2.5: too late to cancel."""
    finding = Finding(Code.TOO_LATE, "The new token is here.", "It can't be cancelled.", "Let it finish.")
    control.settlement = Settlement("denied", (finding.text(),), finding.code.number)

    result = cli("-q", "cancel", "main", "--reason", "x")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr == finding.text()
    assert result.stdout == ""


def test_nothing_to_do_is_said_and_ends_well(cli, control):
    """Without an open rotation there is nothing to retry."""
    finding = Finding(Code.NO_ROTATION, "main has no open rotation.", "There is nothing to do.", "See status.")
    control.settlement = Settlement("denied", (finding.text(),), finding.code.number)

    result = cli("retry", "main")

    assert result.exit_code == Exit.WELL
    assert "TW305" in result.stderr


def test_what_the_intake_refuses_ends_with_its_code(cli, control):
    """An unknown service is the caller's mistake."""
    control.intake.judge = lambda *_: Finding(Code.UNKNOWN_SERVICE, "No service.", "Nothing.", "Say main.")

    result = cli("rotate", "mainn")

    assert result.exit_code == Exit.USED_WRONGLY
    assert result.stderr == "TW114 No service.\n  Means  Nothing.\n  Do     Say main.\n"


def test_a_full_disk_is_worth_another_try(cli, control):
    """75 while the daemon can't write."""
    control.intake.is_full = True

    assert cli("rotate", "main").exit_code == Exit.TRY_AGAIN


def test_a_decision_that_takes_its_time_is_said_as_such(cli, control):
    """The event is durable; what becomes of it shows later."""
    control.settlement = None

    result = cli("rotate", "main")

    assert result.exit_code == Exit.WELL
    assert "not decided yet" in result.stderr


def test_the_verdict_for_programs_is_the_daemons_answer(cli, control):
    """One object, with what was decided."""
    verdict = cli.json("rotate", "main", "--json")

    assert verdict["verdict"] == "taken"
    assert verdict["settlement"]["lines"] == ["so it was decided"]


def test_without_a_daemon_nothing_can_be_asked(cli, config):
    """5, with what to do."""
    result = cli("rotate", "main")

    assert result.exit_code == Exit.UNREACHABLE
    assert "tokenward run" in result.stderr


@pytest.mark.parametrize("written", ["tomorrow", "2027-03-01T09:00:00", "2027-13-01", ""])
def test_a_date_that_is_none_is_refused_before_anything_is_asked(cli, control, written):
    """An instant without an offset could mean any of 26 hours."""
    result = cli("adopt", "main", "--expires", written)

    assert result.exit_code == Exit.USED_WRONGLY
    assert "2027-03-01T09:00:00Z" in result.stderr
    assert control.intake.submissions == 0


def test_cancelling_needs_a_reason(cli, control):
    """The record keeps it."""
    assert cli("cancel", "main").exit_code == Exit.USED_WRONGLY


@pytest.mark.parametrize(
    ("word", "kind", "dated"),
    [
        ("password-changed", EventKind.PASSWORD_CHANGED, "occurred_at"),
        ("password-reset", EventKind.PASSWORD_RESET, "occurred_at"),
        ("leaving", EventKind.EMPLOYMENT_ENDING, "effective_at"),
        ("disabled", EventKind.ACCOUNT_DISABLED, "effective_at"),
        ("returned", EventKind.ACCOUNT_ENABLED, "occurred_at"),
        ("role-lost", EventKind.ROLE_LOST, "occurred_at"),
    ],
)
@pytest.mark.parametrize("person", ["kim", "kim@corp.example"])
def test_what_happened_to_a_person_is_reported(cli, control, word, kind, dated, person):
    """B7.7: the command line speaks of anybody's password; a person is named by id or by address."""
    result = cli("report-event", word, person, "--at", "2026-12-31")

    assert result.exit_code == Exit.WELL
    (event,) = control.intake.events
    assert event.kind is kind
    assert event.subject is not None
    assert event.subject.value == "kim@corp.example"
    assert f"{getattr(event, dated):%Y-%m-%d}" == "2026-12-31"


@pytest.mark.parametrize("person", ["kimm", "nobody@corp.example"])
def test_a_person_whom_nobody_knows_is_not_reported_silently(cli, control, person):
    """A mistyped name would be ignored, and a departure missed."""
    result = cli("report-event", "leaving", person)

    assert result.exit_code == Exit.USED_WRONGLY
    assert "names nobody" in result.stderr
    assert control.intake.submissions == 0


def test_a_report_can_be_tried(cli, config):
    """-n prints the request alone."""
    assert cli.json("report-event", "leaving", "kim", "--at", "2026-12-31", "-n") == {
        "kind": "employment.ending",
        "subject": "kim@corp.example",
        "data": {"effective_at": "2026-12-31T00:00:00Z"},
    }


def test_a_word_is_asked_for_by_its_name(cli):
    """Nobody vouches by accident."""
    result = cli("ack", "main", "--reason", "seen")
    assert result.exit_code == Exit.USED_WRONGLY
    assert "--as-proven or --as-installed" in result.stderr
