"""The Debian packages, built once for all tests."""

import fcntl
import os
import subprocess

import pytest

from docs.documents import ROOT


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The package, built once, whichever of the processes that run the tests comes first."""
    place = tmp_path_factory.getbasetemp()
    place = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "package"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(place.glob("*.deb")):
            _build(place)
    (built,) = place.glob("tokenward_*.deb")
    return built


@pytest.fixture(scope="session")
def stores(package):
    """The package with the libraries for stores of secrets, which is built with the other."""
    (built,) = package.parent.glob("tokenward-stores_*.deb")
    return built


def _build(place):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ended = subprocess.run(
        ["make", "deb", f"DIST={place}"],
        cwd=ROOT,
        env=environment | {"TMPDIR": str(place)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
