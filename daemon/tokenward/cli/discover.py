"""``discover``: what tokens a product has, and the draft of a configuration that watches them. Needs no daemon."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.files import create_file
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import aligned, print_json, print_table
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from tokenward.app.registry import TargetKind
    from tokenward.app.settings import Settings
    from tokenward.cli.draft import Token
    from tokenward.cli.place import Place
    from tokenward.web.as_json import Json

_TITLES = ("TOKEN", "ORGANISATION", "DAYS LEFT", "DOWNLOADER", "CONFIGURED")
_READABLE = 0o644
"""There is no secret in a draft, and the daemon's user has to read it."""


@verb(
    "discover",
    examples=(
        "tokenward discover nanodep                       # asks for address and key, prints a draft",
        "tokenward discover fleet --write tokenward.toml  # the same, into a new file",
        "tokenward discover nanodep --url http://127.0.0.1:9001 --secret api_key=/etc/tokenward/key --json",
        "tokenward discover nanodep --set dep_name=main   # one name, of a server that can't list them",
    ),
)
@click.argument("kind")
@click.option("--url", metavar="URL", help="Where the product is reached; asked for unless given.")
@click.option(
    "--secret", "secrets", multiple=True, metavar="NAME=FILE", help="File that holds a credential; - is stdin."
)
@click.option("--set", "words", multiple=True, metavar="NAME=VALUE", help="Any other setting of such a target.")
@click.option("--write", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write the draft to a new file.")
@click.option("--no-input", is_flag=True, help="Ask for nothing; say what is missing.")
@json_option
def discover(
    invocation: Invocation,
    kind: str,
    *,
    url: str | None,
    secrets: tuple[str, ...],
    words: tuple[str, ...],
    file: Path | None,
    no_input: bool,
    as_json: bool,
) -> Exit:
    """Look around in a product, and draft a configuration.

    Lists every token that the product of this KIND shows: whose it is, who downloaded it, how many days are left. The
    draft watches them all and rotates nothing; what no product can tell is marked "check:" in it. It goes to standard
    output, or with --write into a file that is not there yet. What the present configuration has already is left out.

    Changes nothing in the product. A credential that is typed is shown nowhere and kept nowhere. Needs no daemon.
    """
    from tokenward.cli.place import Given, place_of
    from tokenward.cli.targets import kind_named

    row = _that_finds(kind_named(kind))
    if file is not None and file.exists():
        raise _there_already(file)
    present = _present(invocation)
    given = Given(_pairs("--set", words) | ({"url": url} if url else {}), _pairs("--secret", secrets), not no_input)
    place = place_of(row, given, invocation)
    tokens = _tokens(row, place, present)
    draft = _draft(tokens, place, present, invocation)
    if as_json:
        print_json({"kind": kind, "tokens": [_as_json(one, invocation) for one in tokens], "draft": draft})
    else:
        _print(invocation, tokens, to_stdout=file is not None)
    _hand_out(invocation, draft, file, present, as_json=as_json)
    return Exit.WELL


def _pairs(option: str, given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for one in given:
        name, separator, value = one.partition("=")
        if not separator or not name or not value:
            raise click.BadParameter("right: NAME=VALUE, with both", param_hint=option)
        pairs[name] = value
    return pairs


def _that_finds(row: "TargetKind") -> "TargetKind":
    """Return *row*, whose product can be looked around in.

    Raises:
        Failed: It can't be.
    """
    from tokenward.app.registry import TARGETS

    can = row.abilities
    if not can.finds:
        others = ", ".join(kind for kind, one in TARGETS.items() if one.abilities.finds)
        raise Failed(
            Exit.USED_WRONGLY,
            f"{can.title} does not show which tokens it has.",
            f"What can be looked around in is: {others}.",
            f"Write its [[service.target]] yourself; docs/configuration.md lists the keys of the kind {can.kind}.",
        )
    return row


def _present(invocation: Invocation) -> "Settings | None":
    """Return the configuration that the draft is to go with; None where there is none yet.

    Raises:
        ConfigInvalid: There is one, and it can't be used.
        Failed: One was named, and is not there.
    """
    try:
        path = invocation.config_path()
    except Failed:
        return None
    if not path.exists() and invocation.config is None:
        return None
    return invocation.settings()


def _tokens(row: "TargetKind", place: "Place", present: "Settings | None") -> "tuple[Token, ...]":
    import asyncio

    from tokenward.cli.draft import Token

    finder = row.finder(place.settings, place.reveal)
    if finder is None:
        raise TypeError(f"{row.abilities.kind} says that it finds, and has no finder")
    found = asyncio.run(finder.find_all())
    return tuple(Token.of(one, place, present, is_only=len(found) == 1) for one in found)


def _draft(
    tokens: "tuple[Token, ...]", place: "Place", present: "Settings | None", invocation: Invocation
) -> str | None:
    """Return the draft for all that is not configured yet; None where there is nothing to draft."""
    from tokenward.cli.draft import Draft

    draft = Draft(place, invocation.now(), present)
    new = [one for one in tokens if one.configured_as is None and one.found.holding.present]
    for one in new:
        draft.add(one.found)
    return draft.text() if new else None


def _print(invocation: Invocation, tokens: "tuple[Token, ...]", *, to_stdout: bool) -> None:
    cells = [_cells(one, invocation) for one in tokens]
    if to_stdout:
        print_table(invocation, _TITLES, cells)
    else:
        invocation.say(aligned([_TITLES, *cells]).rstrip())


def _cells(token: "Token", invocation: Invocation) -> tuple[str, ...]:
    from tokenward.cli.draft import cleaned

    found, days = token.found, token.days_left(invocation.now())
    left = "no token" if not found.holding.present else "not shown" if days is None else f"{days:.1f}"
    shown = (found.title, found.organisation or "-", left, found.holding.downloader or "-", token.configured_as or "-")
    return tuple(map(cleaned, shown))


def _as_json(token: "Token", invocation: Invocation) -> "Json":
    from tokenward.web.as_json import as_json

    found = token.found
    return as_json(
        {
            "title": found.title,
            "organisation": found.organisation,
            "service_name": found.service_name,
            "present": found.holding.present,
            "expires_at": found.holding.expires_at,
            "days_until_expiry": token.days_left(invocation.now()),
            "downloader": found.holding.downloader,
            "server_uuid": found.holding.server_uuid,
            "settings": dict(found.settings),
            "configured_as": token.configured_as,
        }
    )


def _hand_out(
    invocation: Invocation, draft: str | None, file: Path | None, present: "Settings | None", *, as_json: bool
) -> None:
    if draft is None:
        invocation.say("There is nothing to draft: no token is there that is not configured already.")
        return
    if file is not None:
        _write(file, draft)
        invocation.say(f"The draft is in {file}. {_next_step(present, invocation)}")
    elif not as_json:
        click.echo(draft, nl=False)
        invocation.say(_next_step(present, invocation))


def _write(file: Path, draft: str) -> None:
    try:
        create_file(file, draft.encode(), _READABLE)
    except FileExistsError as error:
        raise _there_already(file) from error
    except OSError as error:
        happened = f"{file} can't be written: {error.strerror}."
        raise Failed(Exit.FAILED, happened, "Nothing was written.", "Name a place where you may write.") from error


def _next_step(present: "Settings | None", invocation: Invocation) -> str:
    if present is None:
        return 'See to its lines with "check:", then run `tokenward --config FILE config check`.'
    beside = invocation.config_path().parent / "conf.d"
    return f'Put it into {beside}, see to its lines with "check:", then run `tokenward config check`.'


def _there_already(file: Path) -> Failed:
    return Failed(
        Exit.REFUSED,
        f"{file} is there already.",
        "It was left as it is; nothing was asked and nothing written.",
        "Name a new file with --write.",
    )
