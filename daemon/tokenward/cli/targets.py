"""``targets``: which products Tokenward knows, and what each can do. Needs no daemon."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import beside, print_json, print_table
from tokenward.cli.verb import json_option, verb
from tokenward.model.target import KeyPolicy

if TYPE_CHECKING:
    from tokenward.app.registry import TargetKind
    from tokenward.web.as_json import Json

KEYS: Final[Mapping[KeyPolicy, str]] = {
    KeyPolicy.FRESH_ON_FETCH: "fetched from it, another one each time",
    KeyPolicy.FIXED: "fetched from it, always the same",
    KeyPolicy.FIXED_UNTIL_REGENERATED: "fetched from it, the same until somebody makes another",
    KeyPolicy.NOT_FETCHED: "not fetched from it",
    KeyPolicy.FRESH_BY_HAND: "from its console, another one each time",
}
"""Where the certificate for Apple comes from."""
_YES: Final = {True: "yes", False: "no"}
_LABEL_WIDTH: Final = 14


@verb(
    "targets",
    examples=(
        "tokenward targets                 # every product, and how strongly it can prove a token",
        "tokenward targets nanodep         # one of them: its key, its credential, the way by hand",
        "tokenward targets --kinds --json | jq -r '.[] | select(.installs) | .kind'",
    ),
)
@click.argument("kind", metavar="[KIND]", required=False)
@click.option("--kinds", is_flag=True, help="All kinds; the same as without it.")
@json_option
def targets(invocation: Invocation, kind: str | None, *, kinds: bool, as_json: bool) -> Exit:
    """Show which products there are, and what each can do.

    For KIND: where its key comes from, which states of a token it can tell, what its credential has to be allowed,
    and how a token is installed there by hand. Every product says all this of itself. Needs no daemon.

    Rungs of proof: 0 a person's word, 1 the target took the token, 2 it shows the token, 3 it has spoken with Apple by
    it, 4 Apple says so, 5 Tokenward itself has.
    """
    from tokenward.app.registry import TARGETS

    if kinds and kind is not None:
        raise click.UsageError("--kinds is about all of them: leave either it or KIND out.")
    rows = TARGETS if kind is None else {kind: kind_named(kind)}
    if as_json:
        found = [_as_json(row) for row in rows.values()]
        print_json(found if kind is None else found[0])
    elif kind is None:
        print_table(invocation, ("KIND", "CERTIFICATE", "INSTALLS", "PROOF"), [_cells(row) for row in rows.values()])
    else:
        click.echo("\n".join(_lines(rows[kind])))
    return Exit.WELL


def kind_named(kind: str) -> "TargetKind":
    """Return the row of this *kind*.

    Raises:
        Failed: There is no such kind.
    """
    from tokenward.app.registry import TARGETS
    from tokenward.schema.near import suggest

    if kind not in TARGETS:
        happened = f"There is no kind of target called {kind!r:.60}."
        means = f"What can be named is {suggest(kind, TARGETS)}."
        raise Failed(Exit.USED_WRONGLY, happened, means, "`tokenward targets` shows every kind there is.")
    return TARGETS[kind]


def _cells(row: "TargetKind") -> tuple[str, ...]:
    can = row.abilities
    return can.kind, KEYS[can.key_policy], _YES[can.installs], f"rung {can.strongest_rung}"


def _lines(row: "TargetKind") -> Iterator[str]:
    can = row.abilities
    yield f"{can.title} ({can.kind})"
    yield ""
    yield from beside("", can.summary)
    yield ""
    facts = {
        "Certificate": KEYS[can.key_policy],
        "Installs": _YES[can.installs],
        "Reads back": _YES[can.reads_back] + (", and drops the secrets in the answer" if can.reads_secrets else ""),
        "Proof": f"up to rung {can.strongest_rung}",
        "Can tell": ", ".join(sorted(can.verdicts))
        or "no state of a token; Apple is asked where Tokenward holds the key",
        "Keyholder": ", ".join(sorted(row.keyholders)),
        "Discover": f"`tokenward discover {can.kind}` lists its tokens" if can.finds else "no",
        "Credential": can.least_privilege,
        "Tested with": can.tested_against,
    }
    for label, text in facts.items():
        yield from beside(f"{label:<{_LABEL_WIDTH}}", text)
    if can.by_hand:
        yield ""
        yield "By hand:"
        for number, step in enumerate(can.by_hand, start=1):
            yield from beside(f"  {number}  ", step)


def _as_json(row: "TargetKind") -> "Json":
    from tokenward.web.as_json import as_json

    return as_json({**asdict(row.abilities), "keyholders": row.keyholders})
