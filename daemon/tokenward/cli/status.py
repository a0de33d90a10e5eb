"""``status`` and ``check``: how every service stands, for people and for monitoring systems."""

from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import print_json, print_table
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from tokenward.cli.answers import Rotation, Service, Status
    from tokenward.cli.standing import Standing

_TITLES: Final = ("organisation", "service", "state", "days left", "custodian", "rotation")
_BASES: Final = {"decrypted": "", "read_back": "", "stated": " stated", "estimated": " estimated"}
"""What stands beside the days. Where nothing does, the token or the product itself says so."""


@verb(
    "status",
    examples=(
        "tokenward status",
        "tokenward status main",
        "tokenward status --json | jq '.organisations[].services[].days_until_expiry'",
    ),
)
@click.argument("service", required=False)
@json_option
def status(invocation: Invocation, service: str | None, *, as_json: bool) -> Exit:
    """Show how every service stands.

    Days left are known from the token or the product that holds it, unless "stated" or "estimated" stands beside them.
    Of an open rotation stands its state and, in brackets, what it waits for. Where no daemon runs, its record is shown.

    Ends with 3 when something needs a person, with 5 when no daemon runs.
    """
    from tokenward.cli.standing import concerns, standing_of

    found = standing_of(invocation, service)
    needs = concerns(found.status)
    if as_json:
        print_json(found.answer)
    else:
        print_table(invocation, _TITLES, _rows(found.status))
        linked = [organisation.id for organisation in found.status.organisations if organisation.linked]
        click.echo(f"\nLinked and working: {', '.join(linked) or 'no organisation'}")
        if needs:
            click.echo("\nNeeds a person:\n" + "".join(f"  {need}\n" for need in needs), nl=False)
        if found.status.retired:
            click.echo(f"\nRetired: {', '.join(found.status.retired)}")
    return _ended(invocation, found, needs)


@verb("check", examples=("tokenward check", "tokenward check main", "tokenward -q check || echo trouble"))
@click.argument("service", required=False)
@json_option
def check(invocation: Invocation, service: str | None, *, as_json: bool) -> Exit:
    """Say in one line whether all is well.

    For monitoring systems. Ends with 0 when all is well, with 3 when something needs a person: a rotation that is
    blocked or waits for somebody, a token that is dead or has 14 days or less to live, an organisation without a
    working service. Ends with 5 when no daemon runs.
    """
    from tokenward.cli.standing import concerns, standing_of

    found = standing_of(invocation, service)
    needs = concerns(found.status)
    if as_json:
        print_json({"ok": not needs and found.without_daemon is None, "needs_person": needs})
    else:
        click.echo(f"ATTENTION {'; '.join(needs)}" if needs else f"OK {_summary(found.status)}")
    return _ended(invocation, found, needs)


def _ended(invocation: Invocation, found: "Standing", needs: tuple[str, ...]) -> Exit:
    if found.without_daemon is None:
        return Exit.NEEDS_PERSON if needs else Exit.WELL
    invocation.say(f"{found.without_daemon.happened} This is what its record says.")
    invocation.say(f"  Do     {found.without_daemon.do}")
    return Exit.UNREACHABLE


def _rows(status: "Status") -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for organisation in status.organisations:
        if not organisation.services:
            rows.append((organisation.id, "(none)", "not linked", "-", "-", "-"))
        rows += [(organisation.id, *_cells(service)) for service in organisation.services]
    return rows


def _cells(service: "Service") -> tuple[str, ...]:
    return (
        service.id,
        service.state,
        days_left(service.days_until_expiry, service.expiry_basis),
        service.custodian or "-",
        _rotation(service.rotation) if service.rotation else "-",
    )


def days_left(days: float | None, basis: str | None) -> str:
    """Return the days with how they are known; never a number alone that somebody guessed."""
    if days is None:
        return "unknown"
    return f"{days:.1f}{_BASES.get(basis or '', f' {basis}')}"


def _rotation(rotation: "Rotation") -> str:
    if rotation.blocked is not None:
        return f"blocked: {rotation.waiting_for or rotation.blocked.reason}"
    return f"{rotation.state} ({rotation.waiting_for})" if rotation.waiting_for else rotation.state


def _summary(status: "Status") -> str:
    services = [service for one in status.organisations for service in one.services]
    known = [(one.days_until_expiry, one.id) for one in services if one.days_until_expiry is not None]
    count = f"{len(services)} service{'' if len(services) == 1 else 's'}"
    if not known:
        return f"{count}; nobody knows when a token expires"
    days, service = min(known)
    return f"{count}; the next token to expire is {service}'s, in {days:.1f} days"
