"""The quickstart: the whole loop in one folder, with a stand-in for Apple beside the daemon."""

import asyncio
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import structlog

from tokenward.app.settings import ListenSettings
from tokenward.crypto.sealing import KEY_BYTES, format_seal_key
from tokenward.model.finding import Code, Finding, NeedsOperator
from tokenward.model.secret import Secret
from tokenward.schema.address import Address
from tokenward.store.lock import StateLock

log = structlog.get_logger("tokenward.quickstart")

START_SECONDS: Final = 20.0
RESTART_SECONDS: Final = 1.0
_DEFAULT: Final = ListenSettings()


@dataclass(frozen=True, slots=True)
class StandIn:
    """Where the stand-in for Apple's side, and the small device management service beside it, are reached."""

    apple: str
    portal: str
    nanodep: str
    nanodep_api_key: Secret


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the daemon listens, where that was said on the command line."""

    operations: Address | None = None
    """Metrics and health move with it."""
    public: Address | None = None

    def over(self, listen: ListenSettings) -> ListenSettings:
        """Return *listen* with what was said on the command line in place of its own."""
        said: dict[str, Address] = {}
        if self.operations is not None:
            said |= {"operations": self.operations, "metrics": self.operations}
        if self.public is not None:
            said |= {"public": self.public}
        return listen.model_copy(update=said)


class StandInKeeper:
    """Runs the stand-in beside the daemon, in our process group, and starts it again when it ends by itself.

    A stand-in that was started again is the same Apple at the same addresses: its state is kept before each answer.
    """

    def __init__(self, folder: Path) -> None:
        """Keep its state in *folder*."""
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> StandIn:
        """Start it and return where it is reached.

        Raises:
            NeedsOperator: It did not start; its own words say why.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = await self._start()
        self._keeping = asyncio.create_task(self._keep(), name="stand-in")
        return StandIn(said["apple"], said["portal"], said["nanodep"], Secret(said["nanodep_api_key"]))

    async def end(self) -> None:
        """End it; its state stays."""
        if self._keeping is not None:
            self._keeping.cancel()
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    async def _start(self) -> dict[str, str]:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tokenward.simulator",
            "--dir",
            str(self._folder),
            "--parent-pid",
            str(os.getpid()),
            stdout=asyncio.subprocess.PIPE,
        )
        line = await _first_line(self._process)
        if not line:
            raise NeedsOperator(_NOT_STARTED)
        said: dict[str, str] = json.loads(line)
        return said

    async def _keep(self) -> None:
        while self._process is not None:
            status = await self._process.wait()
            log.warning("stand_in.ended", status=status)
            await asyncio.sleep(RESTART_SECONDS)
            try:
                await self._start()
            except NeedsOperator as error:
                log.warning("stand_in.not_started", happened=error.finding.happened, remedy=error.finding.do)


async def _first_line(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise TypeError("the stand-in was started without a pipe")
    try:
        async with asyncio.timeout(START_SECONDS):
            return await process.stdout.readline()
    except TimeoutError:
        process.kill()
        return b""


def refuse_if_in_use(folder: Path) -> None:
    """Do nothing, unless a daemon works in *folder* already: that is said before anything is started beside it.

    Raises:
        LockedByAnother: One does.
    """
    StateLock.acquire(folder / "state").release()


def prepare(folder: Path, stand_in: StandIn, addresses: Addresses, *, by_hand: bool = False) -> Path:
    """Make what *folder* lacks and return the path of its configuration. What is there already stays as it is.

    With *by_hand* a person downloads the token of ``main``, at the stand-in's portal, instead of a program.
    """
    for inside in ("state", "targets/labs", "drop"):
        (folder / inside).mkdir(mode=0o700, parents=True, exist_ok=True)
    _write_once(folder / "seal-key", format_seal_key(Secret(secrets.token_bytes(KEY_BYTES))).reveal_text() + "\n")
    _write_once(folder / "simulator" / "nanodep-api-key", stand_in.nanodep_api_key.reveal_text() + "\n")
    config = folder / "tokenward.toml"
    _write_once(config, _filled(_template(), _values(folder, stand_in, addresses.over(_DEFAULT), by_hand=by_hand)))
    return config


def _values(folder: Path, stand_in: StandIn, listen: ListenSettings, *, by_hand: bool) -> Mapping[str, str]:
    program, person = f'{{ kind = "simulator", url = "{stand_in.portal}" }}', '{ kind = "portal" }'
    return {
        "ISSUER": person if by_hand else program,
        "OTHERWISE": f"without a person: {program}" if by_hand else f"really: {person}, a person in Apple's portal",
        "DIR": str(folder),
        "METRICS": str(listen.metrics),
        "OPERATIONS": str(listen.operations),
        "PUBLIC": str(listen.public),
        "APPLE": stand_in.apple,
        "PORTAL": stand_in.portal,
        "NANODEP": stand_in.nanodep,
    }


def _template() -> str:
    packaged = resources.files("tokenward.app") / "quickstart.toml"
    if packaged.is_file():
        return packaged.read_text()
    # In a checkout the template is where people look for it.
    return (Path(__file__).parents[3] / "config" / "quickstart.toml").read_text()


def _filled(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template


def _write_once(path: Path, content: str) -> None:
    """Write *path* whole and durably, or leave what is there: a file that was cut off half way never bears the name."""
    if path.exists():
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).rename(path)


_NOT_STARTED: Final = Finding(
    Code.CONFIGURATION,
    "The stand-in for Apple did not start.",
    "Its own words stand above. The daemon was not started either.",
    "If an address is taken: end the program that uses it, or remove the folder and begin anew.",
)
