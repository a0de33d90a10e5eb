"""The documents as the tests read them: headings, links, tables and blocks of code."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = tuple(sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))

_BLOCK: Final = re.compile(r"^ *```(\w+)(?: ([^\n]+))?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_NO_ANCHOR: Final = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code, such as begins with three backticks, ``sh`` and ``tested``."""

    language: str
    note: str
    """What stands behind the language; readers do not see it."""
    text: str


def blocks(document: Path) -> tuple[Block, ...]:
    """Return the blocks of code in *document*, in order."""
    return tuple(Block(*found) for found in _BLOCK.findall(document.read_text()))


def prose(document: Path) -> str:
    """Return *document* without its blocks of code."""
    return _BLOCK.sub("", document.read_text())


def headings(document: Path) -> tuple[str, ...]:
    """Return the headings of *document*, in order."""
    return tuple(_HEADING.findall(prose(document)))


def anchors(document: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives to the headings of *document*."""
    return frozenset(_NO_ANCHOR.sub("", heading.lower()).replace(" ", "-") for heading in headings(document))


def links(document: Path) -> tuple[str, ...]:
    """Return what *document* links to."""
    return tuple(_LINK.findall(prose(document)))


def rows(document: Path, first_heading: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row of the table in *document* whose first column has this heading."""
    lines = iter(document.read_text().splitlines())
    for line in lines:
        if line.startswith(f"| {first_heading} |"):
            break
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            return
        yield tuple(cell.strip() for cell in line.strip("|").split("|"))


def tracked() -> tuple[Path, ...]:
    """Return every file that is in the repository, or would be with the next commit."""
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    return tuple(path for name in sorted(listed.split("\0")) if name and (path := ROOT / name).is_file())
