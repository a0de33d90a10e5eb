"""``retire``: nobody looks after a service any more, and what is on record of it stays."""

import shlex
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from tokenward.cli.asking import Request, ask
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.verb import dry_run_option, json_option, verb

if TYPE_CHECKING:
    from tokenward.cli.answers import AssignedDevices


@verb(
    "retire",
    examples=(
        "tokenward retire labs",
        'tokenward retire labs --reason "its devices moved to main" --confirm "Labs MDM"',
        "tokenward retire labs --undo",
    ),
)
@click.argument("service")
@click.option("--reason", metavar="TEXT", help="Why; the record keeps it.")
@click.option(
    "--confirm", metavar="NAME", help="The service's name at Apple, where nobody is there to be asked for it."
)
@click.option("--undo", is_flag=True, help="Have a retired service looked after again.")
@dry_run_option
@json_option
def retire(
    invocation: Invocation,
    service: str,
    *,
    reason: str | None,
    confirm: str | None,
    undo: bool,
    dry_run: bool,
    as_json: bool,
) -> Exit:
    """Look after a service no longer.

    Its open rotation, its probes and its messages end, and status leaves it out; what is on record of it stays. It is
    retired for as long as the configuration names it. Refused, with 4, once a new token has been downloaded: that has
    to be installed first.

    Where Apple shows devices assigned to it, or nobody can tell, its name is asked for. Without the name nothing is
    done, and the program ends with 4.

    With --undo it is looked after again, from what its target and Apple say then. A rotation that ended with it is not
    taken up again; a new one opens when time, or an answer, calls for it.
    """
    request = Request("reinstate" if undo else "retire", service, data={"reason": reason})
    if not undo and not dry_run:
        _confirm(invocation, service, confirm)
    return ask(invocation, request, as_json=as_json, dry_run=dry_run)


def _confirm(invocation: Invocation, service: str, given: str | None) -> None:
    """Have the service's name said, unless Apple says that no device is assigned to it.

    Raises:
        Failed: It was not said, or another one was.
    """
    from tokenward.cli.answers import AssignedDevices, read

    found = read(AssignedDevices, invocation.client().look(f"/v1/services/{quote(service, safe='')}/devices"))
    if found.devices == 0:
        return
    if given is None and sys.stdin.isatty():
        given = str(click.prompt(f"{_told(found)}\nIts name, to retire it all the same", err=True))
    if given is None:
        raise Failed(
            Exit.REFUSED,
            _told(found),
            "Nothing was done. Nobody would see its token end, and after that such devices could not enrol.",
            f"Assign them to another service in Apple's portal, or add --confirm {shlex.quote(found.name)}.",
        )
    if given.strip() != found.name.strip():
        raise Failed(
            Exit.REFUSED,
            f"{given.strip()[:60]!r} is not what {service} is called at Apple.",
            "Nothing was done.",
            f"Say it as the configuration does: {found.name}.",
        )


def _told(found: "AssignedDevices") -> str:
    if found.devices is None:
        return f"Whether devices are assigned to {found.name} at Apple is not known: {found.why}"
    devices = "1 device is" if found.devices == 1 else f"{found.devices} devices are"
    return f"{devices} assigned to {found.name} at Apple."
