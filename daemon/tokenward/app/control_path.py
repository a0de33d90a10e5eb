"""Where the command line reaches a daemon."""

from collections.abc import Mapping
from pathlib import Path


def control_socket(state_dir: Path, environment: Mapping[str, str]) -> Path:
    """Return where the command line reaches a daemon that keeps its state in *state_dir*."""
    runtime = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return (Path(runtime) if runtime else state_dir) / "control.sock"
