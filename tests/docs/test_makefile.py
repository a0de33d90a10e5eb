"""The promises of the Makefile, the locks and continuous integration."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = ("setup", "run", "demo", "test", "test-peers", "check", "dist", "deb", "bench", "chaos", "fuzz")
LOCKS = ("requirements.lock", "requirements-dev.lock")

# A Python that makes an environment of noisy stand-ins, so that set-up takes no time and no network.
STAND_IN = """\
#!/bin/sh
test "$1" = -c && exit 0
echo "chatter of the set-up"
mkdir -p .venv/bin
printf '#!/bin/sh\\necho chatter of pip\\n' > .venv/bin/python
printf '#!/bin/sh\\necho "{\\\\"asked\\\\": \\\\"$*\\\\"}"\\n' > .venv/bin/tokenward
chmod +x .venv/bin/*
"""
TOO_OLD = """\
#!/bin/sh
exit 1
"""


@pytest.fixture
def checkout(tmp_path):
    """Return a folder with what set-up reads, and no environment yet."""
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock", "requirements-package.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def read(name):
    """Return the text of a file of the project."""
    return (ROOT / name).read_text()


def program(folder, text):
    """Write an executable script and return its path."""
    path = folder / "python-stand-in"
    path.write_text(text)
    path.chmod(0o755)
    return path


def make(folder, *arguments):
    """Run make as a person would, not as a part of the make that runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("target", PINNED)
def test_every_pinned_target_exists(target):
    """C3: what is written about make in scripts and pages goes on working."""
    assert make(ROOT, "--dry-run", target).returncode == 0


@pytest.mark.parametrize("target", PINNED)
def test_every_target_sets_up_first(checkout, target):
    """C3: a fresh clone needs no step before the one that was typed."""
    assert "Setting up .venv" in make(checkout, "--dry-run", target).stdout


def test_a_target_s_standard_output_is_the_program_s_alone(checkout):
    """C3: the set-up of a fresh clone is not mixed into the JSON of a demo."""
    answer = make(checkout, "demo", "ARGS=--json", f"PYTHON={program(checkout, STAND_IN)}")
    assert (answer.returncode, answer.stdout) == (0, '{"asked": "demo --json"}\n')
    assert "chatter of the set-up" in answer.stderr
    assert "chatter of pip" in answer.stderr


def test_a_second_set_up_does_nothing(checkout):
    """C3: typing a target again costs no time."""
    python = f"PYTHON={program(checkout, STAND_IN)}"
    assert make(checkout, "setup", python).stderr != ""
    again = make(checkout, "setup", python)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements-dev.lock"])
def test_set_up_notices_a_changed_dependency(checkout, changed):
    """C3: after a pull the environment is what the lock says."""
    python = f"PYTHON={program(checkout, STAND_IN)}"
    make(checkout, "setup", python)
    with (checkout / changed).open("a") as file:
        file.write("# one line more\n")
    assert "Setting up .venv" in make(checkout, "setup", python).stderr


@pytest.mark.parametrize("python", [TOO_OLD, None], ids=["too old", "missing"])
def test_set_up_without_a_fitting_python_says_so_and_leaves_nothing(checkout, python):
    """C3: the message names the version needed and how to choose another."""
    path = program(checkout, python) if python else checkout / "nowhere"
    answer = make(checkout, "setup", f"PYTHON={path}")
    assert answer.returncode != 0
    assert answer.stdout == ""
    assert "needs Python 3.11 or newer" in answer.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    "lock", [*LOCKS, "requirements-stores.lock", "requirements-package.lock", "requirements-fuzz.lock"]
)
def test_a_lock_names_no_host_and_every_file_by_its_hash(lock):
    """C3: any index serves, and none can slip in another file."""
    text = read(lock)
    assert "://" not in text
    assert "--find-links" not in text
    pins = re.split(r"\n(?=\S)", text.strip())
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)


def test_the_locks_agree_and_hold_every_dependency():
    """C3: what is tested is what is shipped."""
    runtime, development = (set(re.findall(r"^(\S+)==(\S+)", read(lock), re.MULTILINE)) for lock in LOCKS)
    stores = set(re.findall(r"^(\S+)==(\S+)", read("requirements-stores.lock"), re.MULTILINE))
    assert runtime < stores < development

    declared = " ".join(tomllib.loads(read("pyproject.toml"))["project"]["dependencies"])
    assert set(re.findall(r"([\w-]+)>=", declared)) <= {name for name, _ in runtime}


def test_continuous_integration_calls_the_same_words():
    """C3: what passes on the desk is what passes there."""
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert re.findall(r"^make ([\w-]+)", read(".ci/run"), re.MULTILINE) == ["check", "test", "test-peers"]
