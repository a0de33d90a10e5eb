"""``import-token``: a service made known by the five values of the token that it works with."""

from pathlib import Path

import click

from tokenward.cli.asking import Request, SentFile, ask
from tokenward.cli.exit_codes import Exit
from tokenward.cli.files import read_file
from tokenward.cli.invocation import Invocation
from tokenward.cli.verb import dry_run_option, json_option, verb


@verb(
    "import-token",
    examples=(
        "tokenward import-token main token.json",
        "tokenward import-token main token.json -n",
        "tokenward import-token main token.json && shred -u token.json",
    ),
)
@click.argument("service")
@click.argument("file", type=click.Path(path_type=Path))
@dry_run_option
@json_option
def import_token(invocation: Invocation, service: str, file: Path, *, dry_run: bool, as_json: bool) -> Exit:
    """Make a service known by the values of its token.

    FILE holds the five values as JSON, from consumer_key to access_token_expiry, as the product prints them or
    `tokenward inspect --reveal` does. They are sealed and kept, so that Apple can be asked about the token from now on,
    and the days that are left are known. Nothing is installed. Whoever reads FILE can act as the service: destroy it
    afterwards.

    Ends with 4 when the token has expired, belongs to another service, is older than the one in use, or a newer one is
    being installed.
    """
    request = Request("token.import", service=service, file=SentFile(file.name, read_file(file), "token"))
    return ask(invocation, request, as_json=as_json, dry_run=dry_run)
