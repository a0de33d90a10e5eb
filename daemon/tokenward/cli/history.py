"""``history``: what happened to a service."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import day, print_json
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from tokenward.cli.answers import History, HistoryLine, PasswordChange, RotationDetail


@verb(
    "history",
    examples=(
        "tokenward history main",
        "tokenward history main --limit 500",
        "tokenward history main --json | jq '.rotations[0].outage.seconds'",
    ),
)
@click.argument("service")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="The latest so many.")
@json_option
def history(invocation: Invocation, service: str, *, limit: int, as_json: bool) -> None:
    """Show what happened to a service.

    Newest first: its closed rotations, with cause, times, outage and the rung of proof that was reached; how its token
    bore each new password of whoever downloaded it; then every line of the audit record about it.
    """
    from urllib.parse import quote

    from tokenward.cli.answers import History, read

    answer = invocation.client().look(f"/v1/services/{quote(service, safe='')}/history?limit={limit}")
    if as_json:
        print_json(answer)
    else:
        click.echo("\n".join(_text(read(History, answer))))


def _text(found: "History") -> Iterator[str]:
    if found.retired:
        yield f"Retired since {day(found.retired.at)}: {found.retired.why}"
        yield ""
    sections = (
        ("Rotations:", [line for one in found.rotations for line in _closed(one)]),
        ("Password changes:", [line for one in found.password_changes for line in _borne(one)]),
        ("Record:", [_line(one) for one in found.lines]),
    )
    told = [(title, lines) for title, lines in sections if lines]
    if not told:
        yield f"Nothing has happened to {found.service} yet."
    for number, (title, lines) in enumerate(told):
        yield from ("", title) if number else (title,)
        yield from lines


def _line(line: "HistoryLine") -> str:
    details = "  ".join(f"{name}={word}" for name, word in line.details.items())
    return f"  {day(line.at)}  {line.what}  {details}".rstrip()


def _closed(rotation: "RotationDetail") -> Iterator[str]:
    why = f", {rotation.close_reason}" if rotation.close_reason else ""
    yield f"  {day(rotation.closed_at)}  {rotation.state}  {', '.join(rotation.causes)}{why}"
    took = f", took {_span(rotation.closed_at - rotation.opened_at)}" if rotation.closed_at else ""
    yield f"      opened {day(rotation.opened_at)}, due {day(rotation.due_at)}{took}"
    outage = rotation.outage
    lasted = (
        f"outage {_span(timedelta(seconds=outage.seconds))} from {day(outage.started_at)}" if outage else "no outage"
    )
    yield f"      {lasted}, {'not proven' if rotation.rung is None else f'proven at rung {rotation.rung}'}"


def _borne(change: "PasswordChange") -> Iterator[str]:
    yield f"  {day(change.at)}  {change.kind}  from {change.source}"
    if change.last_worked_at:
        worked = f"last seen to work {_span(change.last_worked_at - change.at)} later, {day(change.last_worked_at)}"
    elif change.answers:
        worked = "not seen to work since"
    else:
        worked = "replaced before it was asked after" if change.replaced_at else "not asked after yet"
    dead = f"; dead by {day(change.first_dead_at)}" if change.first_dead_at else ""
    replaced = f"; replaced {day(change.replaced_at)}" if change.replaced_at else ""
    yield f"      the old token: {worked}{dead}{replaced} (answers: {change.answers})"


def _span(span: timedelta) -> str:
    """Return *span* in its largest unit that makes sense, such as ``3.5 h``."""
    seconds = max(span.total_seconds(), 0.0)
    units = ((86_400, "days"), (3600, "h"), (60, "min"))
    size, unit = next(((size, unit) for size, unit in units if seconds >= size), (1, "s"))
    return f"{seconds / size:.1f} {unit}"
