"""Printing: JSON for programs, aligned text for files and pipes, a table for terminals."""

import json
import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import click

from tokenward.cli.invocation import Invocation

WIDTH: Final = 80
GAP: Final = 2
_NARROWEST: Final = 6
_COLOURS: Final = {
    "valid": "green",
    "suspect": "yellow",
    "terms_unsigned": "yellow",
    "rejected": "red",
    "superseded": "red",
    "expired": "red",
}
"""Of a token's state, wherever it stands in a cell."""


def print_json(value: object) -> None:
    """Print *value* on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_json_line(value: object) -> None:
    """Print *value* on stdout, in one line, at once."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_table(invocation: Invocation, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print *rows* under *titles*: with lines and colours on a terminal, as aligned text elsewhere."""
    if invocation.is_rich:
        _print_rich(titles, rows, has_colour=invocation.has_colour)
    else:
        click.echo(aligned([titles, *rows]), nl=False)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return *rows* as columns within 80 letters; the widest cells are cut off, with a mark, where need be."""
    widths = _fitting([max(map(len, column)) for column in zip(*rows, strict=True)])
    return "".join(
        f"{'  '.join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()}\n"
        for row in rows
    )


def beside(label: str, text: str) -> list[str]:
    """Return *text* beside its *label*. Words stay whole, for commands and addresses are to be copied."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def day(moment: datetime | None) -> str:
    """Return *moment* as people read it, to the minute and in UTC, or a dash."""
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def _fitting(widths: list[int]) -> list[int]:
    """Return *widths* made so small, the widest first, that a line fits."""
    while sum(widths) + GAP * (len(widths) - 1) > WIDTH and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: width - 1] + "…"


def _print_rich(titles: Sequence[str], rows: Sequence[Sequence[str]], *, has_colour: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*titles, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console(no_color=not has_colour, highlight=False, soft_wrap=False).print(table)
