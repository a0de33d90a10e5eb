import json
import os
import subprocess
import sys

import pytest

from cli.calling import GOLDEN
from tokenward import __version__
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.main import COMMANDS, program
from tokenward.model.finding import Code, Finding, Retryable
from tokenward.store.lock import LockedByAnother

HEAVY = ("apscheduler", "cryptography", "httpx2", "pydantic", "rich", "sqlite3", "sqlite_utils", "starlette", "uvicorn")
PATHS = [(), *((name,) for name in COMMANDS), ("config", "check"), ("config", "show"), ("config", "explain")]
RENEW = "TOKENWARD_RENEW_GOLDEN"


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_help_text_begins_with_examples(cli, path):
    """What people need first stands first, in every help text."""
    text = cli(*path, "--help").stdout

    usage, examples, rest = text.partition("\n\nExamples:\n")
    assert examples
    assert usage.startswith("Usage: tokenward")
    assert "Options:" in rest
    shown = rest.partition("\n\n")[0].splitlines()
    assert all(line.startswith("  tokenward ") for line in shown)
    assert all(" ".join(path).split()[-1:] == [] or path[-1] in line for line in shown[:1] if path)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_texts_are_the_ones_that_were_reviewed(cli, path):
    """A help text changes only together with its golden file; the variable TOKENWARD_RENEW_GOLDEN renews them."""
    file = GOLDEN / f"help-{'-'.join(path) or 'tokenward'}.txt"
    text = cli(*path, "--help").stdout
    if os.environ.get(RENEW):
        file.write_text(text)

    assert text == file.read_text()
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_help_text_says_first(cli, name):
    """The list is written without loading the commands; the two must not drift apart."""
    command = program.get_command(program.make_context("tokenward", [name, "--help"], resilient_parsing=True), name)

    assert command is not None
    assert (command.help or "").strip().splitlines()[0] == COMMANDS[name].summary
    assert command.name == name


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["version"], ["-h"], ["rotate", "--help"]], ids=" ".join
)
def test_help_and_version_load_nothing_heavy(arguments):
    """They answer at once: what only running commands need is not imported."""
    code = (
        "import json, sys\nfrom tokenward.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )

    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)

    assert ran.stdout
    assert set(json.loads(ran.stderr)).isdisjoint(HEAVY)


def test_a_mistyped_command_is_not_guessed_but_suggested(cli):
    """A command that does not exist is used wrongly, and the nearest one is named."""
    result = cli("rotatte", "main")

    assert result.exit_code == Exit.USED_WRONGLY
    assert "There is no command 'rotatte'. Did you mean `tokenward rotate`?" in result.stderr


def test_a_word_like_no_command_leads_to_the_list(cli):
    """Where nothing is near, nothing is suggested."""
    assert "`tokenward --help` lists all there are" in cli("xyzzy").stderr


def test_a_mistyped_option_is_suggested(cli):
    """As for commands."""
    result = cli("status", "--jsn")

    assert result.exit_code == Exit.USED_WRONGLY
    assert "--json" in result.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("version",)], ids=" ".join)
def test_the_version_is_printed(cli, arguments):
    """Works without configuration and daemon."""
    result = cli(*arguments)

    assert result.stdout == f"tokenward {__version__}\n"
    assert result.exit_code == Exit.WELL


def test_the_version_is_printed_for_programs(cli):
    """One object."""
    assert cli.json("version", "--json")["version"] == __version__


def test_the_package_can_be_run_as_a_module():
    """``python -m tokenward`` is the same program."""
    ran = subprocess.run([sys.executable, "-m", "tokenward", "--version"], capture_output=True, text=True, check=True)

    assert ran.stdout == f"tokenward {__version__}\n"


@pytest.mark.parametrize(
    ("raised", "code", "first"),
    [
        (Failed(Exit.REFUSED, "No.", "It means no.", "Nothing."), 4, "No.\n  Means  It means no.\n  Do     Nothing.\n"),
        (
            Retryable(Finding(Code.STORE, "Full.", "Later.", "Wait.")),
            75,
            "TW502 Full.\n  Means  Later.\n  Do     Wait.\n",
        ),
        (KeyboardInterrupt(), 130, "Interrupted. What the daemon has taken goes on"),
    ],
    ids=["failed", "retryable", "interrupted"],
)
def test_whatever_ends_a_command_is_said_and_counted(cli, config, monkeypatch, raised, code, first):
    """Three lines on stderr, nothing on stdout, the pinned code."""

    def end(*_):
        raise raised

    monkeypatch.setattr("tokenward.app.settings_load.load", end)

    result = cli("status")

    assert result.exit_code == code
    assert result.stderr.startswith(first)
    assert result.stdout == ""


def test_another_daemon_on_the_state_directory_ends_with_6(cli, config, monkeypatch):
    """Locked by another process is a code of its own."""

    def end(*_):
        raise LockedByAnother(config.parent, 42)

    monkeypatch.setattr("tokenward.app.settings_load.load", end)

    assert cli("run").exit_code == Exit.LOCKED


def test_a_bug_is_not_hidden(cli, config, monkeypatch):
    """What nobody foresaw keeps its traceback."""

    def end(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("tokenward.app.settings_load.load", end)

    with pytest.raises(ZeroDivisionError):
        cli("status")
