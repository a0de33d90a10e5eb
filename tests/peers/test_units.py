"""The units that are shipped, as systemd judges them, and the daemon under as many of their rules as can be had."""

import ctypes
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from docs.documents import ROOT
from fakes.programs import needs
from tokenward.app.settings_load import load

UNITS = ROOT / "systemd"
TOKENWARD = Path(sys.executable).with_name("tokenward")
WORST = 1.3
"""The most exposure that `systemd-analyze security` may find, of 10."""

pytestmark = [pytest.mark.peers, needs("systemd-analyze", "systemd")]


@pytest.fixture
def units(tmp_path):
    """Return the units as they are installed, for the program that runs here."""
    for unit in UNITS.glob("*.service"):
        name = unit.name.replace("@.", "@corp.")
        (tmp_path / name).write_text(unit.read_text().replace("/usr/bin/tokenward", str(TOKENWARD)))
    return sorted(tmp_path.iterdir())


def analyse(*arguments):
    """Return what systemd-analyze says, on either of its outputs."""
    ended = subprocess.run(
        ["systemd-analyze", "--no-pager", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    return ended.stdout + ended.stderr


def test_systemd_finds_nothing_to_say_about_the_units(units):
    """C9: its exit code does not tell, so not a word may be printed."""
    assert len(units) == 2
    for unit in units:
        assert analyse("verify", unit) == ""


def test_the_units_leave_little_exposed(units):
    """C9: what remains is the network, sockets and the group of the drop folder."""
    for unit in units:
        said = analyse("security", "--offline=true", unit)
        found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", said)
        assert found, said
        assert float(found[1]) <= WORST


def test_the_example_of_the_configuration_fits_the_unit():
    """C9: what it writes to is what the unit lets it write to, and what tmpfiles makes."""
    unit = (UNITS / "tokenward.service").read_text()
    made = (UNITS / "tokenward.tmpfiles.conf").read_text()
    settings = load(ROOT / "config" / "tokenward.toml").settings
    assert settings is not None
    daemon = settings.daemon

    (writable,) = re.findall(r"^ReadWritePaths=(.*)$", unit, re.MULTILINE)
    assert daemon.drop_dir.is_relative_to(writable)
    assert daemon.state_dir == Path("/var/lib") / re.findall(r"^StateDirectory=(.*)$", unit, re.MULTILINE)[0]
    for folder in ("certificates", "tokens", "events"):
        assert f"{daemon.drop_dir}/{folder}" in made


@needs("systemd-tmpfiles", "systemd")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make folders for other users")
def test_whoever_may_drop_may_not_look(tmp_path):
    """C5: group members create files there, and cannot list, delete or rename what others dropped."""
    rules = (UNITS / "tokenward.tmpfiles.conf").read_text()
    for name, number in {" tokenward-inbox": " 54321", " tokenward ": " 54320 "}.items():
        rules = rules.replace(name, number)
    file = tmp_path / "tokenward.conf"
    file.write_text(rules)
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={root}", file], check=True, timeout=60)

    folder = root / "var/spool/tokenward/drop/tokens"
    found = folder.stat()
    assert (oct(found.st_mode & 0o7777), found.st_uid, found.st_gid) == ("0o3730", 54320, 54321)
    assert oct((root / "etc/tokenward/credentials").stat().st_mode & 0o7777) == "0o700"


_PR_SET_MDWE, _REFUSE_EXEC_GAIN, _PR_SET_NO_NEW_PRIVS = 65, 1, 38


def _confined():
    """Take what the unit takes away, as far as a process can do that to itself."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    os.umask(0o077)


def test_everything_works_under_the_rules_of_the_unit(tmp_path):
    """C9: no memory that is writable and executable, no new rights: eight rotations all the same."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONSAFEPATH": "1",
    }
    ended = subprocess.run(
        [TOKENWARD, "demo", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
        env=environment,
        preexec_fn=_confined,
    )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["ok"]
