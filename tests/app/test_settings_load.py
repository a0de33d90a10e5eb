import copy
import shutil
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenward.app.registry import TARGETS
from tokenward.app.settings_files import Files
from tokenward.app.settings_load import judge, load

DATA = Path(__file__).parents[1] / "data" / "config"
SOUND = DATA / "sound.toml"
BAD = sorted(path for path in DATA.glob("*.toml") if path != SOUND)


def texts(loaded, folder):
    """Return the problems as they are printed, without the folder of this run."""
    return "".join(problem.text() for problem in loaded.problems).replace(f"{folder}/", "")


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a bad file: alone if it has all that is needed, else beside a sound one."""

    def put(bad):
        main = tmp_path / "tokenward.toml"
        if "state_dir" in bad.read_text():
            shutil.copy(bad, main)
            return main
        shutil.copy(SOUND, main)
        (tmp_path / "conf.d").mkdir()
        shutil.copy(bad, tmp_path / "conf.d" / bad.name)
        return main

    return put


@pytest.mark.parametrize("bad", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(bad, put, tmp_path):
    """A4, A11, A13, A15 and every other rule: one bad configuration each, with its exact message."""
    loaded = load(put(bad))

    assert loaded.settings is None
    kinds = ", ".join(f'"{kind}"' for kind in sorted(TARGETS))
    assert texts(loaded, tmp_path) == bad.with_suffix(".txt").read_text().replace("KINDS OF TARGETS", kinds)


def test_every_bad_configuration_has_its_message_and_the_other_way_round():
    """No expected text is left over."""
    assert [path.stem for path in BAD] == sorted(path.stem for path in DATA.glob("*.txt"))


@pytest.mark.parametrize("bad", BAD, ids=lambda path: path.stem)
def test_no_message_repeats_what_may_be_a_secret(bad, put, tmp_path):
    """Whoever pastes a secret into the wrong place does not find it in a log."""
    assert "hunter2" not in texts(load(put(bad)), tmp_path)


def test_a_sound_configuration_loads():
    """What the bad ones stand beside has no mistake itself."""
    loaded = load(SOUND)

    assert loaded.problems == ()
    assert loaded.settings is not None


def test_lists_of_tables_are_joined_over_all_files_in_the_order_of_their_names(tmp_path):
    """A15: one file for each organisation keeps many of them apart."""
    shutil.copy(SOUND, tmp_path / "tokenward.toml")
    (tmp_path / "conf.d").mkdir()
    for name in ("20-shop", "10-school"):
        own = f'[[organisation]]\nid = "{name[3:]}"\nname = "X"\nportal = "school-manager"\n'
        (tmp_path / "conf.d" / f"{name}.toml").write_text(own)
    (tmp_path / "conf.d" / "00-policy.toml").write_text('[policy]\nrenew_before = "60d"\n')
    (tmp_path / "conf.d" / ".30-hidden.toml").write_text("no TOML at all")
    (tmp_path / "conf.d" / "40-old.toml.bak").write_text("no TOML at all")

    loaded = load(tmp_path / "tokenward.toml")

    assert loaded.settings is not None
    assert [one.id for one in loaded.settings.organisations] == ["corp", "school", "shop"]
    assert loaded.origins["organisation.shop"] == "conf.d/20-shop.toml"
    assert loaded.origins["policy.renew_before"] == "conf.d/00-policy.toml"


def test_the_same_name_is_free_in_another_organisation(tmp_path):
    """A4: unique within one organisation."""
    shutil.copy(SOUND, tmp_path / "tokenward.toml")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "school.toml").write_text(
        '[[organisation]]\nid = "school"\nname = "School"\nportal = "school-manager"\n'
        '[[service]]\nid = "other"\norganisation = "school"\nname = "Main MDM"\n'
        'target = [{ kind = "directory", path = "/srv/other" }]\n'
    )

    assert load(tmp_path / "tokenward.toml").problems == ()


def test_a_mistake_in_one_person_does_not_make_them_unknown(tmp_path):
    """One mistake is one problem: what follows from it is not reported."""
    main = tmp_path / "tokenward.toml"
    main.write_text(SOUND.read_text().replace('role = "device-enrolment-manager"', 'role = "boss"'))

    problems = load(main).problems

    assert [problem.path for problem in problems] == ["person.kim.role"]


def test_a_file_that_is_missing_is_a_problem_like_any_other(tmp_path):
    """The path is the one that was asked for."""
    (problem,) = load(tmp_path / "tokenward.toml").problems

    assert problem.path == str(tmp_path / "tokenward.toml")
    assert "No such file" in problem.wrong


@pytest.mark.parametrize(("body", "wrong"), [(b"\xff\xfe", "UTF-8"), (b"#" * 4_000_001, "4 MB")], ids=["bytes", "size"])
def test_what_can_be_no_configuration_is_refused(tmp_path, body, wrong):
    """Not UTF-8, or beyond any sensible size."""
    main = tmp_path / "tokenward.toml"
    main.write_bytes(body)

    (problem,) = load(main).problems

    assert wrong in problem.wrong


VALUES = st.recursive(
    st.text(max_size=5) | st.integers() | st.booleans() | st.floats() | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "kind", "name"]), inner),
    max_leaves=4,
)


def places(here):
    """Yield every container inside *here* with each of its keys."""
    for key, inner in here.items() if isinstance(here, dict) else enumerate(here):
        yield here, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@given(st.data())
def test_whatever_stands_in_place_of_a_value_gives_problems_and_never_an_exception(data):
    """Garbage anywhere is either taken or named with its path."""
    tables = copy.deepcopy(tomllib.loads(SOUND.read_text()))
    where, key = data.draw(st.sampled_from(list(places(tables))))
    where[key] = data.draw(VALUES)

    loaded = judge(Files(names=["tokenward.toml"], tables=tables))

    assert (loaded.settings is None) == bool(loaded.problems)
    assert all(problem.path and problem.wrong and problem.right for problem in loaded.problems)


def test_a_table_that_is_missing_is_called_one(tmp_path):
    """What is left out is named in the form in which it has to be added."""
    (tmp_path / "tokenward.toml").write_text("[listen]\n")

    assert texts(load(tmp_path / "tokenward.toml"), tmp_path) == (
        "daemon\n  Wrong  this table is missing\n  Right  add `[daemon]`; config/tokenward.toml shows how\n"
    )
