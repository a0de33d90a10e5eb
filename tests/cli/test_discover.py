import tomllib
from datetime import UTC, datetime, timedelta

import pytest

from cli.calling import in_thread
from fakes.apple_side import AppleSide
from fakes.fleet import API_TOKEN, Fleet
from fakes.simplemdm import API_KEY as SIMPLEMDM_KEY
from fakes.simplemdm import SimpleMdm
from fakes.web import NOWHERE
from tokenward.app.registry import TARGETS
from tokenward.cli.exit_codes import Exit

OTHER_ORG = "Zürich «Labs»\x1b[31m\n"


@pytest.fixture(scope="module")
def running():
    """A Fleet with two tokens, of two organisations, over HTTP."""
    fleet = Fleet(AppleSide())
    fleet.holds(fleet.apple.download(fleet.certificate))
    fleet.holds(fleet.apple.download(fleet.certificate, org=OTHER_ORG, server_uuid="F" * 32), number=2)
    with in_thread(fleet.app()) as url:
        yield fleet, url


@pytest.fixture
def url(running):
    """Where that Fleet is reached."""
    return running[1]


@pytest.fixture
def secret(folder):
    """The file with its API token."""
    return a_secret(folder, "api-token", API_TOKEN)


def a_secret(folder, name, content):
    """Write a secret as it has to lie."""
    path = folder / name
    path.write_text(f"{content}\n")
    path.chmod(0o600)
    return path


def with_places_set(folder, draft):
    """Return *draft* once its seal key lies where somebody put it."""
    key = a_secret(folder, "seal-key", "c2VhbC1rZXktc2VhbC1rZXktc2VhbC1rZXktc2VhbC0=")
    return draft.replace('{ credential = "seal-key" }', f'{{ file = "{key}" }}')


def test_every_token_is_listed_and_drafted_into_what_the_check_takes(cli, folder, url, secret):
    """B1.5: watching takes a kind, an address and a credential; the rest is written."""
    result = cli("discover", "fleet", "--url", url, "--secret", "api_token=api-token")
    assert result.exit_code == Exit.WELL
    (folder / "new.toml").write_text(with_places_set(folder, result.stdout))

    assert cli("--config", "new.toml", "config", "check").exit_code == Exit.WELL

    drafted = tomllib.loads(result.stdout)
    assert [one["target"][0]["token_id"] for one in drafted["service"]] == [1, 2]
    assert not any("issuer" in one for one in drafted["service"])
    assert len(drafted["organisation"]) == 2
    assert {one["organisation"] for one in drafted["service"]} == {one["id"] for one in drafted["organisation"]}
    (kim,) = drafted["person"]
    assert set(kim["accounts"].values()) == {"kim@corp.example"}
    assert result.stderr.count("kim@corp.example") == 2


def test_no_secret_is_in_the_draft_or_said(cli, url, secret):
    """Promise 4: the draft names the place alone."""
    result = cli("discover", "fleet", "--url", url, "--secret", "api_token=api-token")

    assert API_TOKEN not in result.output
    assert str(secret) in result.stdout


def test_a_secret_that_is_a_credential_of_the_unit_is_drafted_as_one(cli, folder, url, secret, monkeypatch):
    """Nobody but root can read that folder: the daemon has them from the service manager, by name."""
    monkeypatch.setattr("tokenward.cli.place.CREDENTIALS_FOLDER", folder)
    result = cli("discover", "fleet", "--url", url, "--secret", "api_token=api-token")

    assert 'api_token = { credential = "api-token" }' in result.stdout


def test_what_a_product_shows_can_not_break_the_draft_or_the_terminal(cli, url, secret):
    """Promise 5: names are foreign input."""
    result = cli("discover", "fleet", "--url", url, "--secret", "api_token=api-token")

    assert "\x1b" not in result.output
    assert "Zürich «Labs»" in [one["name"].split("\ufffd")[0] for one in tomllib.loads(result.stdout)["organisation"]]


def test_the_draft_is_written_to_a_new_file_only(cli, folder, url, secret):
    """4, and nothing is asked; what is there stays."""
    arguments = ("discover", "fleet", "--url", url, "--secret", "api_token=api-token", "--write", "new.toml")
    first = cli(*arguments)
    assert first.exit_code == Exit.WELL
    assert first.stdout.startswith("TOKEN")
    written = (folder / "new.toml").read_text()
    assert tomllib.loads(written)["service"]

    assert cli(*arguments[:3], NOWHERE, *arguments[4:]).exit_code == Exit.REFUSED
    assert (folder / "new.toml").read_text() == written


def test_programs_get_the_tokens_and_the_draft(cli, url, secret):
    """One object."""
    found = cli.json("discover", "fleet", "--url", url, "--secret", "api_token=api-token", "--json")

    assert [one["settings"] for one in found["tokens"]] == [{"token_id": 1}, {"token_id": 2}]
    assert found["tokens"][0]["downloader"] == "kim@corp.example"
    left = timedelta(days=found["tokens"][0]["days_until_expiry"])
    ends_at = datetime.fromisoformat(found["tokens"][0]["expires_at"])
    assert abs(datetime.now(UTC) + left - ends_at) < timedelta(minutes=5)
    assert tomllib.loads(found["draft"])["service"]


def test_what_is_configured_already_is_not_drafted_again(cli, folder, url, secret):
    """A draft goes beside the configuration: no organisation, person, id or token of it comes twice."""
    draft = cli("discover", "fleet", "--url", url, "--secret", "api_token=api-token").stdout
    first, _, _ = with_places_set(folder, draft).rpartition("\n# ")
    (folder / "main.toml").write_text(first)
    (folder / "conf.d").mkdir()

    beside = ("--config", "main.toml", "discover", "fleet", "--url", url, "--secret", "api_token=api-token")
    result = cli(*beside, "--write", "conf.d/more.toml")

    assert result.exit_code == Exit.WELL
    assert "conf.d" in result.stderr
    more = tomllib.loads((folder / "conf.d" / "more.toml").read_text())
    assert more.keys() == {"service"}
    assert [one["target"][0]["token_id"] for one in more["service"]] == [2]
    assert cli("--config", "main.toml", "config", "check").exit_code == Exit.WELL
    again = cli.json(*beside, "--json")
    assert [one["configured_as"] for one in again["tokens"]] == ["fleet", "fleet-2"]
    assert again["draft"] is None


def test_a_target_that_chooses_no_token_means_the_only_one(cli, folder, secret):
    """A Fleet with one token needs no token_id, and is known again all the same."""
    fleet = Fleet(AppleSide())
    fleet.holds(fleet.apple.download(fleet.certificate))
    with in_thread(fleet.app()) as url:
        draft = cli("discover", "fleet", "--url", url, "--secret", "api_token=api-token").stdout
        (folder / "main.toml").write_text(with_places_set(folder, draft).replace("token_id = 1\n", ""))
        found = cli.json(
            *("--config", "main.toml", "discover", "fleet", "--url", url, "--secret", "api_token=api-token", "--json")
        )
    assert [one["configured_as"] for one in found["tokens"]] == ["fleet"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["fleet"], "--url URL"),
        (["fleet", "--url", NOWHERE], "--secret api_token=FILE"),
        (["fleet", "--url", NOWHERE, "--no-input"], "--secret api_token=FILE"),
        (["fleet", "--url", "fleet.corp.example", "--secret", "api_token=api-token"], "https://HOST"),
        (["fleet", "--url", NOWHERE, "--secret", "api_tokn=api-token"], '"api_token"'),
        (["fleet", "--url", NOWHERE, "--set", "toke_id=1"], '"token_id"'),
        (["fleet", "--url", NOWHERE, "--set", "api_token=s3cret"], "Say"),
        (["fleet", "--url", NOWHERE, "--secret", "api_token=missing"], "daemon's user"),
        (["fleet", "--url", NOWHERE, "--secret", "api_token=api-token", "--set", "token_id=x"], "number"),
        (["fleet", "--url", NOWHERE, "--set", "token_id"], "NAME=VALUE"),
        (["flet"], '"fleet"'),
        (["directory"], "docs/configuration.md"),
    ],
    ids=lambda value: " ".join(value[1:])[:60] if isinstance(value, list) else None,
)
def test_what_is_missing_or_wrong_is_named_with_what_would_be_right(cli, secret, arguments, named):
    """2: where nobody can be asked, the option that is missing is named; no value of a secret is repeated."""
    result = cli("discover", *arguments)

    assert result.exit_code == Exit.USED_WRONGLY
    assert named in result.stderr
    assert "s3cret" not in result.stderr


def test_a_product_that_is_away_or_locks_us_out_is_said_as_everywhere(cli, folder, url, secret):
    """5 and 1: in the adapter's own words."""
    away = cli("discover", "fleet", "--url", NOWHERE, "--secret", "api_token=api-token")
    assert (away.exit_code, "TW401" in away.stderr) == (Exit.UNREACHABLE, True)

    a_secret(folder, "wrong", "another-s3cret")
    locked_out = cli("discover", "fleet", "--url", url, "--secret", "api_token=wrong")
    assert (locked_out.exit_code, "TW402" in locked_out.stderr) == (Exit.FAILED, True)
    assert "another-s3cret" not in locked_out.output


def test_a_product_without_tokens_is_nothing_to_draft(cli, folder, secret):
    """0: nothing to do, and no file."""
    with in_thread(Fleet(AppleSide()).app()) as url:
        result = cli("discover", "fleet", "--url", url, "--secret", "api_token=api-token", "--write", "new.toml")

    assert result.exit_code == Exit.WELL
    assert "nothing to draft" in result.stderr
    assert not (folder / "new.toml").exists()


def test_a_product_whose_key_only_its_console_gives_out_is_drafted_as_such(cli, folder):
    """B1.5: what the check takes, also where the key is the operator's."""
    simplemdm = SimpleMdm(AppleSide())
    simplemdm.uploaded(simplemdm.apple.download(simplemdm.certificate))
    a_secret(folder, "api-key", SIMPLEMDM_KEY)
    with in_thread(simplemdm.app()) as url:
        result = cli("discover", "simplemdm", "--url", url, "--secret", "api_key=api-key")
    (folder / "new.toml").write_text(with_places_set(folder, result.stdout))

    assert cli("--config", "new.toml", "config", "check").exit_code == Exit.WELL
    (service,) = tomllib.loads(result.stdout)["service"]
    assert (service["keyholder"], service["name"]) == ("operator", "Main MDM")


@pytest.mark.parametrize("kind", TARGETS)
def test_every_product_that_shows_its_tokens_can_be_looked_around_in(cli, kind):
    """A15: what is asked for follows from the kind's own section, and never chooses a token."""
    row = TARGETS[kind]
    required = {name for name, one in row.place.model_fields.items() if one.is_required()} - {"kind"}
    result = cli("discover", kind)

    assert result.exit_code == Exit.USED_WRONGLY
    options = {option for name in required for option in (f"--secret {name}=FILE", f"--set {name}=VALUE", "--url URL")}
    assert any(option in result.stderr for option in options) == row.abilities.finds
