from pathlib import Path

import pytest

from tokenward.cli.exit_codes import Exit
from tokenward.cli.invocation import Invocation, _beside


@pytest.fixture(autouse=True)
def in_folder(folder, monkeypatch):
    """Be where nothing is."""
    monkeypatch.chdir(folder)


def test_the_option_goes_before_the_variable_and_both_before_what_lies_about(folder):
    """Flag, environment, ./var, /etc: in this order."""
    lying_about = folder / "var" / "tokenward.toml"
    lying_about.parent.mkdir()
    lying_about.touch()
    variable = {"TOKENWARD_CONFIG": "/elsewhere.toml"}

    assert Invocation(Path("/named.toml"), environment=variable).config_path() == Path("/named.toml")
    assert Invocation(environment=variable).config_path() == Path("/elsewhere.toml")
    assert Invocation(environment={}).config_path() == lying_about.resolve()


def test_without_any_configuration_both_places_are_named(cli):
    """78, and how to begin."""
    result = cli("status")

    assert result.exit_code == Exit.CONFIGURATION
    assert "neither var/tokenward.toml nor /etc/tokenward/tokenward.toml" in result.stderr
    assert "tokenward quickstart" in result.stderr


def test_a_configuration_that_is_not_there_is_a_problem_of_the_configuration(cli):
    """A named file is never replaced by another one that lies about."""
    result = cli("--config", "nowhere.toml", "status")

    assert result.exit_code == Exit.CONFIGURATION
    assert "nowhere.toml" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--config", "PATH", "config", "check"), ("config", "check", "--config", "PATH")],
    ids=["before", "after"],
)
def test_the_option_is_understood_before_and_after_the_command(cli, config, arguments):
    """People write it where they think of it."""
    path = config.rename(config.parent / "other.toml")

    result = cli(*(str(path) if one == "PATH" else one for one in arguments))

    assert result.exit_code == Exit.WELL
    assert str(path) in result.stderr


def test_a_daemon_of_the_service_manager_is_found_from_a_shell():
    """/run/NAME belongs to /var/lib/NAME, whatever the shell's environment lacks."""
    assert _beside(Path("/var/lib/tokenward")) == (Path("/run/tokenward/control.sock"),)
    assert _beside(Path("/var/lib/tokenward/emea")) == (Path("/run/tokenward/emea/control.sock"),)
    assert _beside(Path("/srv/try/state")) == ()


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}, {}], ids=str)
def test_colours_are_for_terminals_that_want_them(monkeypatch, variables):
    """NO_COLOR and TERM=dumb are honoured."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)

    assert not Invocation(environment=variables).has_colour
    assert Invocation(environment={"TERM": "xterm"}).has_colour
    assert not Invocation(environment={"TERM": "xterm"}, wants_colour=False).has_colour


def test_quiet_keeps_words_to_itself(cli, config):
    """-q: data and errors only."""
    assert cli("config", "check").stderr != ""
    assert cli("-q", "config", "check").stderr == ""
