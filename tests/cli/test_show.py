import pytest

from cli.calling import a_rotation, a_service
from tokenward.cli.exit_codes import Exit
from tokenward.model.event import EventKind
from tokenward.model.finding import Code, Finding
from tokenward.rotation.record import Settlement

STEPS = ["Sign in to Apple Business Manager.", "Click Download Token, once."]
CLAIM = {"person": "kim", "at": "2026-11-24T09:30:00Z", "until": "2026-11-24T10:00:00Z"}
DETAIL_OF_ROTATION = {
    "opened_at": "2026-11-24T09:00:00Z",
    "due_at": "2026-12-01T09:00:00Z",
    "actor": "kim",
    "claim": None,
    "targets": [{"target": "nanodep", "required": True, "attempts": 0}],
}


def a_detailed_rotation(**words):
    """Return an open rotation as ``show`` tells of it."""
    return {**a_rotation(waiting_for="person"), **DETAIL_OF_ROTATION, **words}


def a_detail(**words):
    """Return the answer of ``/v1/services/main``."""
    detail = {
        **a_service(),
        "organisation": "corp",
        "works": True,
        "issuer": "portal",
        "keyholder": "target",
        "token": {"state": "valid", "since": "2026-11-24T09:30:00Z", "downloader": "kim@corp.example", "rung": 3},
        "people": [
            {
                "id": "kim",
                "role": "administrator",
                "standing": "active",
                "departs_at": "2026-12-30T18:00:00Z",
                "usable": False,
            }
        ],
        "rotation": None,
    }
    return {**detail, **words}


@pytest.fixture
def waiting(control):
    """A rotation of ``main`` waits for somebody to start."""
    control.answers["/v1/services/main"] = a_detail(rotation=a_detailed_rotation())
    return control


def test_show_tells_all_that_is_known(cli, control):
    """B7.2: over the control socket, departures too."""
    control.answers["/v1/services/main"] = a_detail(rotation=a_detailed_rotation())

    text = cli("show", "main").stdout

    assert "expires         2027-11-24 09:30 UTC (read back), days left: 365.0\n" in text
    assert "token           valid, since 2026-11-24 09:30 UTC\n" in text
    assert "rotation        awaiting_token since 2026-11-24 09:00 UTC, waits for person\n" in text
    assert "person          kim (administrator, active), leaves 2026-12-30 18:00 UTC, can't be asked now\n" in text


def test_show_without_start_shows_no_steps(cli, control):
    """B4.2: steps appear only after somebody said that they start now."""
    control.answers["/v1/services/main"] = a_detail(rotation=a_detailed_rotation(claim=CLAIM), steps=STEPS)

    assert "Download" not in cli("show", "main").stdout


def test_show_for_programs_is_the_daemons_answer(cli, waiting):
    """Untouched."""
    assert cli.json("show", "main", "--json") == waiting.answers["/v1/services/main"]


def test_starting_claims_waits_until_the_way_is_clear_and_shows_the_steps(cli, control):
    """B4.2, A12: the claim first, then the preflight's answer, then Apple's steps."""
    claimed = a_detail(rotation=a_detailed_rotation(claim=CLAIM))
    control.answers["/v1/services/main"] = [claimed, {**claimed, "steps": STEPS}]

    result = cli("show", "main", "--start-as", "kim")

    assert result.exit_code == Exit.WELL
    (event,) = control.intake.events
    assert (event.kind, event.service, event.data["person"]) == (EventKind.CLAIM, "main", "kim")
    assert result.stdout.startswith("The way for Main MDM is clear, and it is held for kim until 10:00 UTC.\n")
    assert " 1. Sign in to Apple Business Manager.\n 2. Click Download Token, once.\n" in result.stdout
    assert "tokenward drop FILE --service main" in result.stdout


def test_starting_when_the_way_is_not_clear_shows_the_remedy_and_no_steps(cli, control):
    """B4.1, B4.2: 4, and nobody is led to a download that could not be installed."""
    blocked = {"reason": "target_unreachable", "remedy": "start nanodep", "next_attempt_at": None}
    claimed = a_detail(rotation=a_detailed_rotation(claim=CLAIM))
    control.answers["/v1/services/main"] = [claimed, a_detail(rotation=a_detailed_rotation(blocked=blocked))]

    result = cli("show", "main", "--start-as", "kim")

    assert result.exit_code == Exit.REFUSED
    assert "target_unreachable" in result.stderr
    assert "Do     start nanodep" in result.stderr
    assert result.stdout == ""


def test_what_stood_in_the_way_before_the_claim_is_not_the_answer(cli, control):
    """The old obstacle stands until the new preflight is answered."""
    blocked = {"reason": "target_unreachable", "remedy": "start nanodep", "next_attempt_at": None}
    claimed = a_detail(rotation=a_detailed_rotation(claim=CLAIM, blocked=blocked))
    cleared = a_detail(rotation=a_detailed_rotation(claim=CLAIM), steps=STEPS)
    control.answers["/v1/services/main"] = [claimed, cleared]

    assert cli("show", "main", "--start-as", "kim").exit_code == Exit.WELL


@pytest.mark.parametrize("code", [Code.HELD_BY_OTHER, Code.NO_ROTATION], ids=lambda code: code.reason)
def test_a_refused_start_says_why_in_the_daemons_words(cli, waiting, code):
    """4 whatever it is about: no steps were shown."""
    finding = Finding(code, "ana is at it.", "Two downloads would undo each other.", "Wait.")
    waiting.settlement = Settlement("denied", (finding.text(),), code.number)

    result = cli("show", "main", "--start-as", "kim")

    assert result.exit_code == Exit.REFUSED
    assert result.stderr == finding.text()


def test_an_unknown_service_is_told_by_the_daemon(cli, control):
    """2."""
    assert cli("show", "mainn").exit_code == Exit.USED_WRONGLY


def test_a_preflight_that_takes_too_long_shows_no_steps(cli, control, monkeypatch):
    """75: nothing is known, so nothing is shown."""
    monkeypatch.setattr("tokenward.cli.show.START_SECONDS", 0.2)
    monkeypatch.setattr("tokenward.cli.show.LOOK_EVERY_SECONDS", 0.05)
    control.answers["/v1/services/main"] = a_detail(rotation=a_detailed_rotation(claim=CLAIM))

    result = cli("show", "main", "--start-as", "kim")

    assert result.exit_code == Exit.TRY_AGAIN
    assert "don't download anything yet" in result.stderr


@pytest.mark.parametrize(
    ("words", "state", "held"),
    [
        ({"by_hand": True}, "checked", "waits for somebody to hand the file over there"),
        ({"by_hand": True}, "awaiting_token", "does not hold it yet"),
        ({"by_hand": True, "attempted_at": "2026-11-24T09:30:00Z"}, "checked", "does not hold it yet"),
        ({"by_hand": True, "installed_at": "2026-11-24T09:30:00Z"}, "checked", "holds it since 2026-11-24 09:30 UTC"),
        ({}, "checked", "does not hold it yet"),
    ],
    ids=["by hand", "no file yet", "handed over", "installed", "by Tokenward"],
)
def test_show_says_which_target_waits_for_somebody(cli, control, words, state, held):
    """B8.4: what is handed over by hand comes by no waiting."""
    target = {"target": "console", "required": True, "attempts": 0, **words}
    control.answers["/v1/services/main"] = a_detail(rotation=a_detailed_rotation(state=state, targets=[target]))

    assert f"target          console {held}, attempts: 0\n" in cli("show", "main").stdout
