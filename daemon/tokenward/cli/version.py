"""``version``: what runs here."""

import click

from tokenward import __version__
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import print_json
from tokenward.cli.verb import json_option, verb


@verb("version", examples=("tokenward version", "tokenward version --json"))
@json_option
def version(_invocation: Invocation, *, as_json: bool) -> None:
    """Print the version."""
    import platform

    if as_json:
        print_json({"version": __version__, "python": platform.python_version()})
    else:
        click.echo(f"tokenward {__version__}")
