"""``probe``: how things stand with a service's token, asked now."""

from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.asking import Request
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import day, print_json
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from tokenward.cli.answers import Reply
    from tokenward.cli.client import Client
    from tokenward.web.as_json import Json

ANSWER_SECONDS: Final = 75.0
"""How long to wait for the answer; the daemon asks within seconds, and gives up on whom it asks before that."""
LOOK_EVERY_SECONDS: Final = 0.5
_NEED_PEOPLE: Final = frozenset({"rejected", "superseded", "expired", "terms_unsigned"})


@verb("probe", examples=("tokenward probe main", "tokenward probe main --json | jq -r '.answers[0].verdict'"))
@click.argument("service")
@json_option
def probe(invocation: Invocation, service: str, *, as_json: bool) -> Exit:
    """Ask Apple or the product whether a token works.

    The daemon asks now: Apple, where it holds the token's values, else the product that works with it. The question is
    harmless, and the answer is kept. Not every product can tell everything: what it can't is said as "cannot tell",
    which is no sign that the token works.

    Ends with 3 when the token is rejected, superseded or expired or Apple's terms are to be accepted, with 5 when
    nobody could be asked, with 75 when no answer came in time.
    """
    from tokenward.cli.answers import EventAnswers, Verdict, read

    client = invocation.client()
    asked = read(Verdict, client.ask(Request("probe", service).body()))
    invocation.say("Asking …")
    answer = _answered(client, asked.event_id, service)
    reply = read(EventAnswers, answer).answers[0]
    if as_json:
        print_json(answer)
    else:
        click.echo(f"{service}  {day(reply.at)}  {_said(reply)}: {reply.why}")
    return _exit(reply)


def _answered(client: "Client", event_id: int, service: str) -> "Json":
    """Return the event, once it has an answer.

    Raises:
        Failed: It got none in time.
    """
    from threading import Event
    from time import monotonic

    from tokenward.cli.answers import EventAnswers, read

    deadline = monotonic() + ANSWER_SECONDS
    while monotonic() < deadline:
        answer = client.look(f"/v1/events/{event_id}")
        if read(EventAnswers, answer).answers:
            return answer
        Event().wait(LOOK_EVERY_SECONDS)  # nothing sets it: a pause that Ctrl-C ends
    raise Failed(
        Exit.TRY_AGAIN,
        f"How things stand with the token of {service} was not known within {ANSWER_SECONDS:.0f} seconds.",
        "The question stays on record and is asked as soon as possible.",
        f"Look for the last answer with `tokenward show {service}`.",
    )


def _said(reply: "Reply") -> str:
    if not reply.answered:
        return "no answer"
    return reply.verdict or "cannot tell"


def _exit(reply: "Reply") -> Exit:
    if reply.verdict in _NEED_PEOPLE:
        return Exit.NEEDS_PERSON
    return Exit.WELL if reply.answered else Exit.UNREACHABLE
