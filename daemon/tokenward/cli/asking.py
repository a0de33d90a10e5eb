"""Asking the daemon for something: every request is an event, and its verdict is said the same way."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import click

from tokenward.cli.exit_codes import Exit, exit_of_number
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import print_json

_KNOWN: Final = "known"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that goes with a request."""

    name: str
    body: bytes = field(repr=False)
    role: str | None = None
    """What it is meant to be, where the kind of the event does not say."""

    def sent(self) -> dict[str, str]:
        """Return it as it is sent."""
        said = {"role": self.role} if self.role else {}
        return {"name": self.name, "content_base64": b64encode(self.body).decode(), **said}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, in the words of ``POST /v1/events``."""

    kind: str
    service: str | None = None
    person: str | None = None
    subject: str | Mapping[str, str] | None = None
    data: Mapping[str, str | None] = field(default_factory=dict)
    """What is None is not said."""
    file: SentFile | None = None
    key: str | None = None
    """What names the event at its sender."""

    def body(self) -> dict[str, object]:
        """Return the body, without what is not said."""
        said = {
            "kind": self.kind,
            "key": self.key,
            "service": self.service,
            "person": self.person,
            "subject": self.subject,
            "data": {name: word for name, word in self.data.items() if word is not None} or None,
            "file": self.file.sent() if self.file else None,
        }
        return {name: value for name, value in said.items() if value is not None}


def ask(invocation: Invocation, request: Request, *, as_json: bool = False, dry_run: bool = False) -> Exit:
    """Ask the daemon, print what became of it, and return the exit code for that.

    Raises:
        Failed: The daemon does not answer, or did not take it.
    """
    if dry_run:
        return show_request(invocation, request)
    from tokenward.cli.answers import Verdict, read

    answer = invocation.client().ask(request.body())
    verdict = read(Verdict, answer)
    if as_json:
        print_json(answer)
    else:
        _print(invocation, verdict.event_id, verdict.verdict, verdict.warnings)
    settlement = verdict.settlement
    if settlement is None:
        invocation.say("It is not decided yet: `tokenward status` shows what becomes of it.")
        return Exit.WELL
    if settlement.outcome == "denied":
        click.echo("".join(settlement.lines), err=True, nl=False)
        return exit_of_number(settlement.code)
    if not as_json:
        click.echo("".join(f"Decided: {line}\n" for line in settlement.lines), nl=False)
    return Exit.WELL


def show_request(invocation: Invocation, request: Request) -> Exit:
    """Print what would be asked, a file by its name and size only."""
    body = request.body()
    if request.file is not None:
        body["file"] = {"name": request.file.name, "bytes": len(request.file.body)}
    print_json(body)
    invocation.say("Nothing was asked.")
    return Exit.WELL


def _print(invocation: Invocation, event_id: int, verdict: str, warnings: tuple[str, ...]) -> None:
    if verdict == _KNOWN:
        invocation.say(f"This was taken before, as event {event_id}; nothing was added.")
    else:
        invocation.say(f"Taken as event {event_id}.")
    for warning in warnings:
        invocation.say(f"Note: {warning}")
