"""Starting and resting, beside an interpreter that only imports what the daemon is made of."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Event

import pytest

from benchmarks.report import compare, publish
from benchmarks.rounds import in_turns, once, summed_up
from fakes.running import free_address, running, short_folder

pytestmark = pytest.mark.bench

ROUNDS = 7
COMMAND_ROUNDS = 15
IDLE_ROUNDS = 3
IDLE_SECONDS = 20
SETTLE_SECONDS = 6
GROSS_LOSS = 4.0
LARGEST_SHARE = 0.05
LIBRARIES = (
    "apscheduler.schedulers.asyncio, asn1crypto.x509, cryptography.x509, httpx2, oauthlib.oauth1, "
    "prometheus_client, pydantic, sqlite_utils, starlette.applications, structlog, uvicorn, watchdog.observers"
)
IMPORTS = f"import asyncio, sqlite3, tomllib, {LIBRARIES}"
BARE = "the libraries, bare"
_never = Event()


@contextmanager
def the_daemon(folder: Path):
    """Run a quickstart in *folder* that has been set up before, and give it when it takes events."""
    listen = ("--operations", free_address(), "--public", free_address())
    with running(folder, "-m", "tokenward", "quickstart", "--dir", str(folder), *listen) as daemon:
        daemon.until(lambda: "daemon.ready" in daemon.log(), "the daemon is ready", 30)
        yield daemon


def test_the_daemon_is_ready_soon_after_its_libraries_are():
    """C5: of the daemon alone, from its process's start to taking events; the stand-in beside it runs already."""
    with short_folder() as root:
        folder = root / "var"
        folder.mkdir()
        with the_daemon(folder) as daemon:
            daemon.until(lambda: daemon.is_settled("main"), "main is linked")
            config = folder / "tokenward.toml"

            def ready() -> float:
                return seconds_to_ready(config, root)

            measured = in_turns(
                {BARE: once(lambda: python("-c", IMPORTS)), "the daemon, start to ready": ready}, ROUNDS
            )

    compare("start", "ms", measured, {"the daemon, start to ready": "≤ 1.5"})
    assert measured["the daemon, start to ready"].ratio < GROSS_LOSS


def seconds_to_ready(config: Path, root: Path) -> float:
    """Return how long a daemon of its own, with *config*'s services, takes from its start to being ready."""
    own = root / f"own{time.monotonic_ns()}"
    (own / "state").mkdir(parents=True)
    text = config.read_text().replace(str(config.parent / "state"), str(own / "state"))
    text = text.replace(str(config.parent / "drop"), str(own / "drop"))
    for name in ("metrics", "operations", "public"):
        text = "\n".join(
            f'{name} = "127.0.0.1:0"' if line.startswith(f"{name} ") else line for line in text.split("\n")
        )
    (own / "tokenward.toml").write_text(text)
    begun_at = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "tokenward", "run", "--config", str(own / "tokenward.toml")],
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if "daemon.ready" in line:
                    return time.perf_counter() - begun_at
            raise AssertionError("".join(said))
        finally:
            process.terminate()
            process.communicate()


def test_a_daemon_that_has_nothing_to_do_does_nothing():
    """C5: memory beside that of the libraries, and processor time while nothing happens."""
    rounds: list[dict[str, float]] = []
    idle: list[float] = []
    for _ in range(IDLE_ROUNDS):
        with short_folder() as root:
            (root / "var").mkdir()
            with the_daemon(root / "var") as daemon:
                daemon.until(lambda: daemon.is_settled("main"), "main is linked")
                _never.wait(SETTLE_SECONDS)
                before = cpu_seconds(daemon.process.pid)
                _never.wait(IDLE_SECONDS)
                spent = (cpu_seconds(daemon.process.pid) - before) / IDLE_SECONDS
                rounds.append({BARE: memory_of_imports(), "the daemon, idle": resident(daemon.process.pid)})
                idle.append(spent)

    measured = summed_up(rounds)
    compare("idle", "MiB", measured, {"the daemon, idle": "≤ 1.4"})
    share = median(idle)
    publish("idle-processor", ("arm", "processor time", "goal"), [("the daemon, idle", f"{share:.2%}", "≤ 0.5%")])
    assert measured["the daemon, idle"].ratio < GROSS_LOSS
    assert share < LARGEST_SHARE


def test_the_command_line_imports_only_what_it_needs():
    """C5: what is typed is answered at once."""
    with short_folder() as root:
        folder = root / "var"
        folder.mkdir()
        with the_daemon(folder) as daemon:
            daemon.until(lambda: daemon.is_settled("main"), "main is linked")
            program = Path(sys.executable).with_name("tokenward")
            status = (str(program), "status", "--config", str(folder / "tokenward.toml"))
            measured = in_turns(
                {
                    "`python -c pass`": once(lambda: python("-c", "pass")),
                    "`tokenward --help`": once(lambda: spawn(str(program), "--help")),
                    "`tokenward version`": once(lambda: spawn(str(program), "version")),
                    "`tokenward status`": once(lambda: spawn(*status, fine={0, 3})),
                },
                COMMAND_ROUNDS,
            )
    goals = {"`tokenward --help`": "≤ 5", "`tokenward version`": "≤ 5"}
    compare("command-line", "ms", measured, goals)
    assert max(measured[name].ratio for name in goals) < 5 * GROSS_LOSS


# --- Looking at processes -----------------------------------------------------------------------------------


def python(*arguments: str) -> None:
    """Run a fresh interpreter to its end."""
    spawn(sys.executable, *arguments)


def spawn(*command: str, fine=frozenset({0})) -> None:
    """Run *command* to its end, which must be among the *fine* ones."""
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode in fine, done.stderr


def memory_of_imports() -> float:
    """Return the MiB that an interpreter holds after importing the libraries."""
    show = f"{IMPORTS}\nprint(open('/proc/self/statm').read().split()[1])"
    pages = subprocess.run([sys.executable, "-c", show], capture_output=True, check=True, text=True).stdout
    return mebibytes(pages)


def resident(pid: int) -> float:
    """Return the MiB that the process *pid* holds."""
    return mebibytes(Path(f"/proc/{pid}/statm").read_text().split()[1])


def mebibytes(pages: str) -> float:
    """Return what a number of *pages* comes to."""
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds(pid: int) -> float:
    """Return the processor time that the process *pid* has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
