import re
from datetime import timedelta
from pathlib import Path

import pytest

from tokenward.app.roster_of import roster_of
from tokenward.app.settings import ListenSettings
from tokenward.app.settings_load import load
from tokenward.app.settings_walk import secret_refs
from tokenward.model.service import Keyholder

CONFIG = Path(__file__).parents[2] / "config"
PACKAGED = CONFIG.parent / "packaging" / "tokenward.toml"
PLACES = {
    "ISSUER": '{ kind = "simulator", url = "http://127.0.0.1:9002" }',
    "OTHERWISE": "really a person",
    "DIR": "/srv/try",
    "METRICS": "127.0.0.1:9847",
    "OPERATIONS": "127.0.0.1:9847",
    "PUBLIC": "127.0.0.1:9848",
    "PORTAL": "http://127.0.0.1:9002",
    "APPLE": "http://127.0.0.1:9003",
    "NANODEP": "http://127.0.0.1:9001",
}


@pytest.fixture
def quickstart(tmp_path):
    """The template with every place filled in."""
    text = (CONFIG / "quickstart.toml").read_text()
    assert set(re.findall(r"@([A-Z]+)@", text)) == set(PLACES)
    path = tmp_path / "tokenward.toml"
    path.write_text(re.sub(r"@([A-Z]+)@", lambda found: PLACES[found[1]], text))
    return path


def test_the_commented_example_is_right():
    """What people copy must load as it stands."""
    loaded = load(CONFIG / "tokenward.toml")

    assert "".join(problem.text() for problem in loaded.problems) == ""


def test_the_commented_example_shows_defaults_where_it_comments_them_out(tmp_path):
    """A commented line is a default or an example that loads."""
    text = re.sub(r"(?m)^# (?=[a-z_]+ = )", "", (CONFIG / "tokenward.toml").read_text())
    path = tmp_path / "tokenward.toml"
    path.write_text(text)

    loaded = load(path)

    assert loaded.problems == ()
    assert loaded.settings is not None
    assert loaded.settings.policy.password_due == timedelta(days=7)


def test_the_packaged_configuration_is_right_and_has_nothing_to_look_after():
    """C9: the daemon runs with it as it is installed."""
    loaded = load(PACKAGED)

    assert "".join(problem.text() for problem in loaded.problems) == ""
    assert loaded.settings is not None
    assert (loaded.settings.organisations, loaded.settings.services) == ((), ())


def test_the_example_in_the_packaged_configuration_is_right(tmp_path):
    """C9: whoever takes the "#" away has a service that is watched."""
    path = tmp_path / "tokenward.toml"
    path.write_text(re.sub(r"(?m)^#(?=[a-z\[])", "", PACKAGED.read_text()))

    loaded = load(path)

    assert "".join(problem.text() for problem in loaded.problems) == ""
    assert loaded.settings is not None
    assert [service.issuer for service in loaded.settings.services] == [None]
    assert loaded.settings.listen == ListenSettings()


def test_the_quickstart_is_right_and_its_names_are_the_pinned_ones(quickstart):
    """A1: one organisation, two services that were never linked, two people."""
    loaded = load(quickstart)

    assert "".join(problem.text() for problem in loaded.problems) == ""
    assert loaded.settings is not None
    roster = roster_of(loaded.settings)
    assert set(roster.organisations) == {"corp"}
    assert {id_: person.accounts for id_, person in roster.people.items()} == {
        "kim": {"corp": "kim@corp.example"},
        "ana": {"corp": "ana@corp.example"},
    }
    main, labs = roster.services["main"], roster.services["labs"]
    assert (main.name, main.keyholder, main.targets[0].kind) == ("Main MDM", Keyholder.TARGET, "nanodep")
    assert (labs.name, labs.keyholder, labs.targets[0].kind) == ("Labs MDM", Keyholder.OPERATOR, "directory")
    for service in (main, labs):
        assert service.is_new
        assert (service.custodian, service.deputies, service.issuer) == ("kim", ("ana",), "simulator")


def test_the_quickstart_keeps_its_secrets_in_files_of_their_own(quickstart):
    """The two that set-up writes, by the names that set-up gives them."""
    settings = load(quickstart).settings
    assert settings is not None

    assert {path: ref.name for path, ref in secret_refs(settings).items()} == {
        "daemon.seal_key": "/srv/try/seal-key",
        "service.main.target[0].api_key": "/srv/try/simulator/nanodep-api-key",
    }
