"""What is in the Debian packages."""

import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.documents import ROOT
from fakes.programs import needs

UNCHECKED_HASH = b"\x01\0\0\0"
"""Bytes 4 to 8 of a compiled module that is never compared with its source. Source: PEP 552."""

pytestmark = [pytest.mark.peers, needs("dpkg-deb", "dpkg")]


@pytest.fixture(scope="module")
def unpacked(package):
    """What is in the package, with the scripts and the rest that dpkg keeps for itself in DEBIAN."""
    with _extracted(package) as folder:
        yield folder


@pytest.fixture(scope="module")
def unpacked_stores(stores):
    """The same of the libraries for stores."""
    with _extracted(stores) as folder:
        yield folder


@contextmanager
def _extracted(package):
    with tempfile.TemporaryDirectory(prefix="tw") as folder:
        subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True, timeout=60)
        yield Path(folder)


def test_everything_belongs_to_root_and_nobody_else_may_change_it(package):
    """C9: no file that others could replace, none that runs as its owner."""
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True, timeout=60)
    lines = [line.split(maxsplit=5) for line in listed.stdout.splitlines()]

    assert {owner for _, owner, *_ in lines} == {"root/root"}
    assert {letters for letters, *_ in lines if letters[0] != "l"} == {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"}


def test_nothing_in_it_knows_where_it_was_built(package, unpacked, unpacked_stores):
    """C9: neither a script's first line, nor a compiled module, nor a record of pip's."""
    traces = [str(ROOT).encode(), str(package.parent).encode()]
    found = [
        str(path)
        for folder in (unpacked, unpacked_stores)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and any(trace in path.read_bytes() for trace in traces)
    ]

    assert found == []


def test_its_python_is_the_distribution_s(unpacked):
    """C9: security updates of Python arrive without us, and the package says which Python it needs."""
    home = unpacked / "opt/tokenward"
    (program,) = (home / "bin").iterdir()
    python = program.readlink()

    assert (program.name, python.parent) == ("python3", Path("/usr/bin"))
    assert f"Depends: {python.name}," in (unpacked / "DEBIAN/control").read_text()


def test_every_module_is_compiled_for_good(unpacked):
    """C9: where it runs nobody may write, and the dates of files say nothing: they are never compared."""
    modules = [path for path in unpacked.rglob("*.py") if path.is_relative_to(unpacked / "opt")]
    compiled = list(unpacked.rglob("*.pyc"))
    ours = {path.stem.partition(".")[0] for path in compiled if path.parent.parent.name == "cli"}

    assert len(compiled) == len(modules)
    assert {"main", "run"} <= ours
    assert all(path.read_bytes()[4:8] == UNCHECKED_HASH for path in compiled)


def test_it_brings_all_that_is_in_the_folder_for_systemd(unpacked):
    """C9: a unit that is added arrives, with the users and folders that it needs."""
    places = {
        **{unit.name: f"usr/lib/systemd/system/{unit.name}" for unit in (ROOT / "systemd").iterdir()},
        "tokenward.sysusers.conf": "usr/lib/sysusers.d/tokenward.conf",
        "tokenward.tmpfiles.conf": "usr/lib/tmpfiles.d/tokenward.conf",
    }

    for name, place in places.items():
        assert (unpacked / place).read_bytes() == (ROOT / "systemd" / name).read_bytes()


def test_it_brings_the_dashboards_and_rules(unpacked):
    """C10: there to be imported, without the repository."""
    shipped = unpacked / "usr/share/tokenward/dashboards"

    assert tree(shipped) == tree(ROOT / "dashboards")


def tree(folder):
    """Return what is in *folder*, by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_somebody_wrote_into_the_configuration_is_theirs(unpacked):
    """C9: the one file that an upgrade asks about instead of replacing it."""
    assert (unpacked / "DEBIAN/conffiles").read_text() == "/etc/tokenward/tokenward.toml\n"
