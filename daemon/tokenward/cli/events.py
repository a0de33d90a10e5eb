"""``events``: what came in lately, and what became of it."""

from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import print_json, print_json_line
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from tokenward.cli.answers import Arrival, Arrivals
    from tokenward.cli.client import Client
    from tokenward.web.as_json import Json

LOOK_EVERY_SECONDS: Final = 1.0
AT_ONCE: Final = 500
"""How many are asked for at once while following."""


@verb(
    "events",
    examples=(
        "tokenward events",
        "tokenward events --limit 500 | grep main",
        "tokenward events --follow",
        "tokenward events --json | jq '.events[] | select(.outcome == \"refused\")'",
    ),
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="The latest so many.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes in, until Ctrl-C.")
@json_option
def events(invocation: Invocation, *, limit: int, follow: bool, as_json: bool) -> Exit:
    """Show what came in lately.

    Oldest first: when, from which source, what, about which service, what became of it and why. Refused is what was
    turned away at the door, denied what was asked for and not granted, ignored what concerns nobody here; "waits" is
    what is not decided yet. A change of custodian that is planned is called just that.

    With --follow and --json, one object a line.
    """
    from tokenward.cli.answers import Arrivals, read

    client = invocation.client()
    answer = client.look(f"/v1/events?limit={limit}")
    if as_json and not follow:
        print_json(answer)
        return Exit.WELL
    found = read(Arrivals, answer)
    _print(answer, found, as_json=as_json)
    if follow:
        _follow(client, found.after, as_json=as_json)
    return Exit.WELL


def _follow(client: "Client", after: str, *, as_json: bool) -> None:
    """Print whatever comes in behind *after*, for ever."""
    from threading import Event

    from tokenward.cli.answers import Arrivals, read

    while True:
        answer = client.look(f"/v1/events?after={after}&limit={AT_ONCE}")
        found = read(Arrivals, answer)
        _print(answer, found, as_json=as_json)
        after = found.after
        if len(found.events) < AT_ONCE:
            Event().wait(LOOK_EVERY_SECONDS)  # nothing sets it: a pause that Ctrl-C ends


def _print(answer: "Json", found: "Arrivals", *, as_json: bool) -> None:
    if not as_json:
        click.echo("".join(_line(one) for one in found.events), nl=False)
    elif isinstance(answer, dict) and isinstance(told := answer["events"], list):
        for one in told:
            print_json_line(one)


def _line(arrival: "Arrival") -> str:
    """Return *arrival* in a line; of a finding only what happened, for the rest is in ``--json``."""
    why = "; ".join(line.partition("\n")[0] for line in arrival.lines)
    said = (
        f"{arrival.at:%Y-%m-%d %H:%M:%S} UTC",
        f"{arrival.source:<10}",
        f"{arrival.kind:<20}",
        f"{arrival.service or '-':<10}",
        f"{arrival.outcome or 'waits':<8}",
        why,
    )
    return f"{'  '.join(said).rstrip()}\n"
