"""The Debian packages, and what they do to a machine when they come, change and go."""

import os
import pty
import shutil
import stat
import subprocess
from contextlib import suppress

import pytest

from fakes.machine import a_machine, needs_a_machine
from fakes.programs import needs
from tokenward.cli.exit_codes import Exit
from tokenward.crypto.sealing import parse_seal_key
from tokenward.model.secret import Secret

KEY = "etc/tokenward/credentials/seal-key"
INSTALL = "dpkg --force-unsafe-io --install /srv/tokenward.deb"
TENANT = """\
[daemon]
state_dir = "/var/lib/tokenward-corp"
drop_dir = "/var/spool/tokenward/corp"
seal_key = { credential = "seal-key" }

[listen]
metrics = "127.0.0.1:9857"
operations = "127.0.0.1:9857"
public = "127.0.0.1:9858"
"""

STORE = """
[[organisation]]
id = "corp"
name = "Example Corporation"
portal = "business-manager"

[[service]]
id = "main"
organisation = "corp"
name = "Main MDM"

[[service.target]]
kind = "vault"
url = "https://vault.corp.example"
token = { credential = "vault-token" }
"""

pytestmark = [
    pytest.mark.peers,
    needs("dpkg-deb", "dpkg"),
    needs("systemd-sysusers", "systemd"),
    needs("deb-systemd-helper", "init-system-helpers"),
    needs_a_machine(),
]


@pytest.fixture
def machine(package):
    """A machine without Tokenward on which nothing runs, with the package in /srv."""
    with a_machine() as machine:
        shutil.copy(package, machine.root / "srv/tokenward.deb")
        yield machine


@pytest.fixture
def running(package):
    """The same, started by systemd."""
    with a_machine(with_systemd=True) as machine:
        shutil.copy(package, machine.root / "srv/tokenward.deb")
        yield machine


def mode(path):
    """Return the mode of *path* as it is written."""
    return oct(stat.S_IMODE(path.lstat().st_mode))


def main_pid(machine, unit):
    """Return the number of the process that *unit* runs, 0 when there is none."""
    return int(machine.run(f"systemctl show --property MainPID --value {unit}"))


def a_tenant(machine):
    """Start a tenant's daemon on *machine*, as docs/install.md says how."""
    machine.run(
        "echo 'u tokenward-corp -' | systemd-sysusers - && install -d -m 0700 /etc/tokenward/corp/credentials"
        " && head -c 32 /dev/urandom | base64 >/etc/tokenward/corp/credentials/seal-key"
        " && install -d -o tokenward-corp -g tokenward-corp /var/spool/tokenward/corp"
    )
    (machine.root / "etc/tokenward/corp/tokenward.toml").write_text(TENANT)
    machine.run("systemctl start tokenward@corp")


def the_next_version(machine):
    """Put a package of version 9 in /srv/next.deb of *machine*."""
    machine.run(
        "dpkg-deb --raw-extract /srv/tokenward.deb /srv/next"
        " && sed -i 's/^Version: .*/Version: 9/' /srv/next/DEBIAN/control"
        " && dpkg-deb -Znone --build /srv/next /srv/next.deb"
    )


# --- when it comes


def test_after_the_installation_all_is_right_and_nothing_is_to_be_looked_after(machine):
    """C9, B12.3: users, folders and their rights, a key for this machine alone, a configuration that is right."""
    said = machine.run(INSTALL)

    key = machine.root / KEY
    assert (mode(key.parent), mode(key)) == ("0o700", "0o600")
    assert parse_seal_key(key.read_bytes()) != Secret(b"")
    assert list(key.parent.iterdir()) == [key]
    assert key.read_text().strip() not in said
    assert f"Keep a copy in a safe, for without it no backup opens: cat /{KEY}" in said

    assert mode(machine.root / "var/spool/tokenward/drop/tokens") == "0o3730"
    assert machine.run("id -nG tokenward").split() == ["tokenward", "tokenward-inbox"]
    assert "multi-user.target.wants/tokenward.service" in machine.run("find /etc/systemd/system")
    assert machine.run("tokenward version") == machine.run("cd /opt && tokenward version")
    assert "/etc/tokenward/tokenward.toml is right." in machine.run("tokenward config check")
    assert "nanodep" in machine.run("tokenward targets")
    assert machine.run("cd / && md5sum --quiet --check /var/lib/dpkg/info/tokenward.md5sums") == ""


def test_where_systemd_runs_the_service_runs_too(running):
    """C9: the shipped unit with all its restrictions, its credentials and its watchdog; healthy, without a service."""
    running.run(INSTALL)

    assert running.run("systemctl is-active tokenward; systemctl is-enabled tokenward").split() == ["active", "enabled"]
    assert "watching over 0 services" in running.run("systemctl status --no-pager tokenward")
    assert "Linked and working: no organisation" in running.run("tokenward status")
    assert "OK" in running.run("tokenward check")
    assert "ok  credentials: 1 can be read." in running.run("tokenward doctor")
    owner = (running.root / f"proc/{main_pid(running, 'tokenward')}").stat().st_uid
    assert owner == int(running.run("id -u tokenward"))
    running.run("systemctl reload tokenward")
    log = running.run("journalctl --no-pager --output cat --unit tokenward")
    assert "daemon.reloaded" in log
    assert '"level": "warning"' not in log


def test_tenants_run_beside_it_and_stay_when_it_stops(running):
    """C9: each with folders of its own, which neither can enter and no other unit takes away."""
    running.run(INSTALL)
    a_tenant(running)
    tenant = main_pid(running, "tokenward@corp")

    running.run("systemctl stop tokenward")

    assert tenant > 0
    assert main_pid(running, "tokenward@corp") == tenant
    assert "Linked" in running.run("tokenward --config /etc/tokenward/corp/tokenward.toml status")
    assert mode(running.root / "var/lib/tokenward-corp") == "0o700"


def test_the_key_is_shown_to_who_looks_on_and_not_to_apt_s_log(machine):
    """B12.3: apt keeps what scripts print, so the key goes past it to the terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        machine.command("apt-get install --yes --no-install-recommends /srv/tokenward.deb"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as installing:
        os.close(theirs)
        shown = _all_of(ours)

    kept = (machine.root / "var/log/apt/term.log").read_text()
    assert installing.returncode == 0, shown
    key = (machine.root / KEY).read_text().strip()
    assert f"\r\n    {key}\r\n" in shown
    assert key not in kept
    assert "Keep a copy of the seal key in a safe" in kept


def _all_of(terminal):
    """Return what is written to *terminal* until the last program has closed it."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as file, suppress(OSError):
        while said := file.read(65_536):
            shown += said
    return shown.decode()


def test_a_tokenward_that_was_put_there_by_hand_is_not_mixed_with_the_package(machine):
    """C9: old modules among new ones are a program that nobody has tested."""
    (machine.root / "opt/tokenward/lib").mkdir(parents=True)

    said = machine.run(INSTALL, status=1)

    assert "mv /opt/tokenward /opt/tokenward.by-hand" in said
    assert not (machine.root / KEY).exists()
    machine.run(f"mv /opt/tokenward /opt/tokenward.by-hand && {INSTALL}")


def test_where_something_is_sealed_already_no_new_key_is_made(machine):
    """B12.3: a machine that is set up from a backup gets its key from the safe."""
    (machine.root / "var/lib/tokenward").mkdir()
    (machine.root / "var/lib/tokenward/tokenward.db").touch()

    machine.run(INSTALL)

    assert not (machine.root / KEY).exists()


def test_the_libraries_for_stores_of_secrets_are_a_package_beside_it(machine, stores):
    """C9: who has no such store is spared them, and who has one is told which package brings them."""
    shutil.copy(stores, machine.root / "srv/stores.deb")
    machine.run(INSTALL)
    with (machine.root / "etc/tokenward/tokenward.toml").open("a") as file:
        file.write(STORE)
    assert "Debian package tokenward-stores" in machine.run("tokenward config check", status=Exit.CONFIGURATION)

    machine.run("dpkg --force-unsafe-io --install /srv/stores.deb")

    machine.run("tokenward config check")
    modules = "hvac, kubernetes_asyncio, boto3, google.cloud.secretmanager, azure.keyvault.secrets"
    machine.run(f"/opt/tokenward/bin/python3 -c 'import {modules}'")


# --- when it changes and goes


def test_an_upgrade_keeps_what_there_is_and_starts_again_what_ran(running):
    """C9: key, state and configuration stay; tenants are started again too, and what somebody has stopped is not."""
    running.run(INSTALL)
    a_tenant(running)
    running.run("systemctl stop tokenward")
    tenant = main_pid(running, "tokenward@corp")
    key = (running.root / KEY).read_bytes()
    state = (running.root / "var/lib/tokenward/tokenward.db").stat()
    (running.root / "etc/tokenward/tokenward.toml").write_text("# mine\n")
    the_next_version(running)

    said = running.run("dpkg --force-unsafe-io --install /srv/next.deb")

    assert "key" not in said
    assert (running.root / KEY).read_bytes() == key
    assert (running.root / "var/lib/tokenward/tokenward.db").stat() == state
    assert (running.root / "etc/tokenward/tokenward.toml").read_text() == "# mine\n"
    assert main_pid(running, "tokenward@corp") not in {0, tenant}
    assert main_pid(running, "tokenward") == 0
    assert not (running.root / "run/tokenward.were-running").exists()


def test_who_removes_it_can_have_it_back_as_it_was(running):
    """C9: removed, everything of its own stays, and a second installation goes on with it."""
    running.run(INSTALL)
    key = (running.root / KEY).read_bytes()
    process = running.root / f"proc/{main_pid(running, 'tokenward')}"
    assert process.exists()

    running.run("dpkg --remove tokenward")
    assert not process.exists()
    assert not (running.root / "opt/tokenward").exists()

    said = running.run(INSTALL)
    assert running.run("systemctl is-active tokenward") == "active\n"
    assert "key" not in said
    assert (running.root / KEY).read_bytes() == key


def test_a_purge_says_what_it_keeps_and_how_it_goes_too(machine):
    """C9: keys that live services depend on are not removed in passing; empty folders and the rest are."""
    machine.run(INSTALL)
    (machine.root / "var/lib/tokenward").mkdir()
    (machine.root / "var/lib/tokenward/tokenward.db").touch()

    said = machine.run("dpkg --purge tokenward")

    assert "rm -r /var/lib/tokenward /etc/tokenward\n" in said
    assert (machine.root / KEY).exists()
    assert (machine.root / "var/lib/tokenward/tokenward.db").exists()
    left = machine.run("find /etc /opt /run /usr /var -name '*tokenward*'").split()
    assert sorted(left) == ["/etc/tokenward", "/var/lib/tokenward", "/var/lib/tokenward/tokenward.db"]


def test_a_purge_of_what_was_never_used_leaves_nothing(machine):
    """C9: not even a sentence."""
    machine.run(INSTALL)
    (machine.root / KEY).unlink()

    assert "Kept" not in machine.run("dpkg --purge tokenward")
    assert not (machine.root / "etc/tokenward").exists()
