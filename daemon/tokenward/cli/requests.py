"""``rotate``, ``retry``, ``cancel``, ``ack`` and ``adopt``: what somebody may ask for a service."""

import click

from tokenward.cli.asking import Request, ask
from tokenward.cli.exit_codes import Exit
from tokenward.cli.invocation import Invocation
from tokenward.cli.moment import MOMENT
from tokenward.cli.verb import dry_run_option, json_option, verb


@verb(
    "rotate",
    examples=(
        "tokenward rotate main",
        'tokenward rotate main --reason "laptop of the custodian was stolen" --new-key',
        "tokenward rotate main -n",
    ),
)
@click.argument("service")
@click.option("--reason", metavar="TEXT", help="Why; the record keeps it.")
@click.option("--new-key", is_flag=True, help="Make the token for a new private key.")
@dry_run_option
@json_option
def rotate(
    invocation: Invocation, service: str, *, reason: str | None, new_key: bool, dry_run: bool, as_json: bool
) -> Exit:
    """Ask for a new token.

    A rotation opens, or the open one is joined. The old token works until the new one is downloaded in Apple's
    portal; before anybody is asked for that, the way is checked.
    """
    data = {"reason": reason, "new_key": "yes" if new_key else None}
    return ask(invocation, Request("rotate", service, data=data), as_json=as_json, dry_run=dry_run)


@verb("retry", examples=("tokenward retry main", "tokenward retry main --target nanodep"))
@click.argument("service")
@click.option("--target", metavar="TARGET", help="Only this target of the service, by its id.")
@dry_run_option
@json_option
def retry(invocation: Invocation, service: str, *, target: str | None, dry_run: bool, as_json: bool) -> Exit:
    """Have the open rotation looked at again.

    At once, whatever it waits for. It goes on from what the targets and Apple say then, so this repeats nothing that
    has been done. With --target only the installation on that target is tried again, as if it had never failed; the
    others keep their pace.
    """
    return ask(invocation, Request("retry", service, data={"target": target}), as_json=as_json, dry_run=dry_run)


@verb(
    "cancel",
    examples=(
        'tokenward cancel main --reason "the service moves to another product"',
        'tokenward cancel main --reason "in the holidays" --until 2027-01-07',
    ),
)
@click.argument("service")
@click.option("--reason", metavar="TEXT", required=True, help="Why; the record keeps it.")
@click.option("--until", type=MOMENT, help="Until then nothing but news opens another: neither expiry nor first link.")
@dry_run_option
@json_option
def cancel(
    invocation: Invocation, service: str, *, reason: str, until: str | None, dry_run: bool, as_json: bool
) -> Exit:
    """End the open rotation.

    Refused, with 4, once a new token has been downloaded: from then on the old one is dead and the new one has to be
    installed.
    """
    data = {"reason": reason, "until": until}
    return ask(invocation, Request("cancel", service, data=data), as_json=as_json, dry_run=dry_run)


@verb(
    "ack",
    examples=(
        'tokenward ack main --as-proven --reason "seen to sync in the product\'s console"',
        'tokenward ack main --as-installed --reason "uploaded in the product\'s console"',
    ),
)
@click.argument("service")
@click.option("--as-proven", "word", flag_value="ack", help="Take your word as the proof.")
@click.option("--as-installed", "word", flag_value="handed.off", help="Take your word that you handed the file over.")
@click.option("--reason", metavar="TEXT", required=True, help="What you saw or did; the record keeps it.")
@dry_run_option
@json_option
def ack(invocation: Invocation, service: str, *, word: str | None, reason: str, dry_run: bool, as_json: bool) -> Exit:
    """Give your word for what Tokenward can't see.

    That a new token works: for one that is installed, in a product that can't show it, once you have seen it yourself.
    The rotation ends with rung 0 on record: a person's word. Or that it is installed: for a product that takes the file
    in its own console only.
    """
    if word is None:
        raise click.UsageError("say what for: --as-proven or --as-installed")
    return ask(invocation, Request(word, service, data={"reason": reason}), as_json=as_json, dry_run=dry_run)


@verb("adopt", examples=("tokenward adopt main --expires 2027-03-01",))
@click.argument("service")
@click.option("--expires", type=MOMENT, required=True, help="When its token expires; a date means its first minute.")
@dry_run_option
@json_option
def adopt(invocation: Invocation, service: str, *, expires: str, dry_run: bool, as_json: bool) -> Exit:
    """State that a service is linked already.

    For products that can't be asked. The days that are left count as stated, and a first rotation that nobody has
    begun ends.
    """
    return ask(invocation, Request("adopt", service, data={"expires_at": expires}), as_json=as_json, dry_run=dry_run)
