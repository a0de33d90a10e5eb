from datetime import UTC, datetime

import pytest

from cli.calling import a_rotation, a_service, a_status
from fakes.values import a_rotation as a_recorded_rotation
from tokenward.cli.answers import Status
from tokenward.cli.exit_codes import Exit
from tokenward.cli.standing import concerns
from tokenward.model.rotation import State
from tokenward.model.token import Basis, Expiry, InstalledToken, TokenState
from tokenward.store.ledger import SqliteLedger

BLOCKED = {"reason": "certificate_missing", "remedy": "drop labs.pem", "next_attempt_at": None}


def test_status_shows_every_service_and_how_its_days_are_known(cli, control):
    """A1, B1.2: days never stand without their basis where it is no fact."""
    control.answers["/v1/status"] = a_status(
        a_service(), a_service("labs", state="unknown", days_until_expiry=96.71, expiry_basis="estimated")
    )

    result = cli("status")

    assert result.exit_code == Exit.WELL
    titles, main, labs, _, linked = result.stdout.splitlines()
    assert titles.split("  ")[0] == "organisation"
    assert main.split() == ["corp", "main", "valid", "365.0", "kim", "-"]
    assert labs.split() == ["corp", "labs", "unknown", "96.7", "estimated", "kim", "-"]
    assert linked == "Linked and working: corp"


def test_an_organisation_without_a_service_is_shown_as_such(cli, control):
    """A1: it is not left out."""
    control.answers["/v1/status"] = a_status(linked=False)

    result = cli("status")

    assert result.exit_code == Exit.NEEDS_PERSON
    assert "corp" in result.stdout.splitlines()[1]
    assert "not linked" in result.stdout.splitlines()[1]


def test_the_table_fits_80_columns_whatever_things_are_called(cli, control):
    """Long names are cut off, with a mark; programs read --json."""
    control.answers["/v1/status"] = a_status(
        a_service(
            "a-service-with-a-very-long-name-indeed", custodian="somebody-with-a-long-name", rotation=a_rotation()
        )
    )

    lines = cli("status").stdout.splitlines()

    assert max(map(len, lines)) <= 80
    assert "…" in lines[1]


def test_status_for_programs_is_the_daemons_answer(cli, control):
    """The pinned shape is not touched on its way, and nothing else stands on stdout."""
    answer = a_status(a_service(rotation=a_rotation(waiting_for="person")))
    control.answers["/v1/status"] = answer

    assert cli.json("status", "--json") == answer


def test_status_of_one_service_leaves_the_others_out(cli, control):
    """The shape stays."""
    control.answers["/v1/status"] = a_status(a_service(), a_service("labs", state="expired"))

    assert cli.json("status", "main", "--json") == a_status(a_service())
    assert cli("status", "main").exit_code == Exit.WELL
    assert cli("status", "labs").exit_code == Exit.NEEDS_PERSON


def test_a_service_that_is_not_there_is_suggested(cli, control):
    """2, for it was used wrongly."""
    control.answers["/v1/status"] = a_status(a_service())

    result = cli("check", "mainn")

    assert result.exit_code == Exit.USED_WRONGLY
    assert 'Say "main".' in result.stderr


@pytest.mark.parametrize(
    ("words", "linked", "sentence"),
    [
        ({}, True, None),
        ({"rotation": a_rotation(waiting_for="issuer")}, True, None),
        ({"rotation": a_rotation(waiting_for="time")}, True, None),
        ({"days_until_expiry": None, "state": "unknown"}, True, None),
        ({"days_until_expiry": 14.01}, True, None),
        ({"days_until_expiry": 14.0}, True, "main: its token expires in 14.0 days"),
        ({"rotation": a_rotation(waiting_for="person")}, True, "main: awaiting_token waits for a person"),
        (
            {"rotation": a_rotation(state="opened", waiting_for="certificate")},
            True,
            "main: opened waits for a certificate",
        ),
        ({"rotation": a_rotation(blocked=BLOCKED)}, True, "main: blocked, certificate_missing: drop labs.pem"),
        ({"state": "rejected"}, True, "main: its token is rejected"),
        ({"state": "terms_unsigned"}, True, "main: Apple's terms are to be accepted"),
        ({}, False, "corp: no service is known to be linked and working"),
    ],
)
def test_what_needs_a_person_is_named(words, linked, sentence):
    """The one list behind exit code 3."""
    status = Status.model_validate(a_status(a_service(**words), linked=linked))

    assert concerns(status) == ((sentence,) if sentence else ())


def test_check_says_all_is_well_in_one_line(cli, control):
    """For monitoring systems."""
    control.answers["/v1/status"] = a_status(a_service(), a_service("labs", days_until_expiry=40.26))

    result = cli("check")

    assert result.exit_code == Exit.WELL
    assert result.stdout == "OK 2 services; the next token to expire is labs's, in 40.3 days\n"


def test_check_says_everything_that_needs_a_person_in_one_line(cli, control):
    """3, and all of it."""
    control.answers["/v1/status"] = a_status(a_service(days_until_expiry=3.0), a_service("labs", state="expired"))

    result = cli("check")

    assert result.exit_code == Exit.NEEDS_PERSON
    assert result.stdout == "ATTENTION main: its token expires in 3.0 days; labs: its token is expired\n"
    assert cli.json("check", "--json") == {
        "ok": False,
        "needs_person": ["main: its token expires in 3.0 days", "labs: its token is expired"],
    }


def test_an_answer_of_another_shape_is_no_traceback(cli, control):
    """Program and daemon of different versions."""
    control.answers["/v1/status"] = {"organisations": [{"id": "corp"}]}

    result = cli("status")

    assert result.exit_code == Exit.FAILED
    assert "organisations.0.linked" in result.stderr


@pytest.fixture
async def record(config):
    """What a daemon has left behind that runs no more."""
    ledger = SqliteLedger.open(config.parent / "state" / "tokenward.db")
    since = datetime(2026, 1, 1, tzinfo=UTC)
    expiry = Expiry(datetime(2999, 1, 1, tzinfo=UTC), Basis.READ_BACK)
    token = InstalledToken("main", TokenState.VALID, since, expiry, "kim@corp.example")
    await ledger.write(lambda change: change.tokens.record(token))
    await ledger.write(lambda change: change.rotations.open(a_recorded_rotation(state=State.AWAITING_TOKEN)))
    await ledger.close()


def test_without_a_daemon_its_record_is_shown_and_the_code_is_5(cli, config, record):
    """What is known is shown; that nobody watches is said on stderr."""
    result = cli("status")

    assert result.exit_code == Exit.UNREACHABLE
    assert "awaiting_token (issuer)" in result.stdout
    assert "labs" in result.stdout
    assert "The daemon does not answer" in result.stderr
    assert cli.json("status", "--json")["organisations"][0]["services"][0]["state"] == "valid"


def test_check_without_a_daemon_is_never_well(cli, config, record):
    """5 even where the record looks fine."""
    result = cli("check", "main")

    assert result.exit_code == Exit.UNREACHABLE
    assert cli.json("check", "main", "--json")["ok"] is False


def test_with_neither_daemon_nor_record_both_are_said(cli, config):
    """5, and no database is made by looking."""
    result = cli("status")

    assert result.exit_code == Exit.UNREACHABLE
    assert "The daemon does not answer" in result.stderr
    assert "record" in result.stderr
    assert list((config.parent / "state").iterdir()) == []
