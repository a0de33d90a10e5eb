"""``preview-message``: what somebody would be told."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import day, print_json
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from tokenward.cli.answers import Letter


@verb(
    "preview-message",
    examples=(
        "tokenward preview-message token.asked kim",
        "tokenward preview-message token.asked kim --reveal    # with the link to kim's page",
        "tokenward preview-message rotation.blocked operators --service main",
    ),
)
@click.argument("kind")
@click.argument("person")
@click.option("--service", metavar="SERVICE", help="About this service, where it could be about several.")
@click.option("--reveal", is_flag=True, help="Show the link's key, on a terminal: whoever has it can act for them.")
@json_option
def preview_message(
    invocation: Invocation, kind: str, person: str, *, service: str | None, reveal: bool, as_json: bool
) -> None:
    """Show what somebody would be told.

    PERSON is the id of a person, "operators", or "on-call". Nothing is sent. Where nothing calls for the message now,
    an example is made up and said to be one.
    """
    from tokenward.cli.answers import Letter, read

    if reveal and not sys.stdout.isatty():
        raise Failed(
            Exit.USED_WRONGLY,
            "The link's key is shown on a terminal alone.",
            "In a file or a pipe it would stay behind, and whoever has it can act for its person.",
            "Leave out --reveal, or look at it on a terminal.",
        )
    asked = {"kind": kind, "to": person, "service": service or "", "reveal": "yes" if reveal else ""}
    answer = invocation.client().look(f"/v1/preview?{urlencode(asked)}")
    if as_json:
        print_json(answer)
    else:
        click.echo("\n".join(_lines(read(Letter, answer))))


def _lines(letter: "Letter") -> Iterator[str]:
    if letter.is_example:
        yield "An example: nothing calls for this message now.\n"
    ways = (f"{one.channel} ({one.to})" if one.to else one.channel for one in letter.channels)
    yield f"By       {', else '.join(ways)}"
    if letter.held_until is not None:
        yield f"Held     until {day(letter.held_until)}: quiet hours"
    yield f"Subject  {letter.subject}"
    yield ""
    yield letter.body.rstrip("\n")
