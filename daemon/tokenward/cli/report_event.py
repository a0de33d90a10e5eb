"""``report-event``: what happened to a person, in a person's own words."""

from collections.abc import Mapping
from typing import Final

import click

from tokenward.cli.asking import Request, ask
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.moment import MOMENT
from tokenward.cli.verb import dry_run_option, json_option, verb

KINDS: Final[Mapping[str, str]] = {
    "password-changed": "password.changed",
    "password-reset": "password.reset",
    "leaving": "employment.ending",
    "disabled": "account.disabled",
    "returned": "account.enabled",
    "role-lost": "role.lost",
}
"""What somebody says, and the kind of event that it is."""

_AHEAD: Final = frozenset({"leaving", "disabled"})
"""What may be dated in the future: the date is then when it takes effect."""


@verb(
    "report-event",
    examples=(
        "tokenward report-event password-changed kim",
        "tokenward report-event leaving kim@corp.example --at 2026-12-31",
        "tokenward report-event returned kim -n",
    ),
)
@click.argument("what", metavar="WHAT", type=click.Choice(list(KINDS)))
@click.argument("person")
@click.option("--at", type=MOMENT, help="When it happened or, for leaving and disabled, takes effect.")
@dry_run_option
@json_option
def report_event(
    invocation: Invocation, what: str, person: str, *, at: str | None, dry_run: bool, as_json: bool
) -> Exit:
    """Report what happened to a person.

    WHAT is password-changed, password-reset, leaving, disabled, returned or role-lost. PERSON is an id of the
    configuration, or an address. What follows is the policy's business: see `tokenward config explain`. Without a
    date it happened now; who is leaving without a date leaves in two weeks.
    """
    dated = "effective_at" if what in _AHEAD else "occurred_at"
    request = Request(KINDS[what], subject=_address_of(invocation, person), data={dated: at})
    return ask(invocation, request, as_json=as_json, dry_run=dry_run)


def _address_of(invocation: Invocation, person: str) -> str:
    """Return an address of *person*, who may be given by id; a word that means nobody here would be ignored silently.

    Raises:
        Failed: The configuration names nobody so.
    """
    from tokenward.app.roster_of import roster_of
    from tokenward.model.person import Subject
    from tokenward.policy.identity import Nobody, resolve
    from tokenward.schema.near import suggest

    roster = roster_of(invocation.settings())
    if person in roster.people:
        return next(iter(roster.people[person].accounts.values()))
    if isinstance(resolve(Subject("email", person), "control", roster), Nobody):
        raise Failed(
            Exit.USED_WRONGLY,
            f"The configuration names nobody {person[:60]!r}.",
            "Nothing was reported.",
            f"Say {suggest(person, roster.people)}." if roster.people else "Add a [[person]] to the configuration.",
        )
    return person
