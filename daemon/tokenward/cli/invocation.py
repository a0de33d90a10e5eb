"""How the program was called: which configuration, which daemon, and how to speak."""

import os
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed

if TYPE_CHECKING:  # what only a running command loads
    from tokenward.app.settings import Settings
    from tokenward.cli.client import Client

VARIABLE: Final = "TOKENWARD_CONFIG"
LOOKED_FOR: Final = (Path("var/tokenward.toml"), Path("/etc/tokenward/tokenward.toml"))
"""Where a configuration is looked for that nobody named, in this order."""
_STATE_ROOT: Final = Path("/var/lib")
_RUNTIME_ROOT: Final = Path("/run")


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options that every command understands, and the environment."""

    config: Path | None = None
    """As ``--config`` says."""
    is_quiet: bool = False
    wants_colour: bool = True
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @property
    def is_rich(self) -> bool:
        """Whether the output goes to a terminal that can do more than print letters."""
        return sys.stdout.isatty() and self.environment.get("TERM", "dumb") != "dumb"

    @property
    def has_colour(self) -> bool:
        """Whether colours are wanted. Source: no-color.org, "NO_COLOR": any value but the empty one."""
        return self.is_rich and self.wants_colour and not self.environment.get("NO_COLOR")

    def say(self, text: str) -> None:
        """Print words for a person, which are no data, unless they want quiet."""
        if not self.is_quiet:
            click.echo(text, err=True)

    def now(self) -> datetime:
        """Return the present."""
        from tokenward.app.clock import SystemClock

        return SystemClock().now()

    def config_path(self) -> Path:
        """Return the configuration's file: the option, else the variable, else the first that is there.

        Raises:
            Failed: Nobody named one, and there is none.
        """
        if self.config is not None:
            return self.config
        if named := self.environment.get(VARIABLE):
            return Path(named)
        found = next((path for path in LOOKED_FOR if path.is_file()), None)
        if found is None:
            raise _no_configuration()
        return found.absolute()

    def settings(self) -> "Settings":
        """Return the configuration, without its secrets.

        Raises:
            ConfigInvalid: Something is wrong with it.
            Failed: There is none.
        """
        from tokenward.app.settings_load import load
        from tokenward.app.world import ConfigInvalid

        loaded = load(self.config_path())
        if loaded.settings is None:
            raise ConfigInvalid(loaded.problems)
        return loaded.settings

    def client(self) -> "Client":
        """Return what speaks to the daemon of the configuration."""
        from tokenward.app.control_path import control_socket
        from tokenward.cli.client import Client

        state_dir = self._state_dir()
        told = control_socket(state_dir, self.environment)
        return Client(next((path for path in (told, *_beside(state_dir)) if path.exists()), told))

    def _state_dir(self) -> Path:
        """Return where the daemon keeps its state.

        The one key is read by itself where that works: the whole configuration takes long to load, and a daemon goes on
        answering while somebody has a broken one in the editor.
        """
        with suppress(OSError, ValueError, LookupError, TypeError):
            state_dir = Path(tomllib.loads(self.config_path().read_text())["daemon"]["state_dir"])
            if state_dir.is_absolute():
                return state_dir
        return self.settings().daemon.state_dir


def _beside(state_dir: Path) -> tuple[Path, ...]:
    """Return the socket of a daemon that the service manager started, whose environment a shell does not share.

    Source: systemd.exec(5), "RuntimeDirectory=, StateDirectory=": /run/NAME and /var/lib/NAME.
    """
    if not state_dir.is_relative_to(_STATE_ROOT):
        return ()
    return (_RUNTIME_ROOT / state_dir.relative_to(_STATE_ROOT) / "control.sock",)


def _no_configuration() -> Failed:
    return Failed(
        Exit.CONFIGURATION,
        f"There is no configuration: neither {LOOKED_FOR[0]} nor {LOOKED_FOR[1]} is there.",
        "Without it nobody knows which daemon is meant.",
        f"Name one with --config or ${VARIABLE}, or begin with `tokenward quickstart --dir var`.",
    )
