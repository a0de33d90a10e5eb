"""Tables of figures: printed, and written into ``docs/performance.md`` when TOKENWARD_WRITE_PERFORMANCE is set."""

import os
import platform
import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.rounds import Measured

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
WRITE: Final = "TOKENWARD_WRITE_PERFORMANCE"
_SCALES: Final = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MiB": 1.0, "ms CPU": 1e3}


def compare(name: str, unit: str, measured: Mapping[str, Measured], goals: Mapping[str, str]) -> None:
    """Publish *measured*, whose first arm is the baseline, beside the *goals* of its arms."""
    rows = [
        (arm, f"{one.value * _SCALES[unit]:.3g} {unit}", f"{one.ratio:.2f}", goals.get(arm, ""))
        for arm, one in measured.items()
    ]
    publish(name, ("arm", "median", "× baseline", "goal"), rows)


def publish(name: str, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the table *name*, and write it between its marks in the page where that is asked for."""
    lines = [f"| {' | '.join(cells)} |" for cells in (heading, ["---"] * len(heading), *rows)]
    print("\n\n" + "\n".join(lines))
    if not os.environ.get(WRITE):
        return
    written = re.compile(rf"(<!-- begin {name} -->\n).*(<!-- end {name} -->)", re.DOTALL)
    text, count = written.subn(lambda marks: f"{marks[1]}{_with_machine(lines)}\n{marks[2]}", PAGE.read_text())
    if not count:
        raise LookupError(f"{PAGE.name} has no place for {name}")
    PAGE.write_text(text)


def _with_machine(lines: list[str]) -> str:
    return "\n".join([*lines, "", machine()])


def machine() -> str:
    """Return what the figures were taken on, without a name or a path."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = datetime.now(UTC).date().isoformat()
    return (
        f"{today}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} on {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
