import pytest

from fakes.values import a_rotation
from tokenward.cli.exit_codes import Exit
from tokenward.cli.explaining import _WORDS
from tokenward.model.event import EventKind
from tokenward.model.rotation import State
from tokenward.policy import decision
from tokenward.store.ledger import SqliteLedger


def test_a_configuration_that_is_right_is_said_to_be(cli, config):
    """0, and for programs an object."""
    assert cli("config", "check").exit_code == Exit.WELL
    assert cli.json("config", "check", "--json") == {"ok": True, "file": str(config), "problems": []}


def test_every_problem_is_printed_at_once_with_path_wrong_and_right(cli, config):
    """78."""
    text = config.read_text()
    config.write_text(text.replace('custodian = "kim"', 'custodian = "kimm"').replace("rescan", "rescann"))

    result = cli("config", "check")

    assert result.exit_code == Exit.CONFIGURATION
    assert "service.main.custodian\n  Wrong  " in result.stdout
    assert "service.labs.custodian\n  Wrong  " in result.stdout
    assert '  Right  "kim"' in result.stdout
    assert "2 problems." in result.stderr
    found = cli.json("config", "check", "--json")
    assert found["ok"] is False
    assert [problem["path"] for problem in found["problems"]] == ["service.main.custodian", "service.labs.custodian"]


def test_a_secret_that_others_may_read_is_a_problem(cli, config):
    """What the daemon would refuse at its start is found before."""
    (config.parent / "seal-key").chmod(0o644)

    result = cli("config", "check")

    assert result.exit_code == Exit.CONFIGURATION
    assert "daemon.seal_key" in result.stdout


def test_credentials_are_not_looked_for_in_a_shell(cli, config):
    """Only the service manager passes them; that is said, and no problem."""
    text = config.read_text()
    config.write_text(text.replace(f'{{ file = "{config.parent}/seal-key" }}', '{ credential = "seal-key" }'))

    result = cli("config", "check")

    assert result.exit_code == Exit.WELL
    assert "daemon.seal_key" in result.stderr


def test_a_broken_configuration_ends_every_command_with_78(cli, config):
    """Each problem is named there too."""
    config.write_text("[daemon\n")

    result = cli("status")

    assert result.exit_code == Exit.CONFIGURATION
    assert result.stderr.startswith("TW501 ")


def test_what_the_configuration_comes_to_is_shown_with_its_origin(cli, config):
    """Defaults too; secrets as references."""
    text = cli("config", "show").stdout

    assert f'service.main.custodian = "kim"  # {config}\n' in text
    assert 'service.main.renew_before = "45d"  # default\n' in text
    assert f'daemon.seal_key = {{ file = "{config.parent}/seal-key" }}' in text


def test_what_it_comes_to_is_shown_to_programs(cli, config):
    """Values have their types."""
    values = {one["path"]: one for one in cli.json("config", "show", "--json")}

    assert values["service.main.deputies"] == {
        "path": "service.main.deputies",
        "value": ["ana"],
        "origin": str(config),
    }
    assert values["service.main.release_devices"]["value"] is False
    assert values["daemon.seal_key"]["value"] == {"file": f"{config.parent}/seal-key"}


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_of_event_is_explained_without_daemon_and_record(cli, config, kind):
    """Section 9: the table's own answer, offline."""
    found = cli.json("config", "explain", "main", kind.value, "--json")

    assert found["event"] == kind.value
    assert found["on_record"] is False
    assert found["rule"]
    assert found["decisions"]


def test_an_explanation_says_what_and_why(cli, config):
    """In a line for each decision, and nothing is changed."""
    text = cli("config", "explain", "main", "password-changed").stdout

    assert "password.changed for main, with nothing on record of the service:" in text
    assert "decides  rotate (cause password, due at " in text
    assert ": the password of kim, who downloaded the token, changed\n" in text
    assert list((config.parent / "state").iterdir()) == []


def test_a_departure_is_explained_for_whom_and_when_one_asks(cli, config):
    """B7.3: fourteen days before it, by a deputy; what operators are told waits for the day itself (B7.4)."""
    found = cli.json("config", "explain", "main", "leaving", "--person", "kim", "--at", "2999-01-01", "--json")

    assert [one["decision"] for one in found["decisions"]] == ["note about the person", "tell", "keep on record"]


async def test_what_is_on_record_is_taken_into_account(cli, config):
    """A claim is refused for other reasons once a rotation is open."""
    ledger = SqliteLedger.open(config.parent / "state" / "tokenward.db")
    await ledger.write(lambda change: change.rotations.open(a_rotation(state=State.RECEIVED)))
    await ledger.close()

    found = cli.json("config", "explain", "main", "cancel", "--json")

    assert found["on_record"] is True
    assert found["decisions"][0]["finding"]["code"] == "TW306"
    assert "refuse: TW306" in cli("config", "explain", "main", "cancel").stdout


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        (["mainn", "rotate"], '"main"'),
        (["main", "rotatte"], '"rotate"'),
        (["main", "leaving", "--person", "kimm"], '"kim"'),
    ],
    ids=" ".join,
)
def test_a_mistyped_word_is_suggested(cli, config, arguments, right):
    """2."""
    result = cli("config", "explain", *arguments)

    assert result.exit_code == Exit.USED_WRONGLY
    assert f"Say {right}" in result.stderr


def test_every_decision_has_a_word():
    """A new kind of decision needs one."""
    assert {one.__name__ for one in decision.Decision.__args__} == set(_WORDS)
