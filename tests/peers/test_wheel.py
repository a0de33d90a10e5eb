"""The wheel and the source archive: what is in them, and a Tokenward that was installed from the wheel alone."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from docs.documents import ROOT, tracked
from tokenward import __version__

PROGRAM = ROOT / "daemon"

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with what ``make dist`` builds; building needs no index."""
    folder = tmp_path_factory.mktemp("dist")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PIP"))}
    subprocess.run(
        ["make", "dist", f"DIST={folder}"], cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    """The wheel."""
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of programs of an environment that holds the wheel, and the libraries by their hashes."""
    home = tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True, timeout=60)
    pip = (
        sys.executable,
        "-m",
        "pip",
        f"--python={home}/bin/python",
        "install",
        "--quiet",
        "--no-deps",
        "--no-compile",
    )
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements.lock"], check=True, timeout=120)
    subprocess.run([*pip, "--no-index", wheel], check=True, timeout=60)
    return home / "bin"


def said_by(installed, *arguments):
    """Return what the installed program says, in an empty folder and environment."""
    ended = subprocess.run(
        [installed / "tokenward", *arguments],
        cwd=installed,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout + ended.stderr


def test_the_wheel_holds_all_that_the_program_is_made_of(wheel):
    """C3: modules, texts, templates and styles, and not a file of the tests."""
    parts = {str(path.relative_to(PROGRAM)) for path in tracked() if path.is_relative_to(PROGRAM)}

    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert held == parts | {"tokenward/app/quickstart.toml"}


def test_from_the_source_archive_everything_can_be_made_and_tested(built):
    """C3: it is the repository, without what only git needs."""
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        held = {str(Path(*Path(name).parts[1:])) for name in archive.getnames()}

    assert {str(path.relative_to(ROOT)) for path in tracked()} <= held


def test_what_was_installed_runs_without_the_repository(installed):
    """C3: the version, the whole example of a configuration, every product, and the quickstart's template."""
    assert said_by(installed, "version") == f"tokenward {__version__}\n"
    assert "is right." in said_by(installed, "--config", str(ROOT / "config/tokenward.toml"), "config", "check")
    assert "handoff" in said_by(installed, "targets")
    template = "from tokenward.app.quickstart import _template; print(_template())"
    subprocess.run([installed / "python", "-c", template], check=True, capture_output=True, cwd=installed, timeout=60)
