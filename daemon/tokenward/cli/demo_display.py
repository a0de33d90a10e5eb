"""How the demonstration looks: scenes as they are played, then a table and the metrics that belong to it."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tokenward.app.demo import SCENES_PLAYED, Played, Result
from tokenward.cli.invocation import Invocation

_SERVICE_WIDTH: Final = 6


class Display:
    """Tells the demonstration on standard error, and shows what came of it on standard output."""

    def __init__(self, invocation: Invocation) -> None:
        """Speak as *invocation* asks."""
        colour = invocation.wants_colour and not invocation.environment.get("NO_COLOR")
        self._told = Console(stderr=True, quiet=invocation.is_quiet, highlight=False, no_color=not colour)
        self._shown = Console(highlight=False, no_color=not colour, soft_wrap=True)
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=self._told, transient=True
        )
        self._scenes = 0
        self._played = 0

    def __enter__(self) -> Self:
        """Begin to show progress."""
        self._progress.start()
        self._task = self._progress.add_task("The daemon and the stand-in for Apple start", total=len(SCENES_PLAYED))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the progress."""
        self._progress.stop()

    def scene(self, title: str, text: str) -> None:
        """Begin a scene."""
        self._scenes += 1
        self._told.print()
        self._told.print(Text.assemble((f"{self._scenes}  {title}", "bold"), f"\n   {text}"))
        self._progress.update(self._task, description=title)

    def proven(self, played: Played) -> None:
        """A rotation has come to its end."""
        self._played += 1
        mark, style = ("✓", "green") if played.is_well else ("✗", "red")
        old = {None: "", True: ", the old token is refused", False: ", BUT THE OLD TOKEN STILL WORKS"}
        line = f"{played.service:<{_SERVICE_WIDTH}} {played.state} at rung {played.rung}{old[played.old_token_refused]}"
        self._told.print(Text.assemble("   ", (mark, style), f" {line}"))
        self._progress.update(self._task, completed=self._played)

    def show(self, result: Result) -> None:
        """Show the table and the metrics."""
        table = Table(box=None, pad_edge=False, title_justify="left")
        for heading in ("service", "cause", "event to proof", "rung", "days left"):
            table.add_column(heading, justify="left" if heading in {"service", "cause"} else "right")
        for one in result.played:
            days = f"{one.days_until_expiry:.1f}"
            table.add_row(one.service, one.cause, f"{one.seconds:.2f} s", str(one.rung), days)
        self._shown.print()
        self._shown.print(table)
        self._shown.print("\nFrom /metrics, read over HTTP:\n")
        for line in result.metrics:
            self._shown.print(Text(f"  {line}"))
        self._shown.print()
        verdict = "Every rotation is done and every old token is refused." if result.is_well else "SOMETHING IS WRONG."
        self._shown.print(Text(verdict, "bold green" if result.is_well else "bold red"))
