"""A real daemon in a process of its own, watched from outside: by its control socket, its metrics, its files, its log.

    with running(folder, "-m", "tokenward", "quickstart", "--dir", str(folder)) as daemon:
        daemon.until(lambda: daemon.service("main")["state"] == "valid", "main is linked")
        daemon.drop("events", "password.json", body)

Leaving the block ends the process, by SIGTERM first. Whatever is waited for has a deadline, and says on failure what
the daemon's last words were.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from typing import Any, Final, Protocol

import httpx2
from prometheus_client.parser import text_string_to_metric_families

PATIENCE_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.05
_never = Event()


class TooLong(AssertionError):
    """What was waited for did not come."""


class Ended(TooLong):
    """It did not come because the process has ended."""


class Process(Protocol):
    """What is asked of a process; ``subprocess.Popen`` does it."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class _OverUnixSocket(HTTPConnection):
    """One connection to a control socket; closed whatever happens."""

    def __init__(self, path: Path) -> None:
        super().__init__("tokenward", timeout=10.0)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@dataclass(slots=True)
class Running:
    """One process on one folder, as the quickstart lays it out."""

    folder: Path
    process: Process
    log_path: Path
    """What it writes to standard error, and nobody else."""
    _metrics_url: str = ""

    # --- waiting

    def until(self, met: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until *met* is true; while the daemon can't be asked yet, it is not.

        Raises:
            TooLong: It was not within *seconds*.
            Ended: The process ended meanwhile.
        """
        deadline = time.monotonic() + seconds
        while not self._is(met):
            if self.process.poll() is not None:
                raise Ended(f"{what}: the process ended with {self.process.poll()}\n{self.log()[-4000:]}")
            if time.monotonic() > deadline:
                raise TooLong(f"not so: {what}\n{self.log()[-4000:]}")
            _never.wait(_POLL_SECONDS)

    def _is(self, met: Callable[[], object]) -> bool:
        try:
            return bool(met())
        except (httpx2.TransportError, HTTPException, LookupError, OSError):
            return False

    def until_ready(self) -> None:
        """Wait until it takes events."""
        self.until(lambda: self.lines("daemon.ready"), "the daemon is ready")

    # --- looking

    @property
    def metrics_url(self) -> str:
        """Where ``/metrics`` is.

        Raises:
            LookupError: It does not take events yet.
        """
        if not self._metrics_url:
            self._metrics_url = str(self.lines("daemon.ready")[0]["metrics"])
        return self._metrics_url

    def ask(self, path: str) -> Any:
        """Return what the control socket answers to ``GET path``."""
        assert self.metrics_url
        status, answer = self._talk("GET", path)
        assert status == httpx2.codes.OK, answer
        return answer

    def send(self, event: Mapping[str, object]) -> Any:
        """Return what the control socket answers to *event*."""
        return self._talk("POST", "/v1/events", json.dumps(event))[1]

    def _talk(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        with closing(_OverUnixSocket(self.folder / "state" / "control.sock")) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def service(self, name: str) -> dict[str, Any]:
        """Return how the service *name* stands, as ``status`` tells it."""
        services = [one for org in self.ask("/v1/status")["organisations"] for one in org["services"]]
        found: dict[str, Any] = next(one for one in services if one["id"] == name)
        return found

    def is_settled(self, name: str) -> bool:
        """Return whether *name* has a token and no open rotation."""
        service = self.service(name)
        return service["rotation"] is None and service["expires_at"] is not None

    def blocked_by(self, name: str) -> str | None:
        """Return why the rotation of *name* stands still."""
        rotation = self.service(name)["rotation"]
        return rotation["blocked"]["reason"] if rotation and rotation["blocked"] else None

    @property
    def board_url(self) -> str:
        """Where the board is, without a slash at its end.

        Raises:
            LookupError: It does not take events yet.
        """
        return str(self.lines("daemon.ready")[0]["board"]).rstrip("/")

    def look_at(self, path: str) -> str:
        """Return what the board answers to ``GET path``."""
        return httpx2.get(f"{self.board_url}{path}", trust_env=False).raise_for_status().text

    def exposition(self) -> str:
        """Return ``/metrics`` as Prometheus reads it."""
        return httpx2.get(self.metrics_url, trust_env=False).raise_for_status().text

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples called *name* that have *labels*."""
        families = text_string_to_metric_families(self.exposition())
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def log(self) -> str:
        """Return everything it has written to standard error."""
        return self.log_path.read_text(errors="replace")

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        """Return its log lines, all or those of one *event*."""
        written = [line for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]
        parsed = [json.loads(line) for line in written]
        return [line for line in parsed if event is None or line["event"] == event]

    # --- doing

    def drop(self, folder: str, name: str, content: bytes) -> Path:
        """Drop a file as an uploader should, under a temporary name first; return where it lies."""
        return drop(self.folder, folder, name, content)

    def put_away(self, folder: str, name: str) -> list[str]:
        """Return where a dropped file called *name* has gone to: ``done`` or ``rejected``, once for each time."""
        kept = [(where, path.name) for where in ("done", "rejected") for path in self.drops(folder, where)]
        return [where for where, stamped in kept if stamped.partition("-")[2] == name]

    def drops(self, folder: str, *inside: str) -> list[Path]:
        """Return the files in one of the drop folders."""
        return [path for path in (self.folder / "drop" / folder).joinpath(*inside).iterdir() if not path.is_dir()]

    def end(self) -> int:
        """End it as a service manager does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def close(self) -> None:
        """Make sure that it has ended."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)


def drop(root: Path, folder: str, name: str, content: bytes) -> Path:
    """Drop a file below *root*, under a temporary name first; return where it lies."""
    path = root / "drop" / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{name}.tmp")
    temporary.write_bytes(content)
    temporary.rename(path)
    return path


def a_cloudevent(kind: str, subject: str, **data: str) -> bytes:
    """Return an event about *subject* in the CloudEvents form."""
    event = {
        "specversion": "1.0",
        "id": f"{kind}-{subject}-{time.monotonic_ns()}",
        "source": "urn:example:tests",
        "type": f"identity.{kind}",
        "subject": subject,
        "data": data,
    }
    return json.dumps(event).encode()


@contextmanager
def running(folder: Path, *arguments: str, **options: Any) -> Iterator[Running]:
    """Run ``python ARGUMENTS`` on *folder* while the block lasts; *options* go to ``subprocess.Popen``."""
    starts = len(list(folder.parent.glob(f"{folder.name}-*.log")))
    log_path = folder.with_name(f"{folder.name}-{starts + 1}.log")
    with log_path.open("wb") as log:
        process = subprocess.Popen([sys.executable, *arguments], stderr=log, **options)
    daemon = Running(folder, process, log_path)
    try:
        yield daemon
    finally:
        daemon.close()


@contextmanager
def short_folder() -> Iterator[Path]:
    """Yield a new folder whose path is short enough for a Unix socket in it."""
    root = Path(tempfile.mkdtemp(prefix="tw"))
    try:
        yield root
    finally:
        shutil.rmtree(root)


def eventually(met: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until *met* is true.

    Raises:
        TooLong: It was not within *seconds*.
    """
    deadline = time.monotonic() + seconds
    while not met():
        if time.monotonic() > deadline:
            raise TooLong
        _never.wait(_POLL_SECONDS)


def free_address() -> str:
    """Return an address on the loopback where nobody listens now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as bound:
        return f"127.0.0.1:{bound.getsockname()[1]}"
