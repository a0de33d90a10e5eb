"""The program: which commands there are, loaded when they are needed, and how errors end it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import import_module
from typing import Final

import click

from tokenward import __version__
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.verb import HELP_OPTIONS, Family, invocation_of
from tokenward.model.finding import TokenwardError


@dataclass(frozen=True, slots=True)
class Row:
    """Where a command is, and what it does in a few words; so the list of commands loads none of them."""

    module: str
    summary: str


SECTIONS: Final = {
    "Begin": {
        "quickstart": Row("run", "Try the whole loop on this machine, with a stand-in for Apple."),
        "demo": Row("run", "Watch a year in the life of two services, in half a minute."),
        "run": Row("run", "Run the daemon in the foreground."),
        "simulator": Row("simulator", "Run the stand-in for Apple alone."),
    },
    "Look": {
        "status": Row("status", "Show how every service stands."),
        "doctor": Row("doctor", "Look at everything, and say what to do next."),
        "check": Row("status", "Say in one line whether all is well."),
        "show": Row("show", "Show all that is known about a service."),
        "report": Row("report", "Give an auditor the evidence of every rotation."),
        "history": Row("history", "Show what happened to a service."),
        "events": Row("events", "Show what came in lately."),
        "probe": Row("probe", "Ask Apple or the product whether a token works."),
        "inspect": Row("inspect", "Say what a file is."),
        "preview-message": Row("preview_message", "Show what somebody would be told."),
    },
    "Act": {
        "rotate": Row("requests", "Ask for a new token."),
        "retry": Row("requests", "Have the open rotation looked at again."),
        "cancel": Row("requests", "End the open rotation."),
        "ack": Row("requests", "Give your word for what Tokenward can't see."),
        "adopt": Row("requests", "State that a service is linked already."),
        "import-token": Row("import_token", "Make a service known by the values of its token."),
        "export-certificate": Row("exports", "Give out the certificate for Apple."),
        "export-envelope": Row("exports", "Give out the token file, to be installed by hand."),
        "drop": Row("drop", "Hand over a certificate, a token or an event."),
        "report-event": Row("report_event", "Report what happened to a person."),
        "retire": Row("retire", "Look after a service no longer."),
    },
    "Set up": {
        "discover": Row("discover", "Look around in a product, and draft a configuration."),
        "config": Row("config", "Check, show and explain the configuration."),
        "targets": Row("targets", "Show which products there are, and what each can do."),
        "rules": Row("rules", "Print the alerts, for the system that raises them."),
        "version": Row("version", "Print the version."),
    },
}
"""Every command, by what people come for. The command NAME is the object of that name in its module."""

COMMANDS: Final = {name: row for rows in SECTIONS.values() for name, row in rows.items()}


class Program(Family):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Load the command with this name."""
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        found = getattr(import_module(f"tokenward.cli.{row.module}"), cmd_name.replace("-", "_"))
        if not isinstance(found, click.Command):
            raise TypeError(f"tokenward.cli.{row.module} has no command {cmd_name}")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and say which one may have been meant where there is none."""
        wanted = args[0]
        if wanted not in COMMANDS and not wanted.startswith("-"):
            near = get_close_matches(wanted, COMMANDS, n=1, cutoff=0.5)
            meant = f"Did you mean `tokenward {near[0]}`?" if near else "`tokenward --help` lists all there are."
            ctx.fail(f"There is no command {wanted!r}. {meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """Write the list of commands without loading them."""
        for title, rows in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<12}", row.summary) for name, row in rows.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command and end with its exit code; what it raises is said in three lines."""
        code: object
        try:
            code = super().invoke(ctx)
        except Failed as failed:
            code = _ended(failed)
        except TokenwardError as error:
            code = _ended(Failed.of(error))
        except KeyboardInterrupt:
            click.echo("Interrupted. What the daemon has taken goes on: `tokenward status` shows how far.", err=True)
            code = Exit.INTERRUPTED
        ctx.exit(int(code) if isinstance(code, int) else Exit.WELL)


def _ended(failed: Failed) -> Exit:
    click.echo(failed.text(), err=True, nl=False)
    return failed.code


@click.group(
    cls=Program,
    context_settings=HELP_OPTIONS,
    examples=(
        "tokenward quickstart --dir var    # the whole loop on this machine, in a minute",
        "tokenward status                  # how every service stands",
        "tokenward show main               # all that is known about one",
        "tokenward drop labs.pem           # hand over a certificate",
    ),
)
@click.option("--no-color", is_flag=True, help="Print without colours, as NO_COLOR does.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
@click.version_option(__version__, "--version", prog_name="tokenward", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context, *, no_color: bool, quiet: bool) -> None:
    """Keep the server tokens between Apple's portals and device management services alive.

    The commands ask the running daemon over its control socket. Its configuration is the one that --config names,
    else TOKENWARD_CONFIG, else var/tokenward.toml here, else /etc/tokenward/tokenward.toml.

    Exit codes: 0 well, or nothing to do; 1 failed; 2 used wrongly; 3 something needs a person; 4 refused by a safety
    check; 5 daemon, target or Apple unreachable; 6 locked by another process; 75 try again; 78 configuration.
    """
    ctx.obj = replace(invocation_of(ctx), is_quiet=quiet, wants_colour=not no_color)
    if not ctx.obj.has_colour:
        ctx.color = False


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and end the process with its exit code."""
    program(arguments, prog_name="tokenward")
