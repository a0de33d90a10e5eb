"""Addresses of channels, and the contacts that use them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tokenward.app.settings_channels import channel_problems
from tokenward.app.settings_load import load
from tokenward.model.secret import Secret

SOUND = (Path(__file__).parents[1] / "data" / "config" / "sound.toml").read_text()
MAIL = "mailtos://tokenward:hunter2@smtp.corp.example?from=tokenward@corp.example&to={to}"
SENDGRID = "sendgrid://hunter2:tokenward@corp.example/{to}"
HOOK = "jsons://pager.corp.example/page?+X-Key=hunter2"


@pytest.fixture
def problems(tmp_path):
    """Return a function that tells what is wrong with channels, given as id and address, and a `[notify]`."""

    def found(channels, operators=""):
        tables = "".join(f'[[channel]]\nid = "{one}"\nurl = {{ env = "{one}" }}\n' for one in channels)
        before = SOUND.split("[[channel]]")[0]
        (tmp_path / "tokenward.toml").write_text(f"{before}\n{tables}\n[notify]\noperators = [{operators}]\n")
        loaded = load(tmp_path / "tokenward.toml")
        assert loaded.settings is not None, [one.text() for one in loaded.problems]
        secrets = {channel.url: Secret(channels[channel.id]) for channel in loaded.settings.channels}
        return [f"{one.path}: {one.wrong}" for one in channel_problems(loaded.settings, secrets)]

    return found


def test_addresses_that_fit_are_no_problem(problems):
    """B11.1: mail with the reader's own part, a hook without one, and the log, which is always there."""
    contacts = '{ channel = "mail", to = "o\'neil@corp.example" }, { channel = "pager" }, { channel = "log" }'

    assert problems({"mail": MAIL, "pager": HOOK}, contacts) == []


@pytest.mark.parametrize(
    "address",
    [
        "smtp.corp.example",
        "mailto://",
        "nothing-known://hunter2@x/{to}",
        "mailto://hunter2@smtp.corp.example\nmailto://another",
        "mailto://hunter2 with blanks@smtp.corp.example?to={to}",
        "",
        b"mailto://\xff\xfe",
    ],
    ids=["no scheme", "incomplete", "unknown", "two", "blanks", "empty", "no text"],
)
def test_an_address_that_apprise_does_not_know_is_named_by_its_channel_alone(problems, address):
    """C4, promise 4: found before anybody is to be told anything, and never repeated."""
    (problem,) = problems({"mail": address})

    assert problem.startswith("channel.mail.url: ")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("address", "contact", "wrong"),
    [
        (MAIL, '{ channel = "one" }', "it is missing"),
        (HOOK, '{ channel = "one", to = "team" }', "has no place for it"),
        (MAIL, '{ channel = "one", to = "team" }', "does not fit"),
        (MAIL, '{ channel = "one", to = "kim@corp.example, ana@corp.example" }', "does not fit"),
        (MAIL, '{ channel = "one", to = "kïm@corp.example" }', "does not fit"),
        (SENDGRID, '{ channel = "one", to = "o\'neil@corp.example" }', "does not fit"),
        ("jsons://{to}:x@pager/", '{ channel = "one", to = "" }', "it is missing"),
    ],
    ids=["no part", "no place", "no mail address", "two", "not ASCII", "read as another", "empty"],
)
def test_a_contact_that_does_not_fit_its_channel_is_named(problems, address, contact, wrong):
    """B11.1: a letter that no channel could ever take is a mistake of the configuration."""
    (problem,) = problems({"one": address}, contact)

    assert problem.startswith("notify.operators[0].to: ")
    assert wrong in problem
    assert "hunter2" not in problem


def test_a_channel_whose_address_is_not_known_here_is_left_alone(tmp_path):
    """Credentials are passed by the service manager only."""
    (tmp_path / "tokenward.toml").write_text(SOUND)
    loaded = load(tmp_path / "tokenward.toml")
    assert loaded.settings is not None

    assert list(channel_problems(loaded.settings, {})) == []


def test_without_channels_apprise_is_never_loaded():
    """Performance: a third of a second and 30 MB that nobody needs who has no channel."""
    program = (
        "import sys\n"
        "import tokenward.app.core, tokenward.app.outlets, tokenward.app.settings_channels\n"
        "sys.exit('apprise' in sys.modules)\n"
    )

    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
