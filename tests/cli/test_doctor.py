"""``doctor``: what to do next, from the configuration to the targets."""

import pytest

from tokenward.cli import doctor
from tokenward.cli.exit_codes import Exit

WELL = {"about": "target main/nanodep", "grade": "well", "said": "NanoDEP: the way is clear.", "do": ""}
BAD = {"about": "target main/nanodep", "grade": "bad", "said": "The target refuses.", "do": "Set its api_key."}


@pytest.fixture
def state(config):
    """Close the state folder to others, as the daemon does."""
    folder = config.parent / "state"
    folder.chmod(0o700)
    return folder


@pytest.mark.usefixtures("state")
def test_where_all_is_well_everything_that_was_looked_at_is_said(cli, control):
    """The first thing after installing."""
    control.answers["/v1/checkup"] = {"checks": [WELL]}

    result = cli("doctor")

    assert result.exit_code == Exit.WELL
    for said in ("ok  configuration:", "ok  credentials: 2 can be read.", "ok  state:", "ok  disk:", "ok  daemon:"):
        assert said in result.stdout
    assert "ok  target main/nanodep: NanoDEP: the way is clear." in result.stdout
    assert "half a minute" in result.stderr


@pytest.mark.usefixtures("state")
def test_what_is_bad_comes_with_its_remedy_and_ends_with_3(cli, control):
    """B4.1: in the words of whoever found it."""
    control.answers["/v1/checkup"] = {"checks": [BAD]}

    result = cli("doctor")

    assert result.exit_code == Exit.NEEDS_PERSON
    assert "BAD target main/nanodep: The target refuses.\n      Do  Set its api_key." in result.stdout


def test_without_a_daemon_the_rest_is_said_all_the_same(cli, config):
    """5: and how it is started."""
    result = cli("doctor")
    assert result.exit_code == Exit.UNREACHABLE
    assert "BAD daemon: The daemon does not answer" in result.stdout
    assert "ok  configuration" in result.stdout


def test_a_broken_configuration_is_all_that_can_be_said(cli, config):
    """78: every problem at once."""
    config.write_text(config.read_text().replace('portal = "', 'portals = "'))
    result = cli("doctor")
    assert result.exit_code == Exit.CONFIGURATION
    assert result.stdout.startswith("BAD configuration: organisation")


def test_a_secret_that_others_may_read_is_bad(cli, config):
    """Promise 4: with its remedy, and without the secret."""
    (config.parent / "seal-key").chmod(0o644)
    result = cli("doctor")
    assert "BAD credentials: daemon.seal_key" in result.stdout
    assert "secret\n" not in result.stdout


def test_a_state_folder_that_is_open_to_others_is_bad(cli, config):
    """The database holds what is sealed, and who is asked."""
    folder = config.parent / "state"
    folder.chmod(0o755)
    result = cli("doctor")
    assert f"Do  chmod go-rwx {folder}" in result.stdout


def test_a_product_that_is_asked_in_clear_is_said(cli, config):
    """`insecure = true` is allowed, and is never silent."""
    text = config.read_text().replace(
        'url = "http://127.0.0.1:9001"', 'insecure = true\nurl = "http://mdm.corp.example"'
    )
    config.write_text(text)
    said = " ".join(cli("doctor").stdout.split())
    assert "target main/nanodep: http://mdm.corp.example is asked in clear" in said


def test_a_disk_that_is_nearly_full_is_bad(cli, config, monkeypatch):
    """Promise 6: before nothing can be taken any more."""
    monkeypatch.setattr(doctor, "LITTLE_ROOM", 1 << 62)
    assert "BAD disk: There are" in cli("doctor").stdout


def test_credentials_that_only_the_service_manager_passes_are_no_mistake(cli, config, monkeypatch, tmp_path):
    """Root sees their folder; for others it can't be told."""
    own = f'{{ file = "{config.parent}/seal-key" }}'
    config.write_text(config.read_text().replace(own, '{ credential = "seal-key" }'))
    folder = tmp_path / "credentials"
    monkeypatch.setattr(doctor, "CREDENTIALS_FOLDER", folder)
    assert "?   credentials: 1 are passed by the service manager" in cli("doctor").stdout

    folder.mkdir()
    assert "BAD credentials: daemon.seal_key" in cli("doctor").stdout
    (folder / "seal-key").write_text("key")
    assert "ok  credentials" in cli("doctor").stdout


def test_programs_get_the_same_as_json(cli, control, state):
    """One object, with every check."""
    control.answers["/v1/checkup"] = {"checks": [WELL, BAD]}
    answer = cli.json("doctor", "--json")
    assert answer["ok"] is False
    assert BAD in answer["checks"]
