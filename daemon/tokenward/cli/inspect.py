"""``inspect``: what a file is, told without a daemon."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.files import LARGEST
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import day, print_json_line
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from datetime import datetime

    from tokenward.cli.inspecting import Inspection, Remark
    from tokenward.model.certificate import AnyRecipient
    from tokenward.web.as_json import Json

_STDIN: Final = "-"
_LABEL_WIDTH: Final = 10
_LONGEST_NUMBER: Final = 1024
"""In bits. RFC 5280 section 4.1.2.2 allows serial numbers of 20 bytes; absurdly long ones are told in hexadecimal."""


@verb(
    "inspect",
    examples=(
        "tokenward inspect 'Main MDM_Token_2026-11-24T09-30-00Z_smime.p7m'",
        "tokenward inspect downloads/*",
        "tokenward inspect - < download",
        "tokenward inspect --json main.p7m | jq -r '.recipients[].serial_number'",
    ),
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--reveal", is_flag=True, help="Show the values of a token that can be read. On a terminal only.")
@json_option
def inspect(invocation: Invocation, files: tuple[str, ...], *, reveal: bool, as_json: bool) -> Exit:
    """Say what a file is.

    By what is in it, whatever its name says: a token file and the certificate that it was made for, a certificate and
    what Apple would make of it, or what else it is and what to do with it. "-" reads standard input. Needs no daemon;
    where there is a configuration and its record may be read, it also says which service a file belongs to, and until
    when the token in it lives, if a key that is kept here opens it. Nothing secret is printed without --reveal.

    Ends with 1 when a file is nothing that has a name, with 2 when one can't be read. --json prints one object a line.
    """
    if reveal and not sys.stdout.isatty():
        raise _not_on_terminal()
    from tokenward.cli.inspecting import inspected
    from tokenward.cli.kept import kept_certificates

    now, codes = invocation.now(), [Exit.WELL]
    with kept_certificates(invocation) as kept:
        for file in files:
            try:
                found = inspected("standard input" if file == _STDIN else file, _content(file), now, kept)
            except OSError as error:
                click.echo(f"{file} can't be read: {error.strerror}.", err=True)
                codes.append(Exit.USED_WRONGLY)
                continue
            if as_json:
                print_json_line(_as_json(found, reveal=reveal))
            else:
                click.echo("\n".join(_text(found, now, reveal=reveal)))
            codes.append(Exit.WELL if found.is_recognised else Exit.FAILED)
    return max(codes)


def _content(file: str) -> bytes:
    """Return what is in *file*, as much as the largest file that anybody takes has."""
    if file == _STDIN:
        return sys.stdin.buffer.read(LARGEST)
    with Path(file).open("rb") as opened:
        return opened.read(LARGEST)


def _not_on_terminal() -> Failed:
    return Failed(
        Exit.REFUSED,
        "The values of a token are shown on a terminal only, and this goes elsewhere.",
        "Nothing was looked at: what is written to a file or a log stays there.",
        "Run it in a terminal, without a pipe.",
    )


# --- For a person --------------------------------------------------------------------------------------------


def _text(found: "Inspection", now: "datetime", *, reveal: bool) -> Iterator[str]:
    yield f"{found.file}: this is {found.kind.phrase}."
    for label, text in (*_facts(found), *_validity(found, now)):
        yield f"  {label:<{_LABEL_WIDTH}}{text}"
    for remark in found.remarks:
        yield from _remark(remark)
    if not any(remark.do for remark in found.remarks):
        yield f"  {'Do':<{_LABEL_WIDTH}}{found.advice}"
    if reveal and found.token is not None:
        yield f"\n{_values(found)}"


def _facts(found: "Inspection") -> Iterator[tuple[str, str]]:
    if found.form is not None:
        yield "Form", found.form
    if found.certificate is not None:
        yield "Subject", found.certificate.subject
        yield "Signed by", "itself" if _is_self_signed(found) else found.certificate.issuer
        yield "Number", _serial(found.certificate.recipient.serial_number)
        yield "SHA-256", found.certificate.fingerprint
    for imprint in found.refused:
        yield "Subject", f"{imprint.subject}, valid {day(imprint.not_before)} to {day(imprint.not_after)}"
    for recipient in found.recipients:
        yield "Made for", _recipient(recipient)
    if found.apple_name is not None:
        yield "Named for", f"{found.apple_name.service_name!r}, downloaded {day(found.apple_name.issued_at)}"
    if found.services:
        yield "Service", ", ".join(found.services)
    if found.algorithms:
        yield "Encrypted" if found.recipients else "Key", ", ".join(found.algorithms)
    for event in found.events:
        yield "Says", event


def _validity(found: "Inspection", now: "datetime") -> Iterator[tuple[str, str]]:
    from tokenward.model.instant import days_between

    if found.certificate is not None:
        yield "Valid", f"{day(found.certificate.not_before)} to {day(found.certificate.not_after)}"
    elif found.expires_at is not None:
        yield "Expires", f"{day(found.expires_at)}, days left: {days_between(now, found.expires_at):.1f}"
    elif found.recipients:
        yield "Expires", "unknown: only its key tells, and that is not at hand"


def _remark(remark: "Remark") -> Iterator[str]:
    number = f"{remark.code} " if remark.code else ""
    yield f"  {'Note':<{_LABEL_WIDTH}}{number}{remark.happened}"
    if remark.means:
        yield f"  {'Means':<{_LABEL_WIDTH}}{remark.means}"
    if remark.do:
        yield f"  {'Do':<{_LABEL_WIDTH}}{remark.do}"


def _recipient(recipient: "AnyRecipient") -> str:
    from tokenward.crypto import printed_name
    from tokenward.model.certificate import KeyRecipient

    if isinstance(recipient, KeyRecipient):
        return f"the key {recipient.key_identifier.hex()}"
    return f"{printed_name(recipient.issuer)}, number {_serial(recipient.serial_number)}"


def _is_self_signed(found: "Inspection") -> bool:
    return found.certificate is not None and found.certificate.subject == found.certificate.issuer


def _serial(number: int) -> str:
    return str(number) if number.bit_length() <= _LONGEST_NUMBER else f"{number:#x}"


def _values(found: "Inspection") -> str:
    """Return the five values as one line of JSON, as ``import-token`` takes it."""
    from tokenward.rotation.keys import token_as_json

    return token_as_json(found.token).reveal_text() if found.token else ""


# --- For a program -------------------------------------------------------------------------------------------


def _as_json(found: "Inspection", *, reveal: bool) -> "Json":
    """Return the object for one file. Its shape is pinned: scripts are built on it."""
    import json

    from tokenward.web.as_json import as_json

    told: dict[str, Json] = {
        "file": found.file,
        "kind": found.kind.value,
        "form": found.form,
        "services": list(found.services),
        "recipients": [_recipient_json(recipient) for recipient in found.recipients],
        "algorithms": list(found.algorithms),
        "expires_at": as_json(found.expires_at),
        "opened": found.is_opened,
        "certificate": _certificate_json(found),
        "refused": [as_json(imprint) for imprint in found.refused],
        "findings": [as_json(remark) for remark in found.remarks],
        "advice": found.advice,
    }
    return {**told, "token": json.loads(_values(found))} if reveal and found.token else told


def _recipient_json(recipient: "AnyRecipient") -> "Json":
    from tokenward.crypto import printed_name
    from tokenward.model.certificate import KeyRecipient

    if isinstance(recipient, KeyRecipient):
        return {"key_identifier": recipient.key_identifier.hex()}
    return {"issuer": printed_name(recipient.issuer), "serial_number": _serial(recipient.serial_number)}


def _certificate_json(found: "Inspection") -> "Json":
    certificate = found.certificate
    if certificate is None:
        return None
    from tokenward.web.as_json import as_json

    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial_number": _serial(certificate.recipient.serial_number),
        "key_identifier": certificate.key_identifier.hex(),
        "fingerprint": certificate.fingerprint,
        "key_bits": certificate.key_bits,
        "not_before": as_json(certificate.not_before),
        "not_after": as_json(certificate.not_after),
    }
