from pathlib import Path

from tokenward.app.settings_load import load
from tokenward.app.settings_show import explain

MAIN = """
[daemon]
state_dir = "/var/lib/tokenward"
drop_dir = "/var/spool/tokenward/drop"
seal_key = { credential = "seal-key" }

[[organisation]]
id = "corp"
name = "Example Corporation"
portal = "business-manager"

[policy]
renew_before = "60d"
departures = "open"
freeze = ["2026-12-15/2027-01-05"]
"""
SERVICE = """
[[service]]
id = "main"
organisation = "corp"
name = "Main MDM"
on_departure = "warn"
expires_at = 2027-03-01
target = [{ kind = "nanodep", url = "http://127.0.0.1:9001", dep_name = "main", api_key = { env = "KEY" } }]
"""


def shown(folder: Path) -> dict[str, str]:
    """Return the lines of the explanation by their paths."""
    (folder / "tokenward.toml").write_text(MAIN)
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "main.toml").write_text(SERVICE)
    loaded = load(folder / "tokenward.toml")
    assert loaded.settings is not None, loaded.problems
    lines = explain(loaded.settings, loaded.origins).replace(f"{folder}/", "").splitlines()
    return {path: rest for path, _, rest in (line.partition(" = ") for line in lines)}


def test_every_value_in_force_is_shown_with_the_file_that_says_so(tmp_path):
    """What is set, and where."""
    lines = shown(tmp_path)

    assert lines["daemon.state_dir"] == '"/var/lib/tokenward"  # tokenward.toml'
    assert lines["service.main.name"] == '"Main MDM"  # conf.d/main.toml'
    assert lines["service.main.expires_at"] == "2027-03-01T00:00:00Z  # conf.d/main.toml"
    assert lines["service.main.target[0].dep_name"] == '"main"  # conf.d/main.toml'


def test_defaults_are_shown_as_such(tmp_path):
    """What nobody set is in force all the same."""
    lines = shown(tmp_path)

    assert lines["daemon.rescan"] == '"1m"  # default'
    assert lines["service.main.release_devices"] == "false  # default"
    assert lines["service.main.deputies"] == "[]  # default"
    assert lines["listen.metrics"] == '"127.0.0.1:9847"  # default'


def test_a_service_shows_the_policy_that_holds_for_it(tmp_path):
    """Its own word, then `[policy]`, then the default."""
    lines = shown(tmp_path)

    assert lines["service.main.on_departure"] == '"warn"  # conf.d/main.toml'
    assert lines["service.main.renew_before"] == '"60d"  # [policy] in tokenward.toml'
    assert lines["service.main.departures"] == '"open"  # [policy] in tokenward.toml'
    assert lines["service.main.freeze"] == '["2026-12-15/2027-01-05"]  # [policy] in tokenward.toml'
    assert lines["service.main.recover_for"] == '"1h"  # default'
    assert "service.main.password_due" not in lines


def test_secrets_show_as_references(tmp_path):
    """Nothing is read for it."""
    lines = shown(tmp_path)

    assert lines["daemon.seal_key"] == '{ credential = "seal-key" }  # tokenward.toml'
    assert lines["service.main.target[0].api_key"] == '{ env = "KEY" }  # conf.d/main.toml'
