"""``config``: whether the configuration is right, what it comes to, and what would follow from an event."""

import tomllib
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.invocation import Invocation
from tokenward.cli.moment import MOMENT
from tokenward.cli.printing import print_json
from tokenward.cli.report_event import KINDS
from tokenward.cli.verb import Family, json_option, verb

if TYPE_CHECKING:
    from tokenward.app.settings import Settings
    from tokenward.app.settings_problems import Problem

_CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"


@click.group(
    "config",
    cls=Family,
    examples=("tokenward config check", "tokenward config show", "tokenward config explain main password.changed"),
)
def config() -> None:
    """Check, show and explain the configuration."""


@verb(
    "check",
    group=config,
    examples=("tokenward config check", "tokenward --config new.toml config check --json"),
)
@json_option
def check(invocation: Invocation, *, as_json: bool) -> Exit:
    """Say whether the configuration is right.

    Every problem at once, each with the key's path, what is wrong and what would be right. Works without a daemon.
    Ends with 78 when something is wrong.
    """
    from tokenward.app.settings_load import load

    path = invocation.config_path()
    loaded = load(path)
    problems = loaded.problems if loaded.settings is None else _secret_problems(invocation, loaded.settings)
    if as_json:
        listed = [{"path": one.path, "wrong": one.wrong, "right": one.right, "file": one.file} for one in problems]
        print_json({"ok": not problems, "file": str(path), "problems": listed})
    else:
        click.echo("".join(problem.text() for problem in problems), nl=False)
    if problems:
        invocation.say(f"{path}: {len(problems)} {'problem' if len(problems) == 1 else 'problems'}.")
        return Exit.CONFIGURATION
    invocation.say(f"{path} is right.")
    return Exit.WELL


def _secret_problems(invocation: Invocation, settings: "Settings") -> "tuple[Problem, ...]":
    """Return what is wrong with the secrets, and with the channels whose addresses they are.

    Credentials are looked at only where the service manager passed them.
    """
    from tokenward.app.secrets import read_secrets
    from tokenward.app.settings_channels import channel_problems
    from tokenward.app.settings_walk import secret_refs
    from tokenward.schema.secret_ref import SecretPlace

    refs = secret_refs(settings)
    if _CREDENTIALS not in invocation.environment:
        unseen = [path for path, ref in refs.items() if ref.place is SecretPlace.CREDENTIAL]
        refs = {path: ref for path, ref in refs.items() if path not in unseen}
        if unseen:
            invocation.say(f"Not looked at, for only the service manager passes credentials: {', '.join(unseen)}.")
    read = read_secrets(refs, invocation.environment)
    return (*read.problems, *channel_problems(settings, read.values))


@verb("show", group=config, examples=("tokenward config show", "tokenward config show --json"))
@json_option
def show(invocation: Invocation, *, as_json: bool) -> None:
    """Show what the configuration comes to.

    Every value that is in force, and where it comes from: its file, or the default. Secrets show as references.
    """
    from tokenward.app.settings_load import load
    from tokenward.app.settings_show import explain as values_in_force
    from tokenward.app.world import ConfigInvalid

    loaded = load(invocation.config_path())
    if loaded.settings is None:
        raise ConfigInvalid(loaded.problems)
    text = values_in_force(loaded.settings, loaded.origins)
    if as_json:
        print_json([_line(line) for line in text.splitlines()])
    else:
        click.echo(text, nl=False)


def _line(line: str) -> dict[str, object]:
    """Return a line of ``config show`` in its parts. A value holds no ``#`` that could be taken for the last one."""
    path, _, rest = line.partition(" = ")
    written, _, origin = rest.rpartition("  # ")
    value = tomllib.loads(f"value = {written}")["value"]
    return {"path": path, "value": value.isoformat() if isinstance(value, datetime) else value, "origin": origin}


@verb(
    "explain",
    group=config,
    examples=(
        "tokenward config explain main password.changed",
        "tokenward config explain main employment.ending --person kim --at 2026-12-31",
        "tokenward config explain main token.expiring --json",
    ),
)
@click.argument("service")
@click.argument("event")
@click.option("--person", metavar="PERSON", help="Whom it is about, or who asks; the custodian unless given.")
@click.option("--at", type=MOMENT, help="When it takes effect.")
@json_option
def explain(
    invocation: Invocation, service: str, event: str, *, person: str | None, at: str | None, as_json: bool
) -> None:
    """Print what the policy would decide about an event, and why.

    EVENT is a kind, such as password.changed, or a word of `tokenward report-event`. It is taken as coming from a
    person, now. Works without a daemon; what is on record of the service is taken into account where there is a
    record, and nothing is changed.
    """
    from tokenward.cli.explaining import explained

    found = explained(invocation, service, KINDS.get(event, event), person, at)
    if as_json:
        print_json(found.as_json())
    else:
        click.echo(found.text(), nl=False)
