import pytest

from tokenward.cli.exit_codes import Exit
from tokenward.model.event import EventKind
from tokenward.model.finding import Code, Finding

EVENT = {
    "at": "2026-11-24T09:30:00Z",
    "source": "control",
    "kind": "probe",
    "service": "main",
    "outcome": "accepted",
    "lines": ["somebody asked how things stand"],
    "code": None,
    "event_id": 1,
}


def answered(verdict, *, did_answer=True):
    """Return the event with an answer."""
    reply = {
        "service": "main",
        "at": "2026-11-24T09:30:02Z",
        "answered": did_answer,
        "verdict": verdict,
        "why": "So Apple says.",
        "server_uuid": None,
    }
    return {"event": EVENT, "answers": [reply]}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Look again soon."""
    monkeypatch.setattr("tokenward.cli.probe.LOOK_EVERY_SECONDS", 0.01)


def test_the_daemon_asks_and_its_dated_answer_is_printed(cli, control):
    """B10.1: the question is an event, and the answer is that to this very question."""
    control.answers["/v1/events/1"] = [{"event": EVENT, "answers": []}, answered("valid")]

    result = cli("probe", "main")

    (event,) = control.intake.events
    assert (event.kind, event.service) == (EventKind.PROBE, "main")
    assert control.asked == ["/v1/events/1", "/v1/events/1"]
    assert result.stdout == "main  2026-11-24 09:30 UTC  valid: So Apple says.\n"
    assert result.exit_code == Exit.WELL


@pytest.mark.parametrize(
    ("verdict", "did_answer", "said", "code"),
    [
        ("valid", True, "valid", Exit.WELL),
        ("suspect", True, "suspect", Exit.WELL),
        (None, True, "cannot tell", Exit.WELL),
        (None, False, "no answer", Exit.UNREACHABLE),
        ("rejected", True, "rejected", Exit.NEEDS_PERSON),
        ("superseded", True, "superseded", Exit.NEEDS_PERSON),
        ("expired", True, "expired", Exit.NEEDS_PERSON),
        ("terms_unsigned", True, "terms_unsigned", Exit.NEEDS_PERSON),
    ],
)
def test_the_exit_code_is_what_the_answer_means(cli, control, verdict, did_answer, said, code):
    """B10.1: what cannot be told is said so, never as valid."""
    control.answers["/v1/events/1"] = answered(verdict, did_answer=did_answer)

    result = cli("probe", "main")

    assert f"  {said}: " in result.stdout
    assert result.exit_code == code


def test_for_programs_the_whole_answer_is_printed(cli, control):
    """The event and what was answered because of it."""
    control.answers["/v1/events/1"] = answered("valid")

    assert cli.json("probe", "main", "--json") == answered("valid")


def test_no_answer_in_time_is_no_verdict(cli, control, monkeypatch):
    """Unknown is a state; 75."""
    monkeypatch.setattr("tokenward.cli.probe.ANSWER_SECONDS", 0.05)
    control.answers["/v1/events/1"] = {"event": EVENT, "answers": []}

    result = cli("probe", "main")

    assert result.exit_code == Exit.TRY_AGAIN
    assert "tokenward show main" in result.stderr


def test_an_unknown_service_is_said_in_the_daemons_words(cli, control):
    """2."""
    control.intake.judge = lambda *_: Finding(Code.UNKNOWN_SERVICE, "No service.", "Nothing.", "Say main.")

    assert cli("probe", "nobody").exit_code == Exit.USED_WRONGLY
