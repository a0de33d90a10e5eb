"""Where the command line reaches a daemon."""

from collections.abc import Mapping
from pathlib import Path

from tokenward.app.settings import Settings


def control_socket(settings: Settings, environment: Mapping[str, str]) -> Path:
    """Return where the command line reaches a daemon with *settings*."""
    runtime = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return (Path(runtime) if runtime else settings.daemon.state_dir) / "control.sock"
