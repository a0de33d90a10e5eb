"""The program as people start it, and files as they drop them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fakes.running import Running, running

ANY = "127.0.0.1:0"
PROGRAM = (sys.executable, "-m", "tokenward")


def call(*arguments: str, seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
    """Return what came of calling the program with *arguments*."""
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=seconds, check=False)


@contextmanager
def quickstart(
    folder: Path, operations: str = ANY, public: str = ANY, *flags: str, **options: Any
) -> Iterator[Running]:
    """Run ``tokenward quickstart`` on *folder* while the block lasts, in a process group of its own."""
    where = ("--dir", str(folder), "--operations", operations, "--public", public, *flags)
    with running(folder, "-m", "tokenward", "quickstart", *where, process_group=0, **options) as daemon:
        yield daemon


@contextmanager
def linked_quickstart(folder: Path) -> Iterator[Running]:
    """Run it on any ports, with both services linked."""
    with quickstart(folder) as daemon:
        daemon.until(lambda: daemon.blocked_by("labs") == "certificate_missing", "labs waits for its certificate")
        daemon.drop("certificates", "labs.pem", a_certificate("labs")[0])
        for service in ("main", "labs"):
            daemon.until(lambda service=service: daemon.is_settled(service), f"{service} is linked")
        yield daemon


def apple(folder: Path) -> dict[str, Any]:
    """Return what the stand-in has on disk, its secrets too."""
    state: dict[str, Any] = json.loads((folder / "simulator" / "state.json").read_text())
    return state


def tokens(folder: Path) -> list[str]:
    """Return the access tokens that Apple has given out, oldest first."""
    return [token["access_token"] for token in apple(folder)["tokens"]]


def children(pid: int) -> Sequence[int]:
    """Return the processes that the process *pid* has started and that are still there."""
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def is_alive(pid: int) -> bool:
    """Return whether the process *pid* is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def mode(path: Path) -> str:
    """Return the permissions of *path* in octal digits."""
    return f"{path.stat().st_mode & 0o7777:o}"


def a_certificate(name: str, bits: int = 2048, user_id: str = "") -> tuple[bytes, bytes]:
    """Return a new certificate for *name*, and for *user_id* if it is given, and its private key, both PEM."""
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name.from_rfc4514_string(f"CN={name},UID={user_id}" if user_id else f"CN={name}")
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=825))
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private
