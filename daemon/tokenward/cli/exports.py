"""``export-certificate`` and ``export-envelope``: what the daemon has on record, for hands that do without it."""

import sys
from base64 import b64decode
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Final
from urllib.parse import quote

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.files import there_already, write_file
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import print_json
from tokenward.cli.verb import F, json_option, verb

_FOR_ALL: Final = 0o644
_FOR_OWNER: Final = 0o600


def _output_options(function: F) -> F:
    """Add ``-o`` and ``--force``."""
    forced: F = click.option("--force", is_flag=True, help="Write over FILE where it is there already.")(function)
    place = click.Path(path_type=Path, dir_okay=False)
    return click.option("-o", "--output", metavar="FILE", type=place, help="Write to FILE instead of stdout.")(forced)


@verb(
    "export-certificate",
    examples=(
        "tokenward export-certificate main",
        "tokenward export-certificate main -o main.pem",
        "tokenward export-certificate main --der -o main.der",
    ),
)
@click.argument("service")
@click.option("--der", is_flag=True, help="As DER instead of PEM. Apple takes both.")
@_output_options
@json_option
def export_certificate(
    invocation: Invocation, service: str, *, der: bool, output: Path | None, force: bool, as_json: bool
) -> Exit:
    """Give out the certificate for Apple.

    The one to upload in Apple's portal now: that of the open rotation, else that of the token in use. It is no secret.

    Ends with 4 when there is none yet, or FILE is there already.
    """
    from tokenward.cli.answers import ExportedCertificate, read

    answer = invocation.client().look(f"/v1/services/{quote(service, safe='')}/certificate")
    pem = read(ExportedCertificate, answer).pem
    if as_json:
        print_json(answer)
        return Exit.WELL
    content = PEM_cert_to_DER_cert(pem) if der else pem.encode()
    return _give(invocation, content, output, _FOR_ALL, force=force)


@verb(
    "export-envelope",
    examples=("tokenward export-envelope main -o main.p7m", "tokenward export-envelope main > main.p7m"),
)
@click.argument("service")
@_output_options
@json_option
def export_envelope(invocation: Invocation, service: str, *, output: Path | None, force: bool, as_json: bool) -> Exit:
    """Give out the token file, to be installed by hand.

    For when an installation keeps failing: the very file that Apple's portal gave out, to be uploaded in the product's
    own console. It is that of the open rotation once it was downloaded, else that of the token in use. The daemon puts
    on record that it was given out; FILE can be read by its owner alone.

    Ends with 4 when there is none, or FILE is there already.
    """
    from tokenward.cli.answers import ExportedEnvelope, read

    if output is not None and output.exists() and not force:
        raise there_already(output)
    answer = invocation.client().fetch(f"/v1/services/{quote(service, safe='')}/envelope")
    found = read(ExportedEnvelope, answer)
    if as_json:
        print_json(answer)
        return Exit.WELL
    invocation.say(f"Apple's portal called it {found.file_name!r}.")
    return _give(invocation, b64decode(found.content_base64), output, _FOR_OWNER, force=force)


def _give(invocation: Invocation, content: bytes, output: Path | None, mode: int, *, force: bool) -> Exit:
    """Write *content* where it was asked for."""
    if output is not None:
        write_file(output, content, mode, force=force)
        invocation.say(f"Written to {output}.")
        return Exit.WELL
    if sys.stdout.isatty() and not content.isascii():
        raise Failed(
            Exit.USED_WRONGLY,
            "This is no text, and a terminal can't show it.",
            "Nothing was written.",
            "Name a file with -o.",
        )
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
    return Exit.WELL
