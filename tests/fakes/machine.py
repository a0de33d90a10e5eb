"""A machine of one's own: it begins as this one, everything on it may be changed, and nothing of that stays.

    with a_machine() as machine:
        machine.run("dpkg --install /srv/tokenward.deb")

It is this machine's file system with a layer above it that is thrown away, in namespaces of its own: what is mounted,
started or listened to there, nobody else sees. It can be started by systemd as a real one is. Only root can make one.
The repository is not on it, so nothing can depend on where it was built.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[2]
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_LONGEST_SECONDS: Final = 60.0
_ROOT: Final = Path("/mnt/root")
_NAMESPACES: Final = ("--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup")
_STARTED: Final = ("running", "degraded")
_never = Event()

# What systemd asks of whoever starts it in a container, and the loopback (SIOCSIFFLAGS with IFF_UP: netdevice(7)).
# Source: systemd's "The Container Interface"; the mounts are shared, or no unit could be handed its credentials.
_BEGIN: Final = """\
set -e
root=$1 hidden=$2 path=$3
shift 3
mount -t tmpfs none /mnt
mkdir /mnt/changed /mnt/work $root
mount -t overlay none -o lowerdir=/,upperdir=/mnt/changed,workdir=/mnt/work $root
mount -t proc none $root/proc
mount -t sysfs none $root/sys
mount -t cgroup2 none $root/sys/fs/cgroup
for folder in dev run tmp "$hidden"; do
  test ! -d "$root/$folder" || mount -t tmpfs -o mode=0755 none "$root/$folder"
done
chmod 1777 $root/tmp
mkdir $root/dev/pts $root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 none $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
ln -s /proc/self/fd $root/dev/fd
for device in null zero full random urandom tty; do
  touch $root/dev/$device
  mount --bind /dev/$device $root/dev/$device
done
mount --make-rshared $root
rm -f $root/usr/sbin/policy-rc.d
/usr/bin/python3 - <<'LOOPBACK'
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh22x", b"lo", 0x1))
LOOPBACK
echo begun
exec chroot $root env -i container=other PATH="$path" "$@"
"""
_STILL: Final = ("sleep", "infinity")
_SYSTEMD: Final = ("/lib/systemd/systemd", "--unit=basic.target", "--log-target=null", "--show-status=no")


def needs_a_machine() -> pytest.MarkDecorator:
    """Skip a test where no machine of one's own can be made: that is a matter of rights, which no package brings."""
    probe = ["unshare", *_NAMESPACES, "true"]
    is_allowed = os.geteuid() == 0 and subprocess.run(probe, check=False, capture_output=True).returncode == 0
    return pytest.mark.skipif(
        not is_allowed, reason="only root, with all of root's rights, can make a machine of its own"
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """One that runs."""

    pid: int
    """Of a process outside that holds its namespaces."""

    @property
    def root(self) -> Path:
        """Where its files are, for us; links in them that begin with ``/`` lead to ours."""
        return Path(f"/proc/{self.pid}/root{_ROOT}")

    def command(self, script: str) -> list[str]:
        """Return what runs *script* there, as root."""
        spaces = Path(f"/proc/{self.pid}/ns")
        entered = (
            *(f"--{name}={spaces}/{file}" for name, file in (("mount", "mnt"), ("net", "net"), ("cgroup", "cgroup"))),
            f"--pid={spaces}/pid_for_children",
        )
        environment = ("env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8")
        return ["nsenter", *entered, "chroot", str(_ROOT), *environment, "sh", "-c", f"{script}\nexit $?"]

    def run(self, script: str, *, status: int | None = 0) -> str:
        """Return what *script* says on either of its outputs; it must end with *status*, where that is given."""
        ended = subprocess.run(
            self.command(script),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
        assert status in {None, ended.returncode}, f"{script}: {ended.returncode}\n{ended.stdout}"
        return ended.stdout

    def until(self, script: str, *answers: str) -> None:
        """Wait until *script* says one of *answers*."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while (said := self.run(script, status=None).strip()) not in answers:
            assert time.monotonic() < deadline, f"{script}: {said}"
            _never.wait(0.1)


@contextmanager
def a_machine(*, with_systemd: bool = False) -> Iterator[Machine]:
    """Make one, *with_systemd* as its first process or with nothing that runs; throw it away in the end."""
    first = _SYSTEMD if with_systemd else _STILL
    with subprocess.Popen(
        ["unshare", *_NAMESPACES, "--fork", "--kill-child", "sh", "-c", _BEGIN, "sh", _ROOT, REPOSITORY, PATH, *first],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "begun\n", "no machine of one's own can be made here"
            machine = Machine(process.pid)
            if with_systemd:
                machine.until("systemctl is-system-running", *_STARTED)
            yield machine
        finally:
            process.kill()
