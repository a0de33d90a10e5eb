"""``drop``: a file handed over, told apart by what is in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.asking import Request, SentFile, ask
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.files import read_file
from tokenward.cli.invocation import Invocation
from tokenward.cli.verb import dry_run_option, json_option, verb

if TYPE_CHECKING:
    from tokenward.model.event import Event
    from tokenward.model.person import Subject

TOKEN, CERTIFICATE, EVENT = ROLES = ("token", "certificate", "event")
_BY_CONTENT: Final[Mapping[str, str]] = {
    "envelope": TOKEN,
    "opened-token": TOKEN,
    "certificate": CERTIFICATE,
    "event": EVENT,
}
"""What a file is, by the word for its content."""
_BY_EXTENSION: Final[Mapping[str, str]] = {
    ".p7m": TOKEN,
    ".pem": CERTIFICATE,
    ".der": CERTIFICATE,
    ".cer": CERTIFICATE,
    ".crt": CERTIFICATE,
    ".json": EVENT,
}
"""What it is meant to be where its content says nothing: the daemon then says what is wrong with it."""


@verb(
    "drop",
    examples=(
        "tokenward drop labs.pem",
        "tokenward drop 'Main MDM_Token_2026-11-24T09-30-00Z_smime.p7m' --service main",
        "tokenward drop departure.json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--service", metavar="SERVICE", help="Whose it is. A token is matched by its recipient without.")
@click.option("--as", "role", type=click.Choice(ROLES), help="What it is, where its content does not say.")
@dry_run_option
@json_option
def drop(
    invocation: Invocation, file: Path, *, service: str | None, role: str | None, dry_run: bool, as_json: bool
) -> Exit:
    """Hand over a certificate, a token or an event.

    The file goes straight to the daemon, which says at once whether it takes it; FILE itself stays where it is. A
    certificate belongs to the service that it is named after (labs.pem), unless --service says otherwise.

    Ends with 4 when the file is refused.
    """
    body = read_file(file)
    role = _role_of(file, body, role)
    if role == EVENT:
        return _drop_events(invocation, file, body, as_json=as_json, dry_run=dry_run)
    kind = "token.supplied" if role == TOKEN else "certificate.new"
    if role == CERTIFICATE and service is None:
        service = file.stem
    return ask(invocation, Request(kind, service, file=SentFile(file.name, body)), as_json=as_json, dry_run=dry_run)


def _role_of(file: Path, body: bytes, said: str | None) -> str:
    """Return what the file is: as *said*, else by content, else by extension.

    Raises:
        Failed: It is nothing that anybody takes.
        PrivateKeyExposed: It is a private key, which stays here whatever was said.
    """
    from tokenward.crypto import FileKind, PrivateKeyExposed, kind_of

    kind = kind_of(body)
    if kind is FileKind.PRIVATE_KEY:
        raise PrivateKeyExposed
    role = said or _BY_CONTENT.get(kind.value) or _BY_EXTENSION.get(file.suffix.lower())
    if role is None:
        raise _refused(
            f"{file} is {kind.phrase}.",
            "Name a certificate, a token (.p7m) or an event (.json); if it is one of these, say which with --as.",
        )
    return role


def _drop_events(invocation: Invocation, file: Path, body: bytes, *, as_json: bool, dry_run: bool) -> Exit:
    """Hand over every event in *body*; the first that is not taken ends it, with its reason."""
    from tokenward.model.event import Way
    from tokenward.schema.cloudevents import BadCloudEvent, Reception, parse_events

    try:
        events = parse_events(body, Reception("control", Way.CONTROL, invocation.now()))
    except BadCloudEvent as error:
        finding = error.finding
        happened = f"{file}: {finding.happened}"
        raise Failed(Exit.REFUSED, happened, finding.means, finding.do, finding.code.number) from error
    codes = [ask(invocation, _request(event), as_json=as_json, dry_run=dry_run) for event in events]
    return max(codes)


def _request(event: "Event") -> Request:
    from tokenward.model.instant import format_instant

    dates = {"occurred_at": event.occurred_at, "effective_at": event.effective_at}
    return Request(
        kind=event.kind.value,
        key=event.key,
        subject=_rfc9493(event.subject) if event.subject else None,
        data={**event.data, **{name: format_instant(date) for name, date in dates.items() if date}},
    )


def _rfc9493(subject: "Subject") -> Mapping[str, str]:
    """Return *subject* as it is written. Source: RFC 9493 section 3.2; an id space has an ``id``."""
    match subject.format:
        case "email":
            return {"format": "email", "email": subject.value}
        case "account":
            return {"format": "account", "uri": f"acct:{subject.value}"}
        case "iss_sub":
            issuer, _, name = subject.value.partition(" ")
            return {"format": "iss_sub", "iss": issuer, "sub": name}
        case space:
            return {"format": space, "id": subject.value}


def _refused(happened: str, do: str) -> Failed:
    return Failed(Exit.REFUSED, happened, "Nothing was handed over.", do)
