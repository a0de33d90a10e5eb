"""What every command has: help with examples first, the common options, and a way to say what came of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from tokenward.cli.invocation import Invocation

F = TypeVar("F", bound=Callable[..., object])

HELP_OPTIONS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Exemplified(click.Command):
    """A command whose help has examples before everything else, and which understands ``--config``."""

    def __init__(self, *args: Any, examples: tuple[str, ...], **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        """Make the command with *examples*, each a whole line as somebody would type it."""
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params.append(_config_option())

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, one a line, then what the command does."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        super().format_help_text(ctx, formatter)


class Verb(Exemplified):
    """A command. It returns the program's exit code, or nothing where all is well."""


class Family(Exemplified, click.Group):
    """A command with commands inside."""


def _config_option() -> click.Option:
    """Return ``--config``, which is understood before and after the command's name."""
    return click.Option(
        ["--config"],
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PATH",
        expose_value=False,
        callback=_use_config,
        help="Configuration of the daemon in question.",
    )


def _use_config(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    present = invocation_of(ctx)
    ctx.obj = present if value is None else replace(present, config=value)


def invocation_of(ctx: click.Context) -> Invocation:
    """Return how the program was called."""
    return ctx.find_object(Invocation) or Invocation()


def verb(name: str, *, examples: tuple[str, ...], group: click.Group | None = None) -> Callable[[F], Verb]:
    """Make a function the command *name*; it gets the ``Invocation`` first. Inside *group* where one is given."""

    def decorate(function: F) -> Verb:
        called = click.pass_obj(function)
        made: Verb = click.command(name, cls=Verb, examples=examples)(called)
        if group is not None:
            group.add_command(made)
        return made

    return decorate


def json_option(function: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)


def dry_run_option(function: F) -> F:
    """Add ``-n`` and ``--dry-run``."""
    return click.option("-n", "--dry-run", is_flag=True, help="Show what would be asked; ask nothing.")(function)
