"""``show``: all that is known about a service, and the start of a person's part in its rotation."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import click

from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import day, print_json
from tokenward.cli.verb import json_option, verb

if TYPE_CHECKING:
    from tokenward.cli.answers import RotationDetail, ServiceDetail, Target
    from tokenward.cli.client import Client
    from tokenward.web.as_json import Json

START_SECONDS: Final = 60.0
"""How long to wait until the way is found clear, or not."""
LOOK_EVERY_SECONDS: Final = 0.5
_LABEL_WIDTH: Final = 16

Field = tuple[str, str]


@verb(
    "show",
    examples=(
        "tokenward show main",
        "tokenward show main --start-as kim    # I start now: show me the steps",
        "tokenward show main --json",
    ),
)
@click.argument("service")
@click.option("--start-as", metavar="PERSON", help="Hold the rotation for this person, who downloads the token now.")
@json_option
def show(invocation: Invocation, service: str, *, start_as: str | None, as_json: bool) -> Exit:
    """Show all that is known about a service.

    With --start-as, the way to its targets is checked once more. If it is clear, the rotation is held for that person
    for 30 minutes and Apple's steps are shown; else it is said what is in the way, and the program ends with 4. Never
    download a token without: from that moment the old one is dead.

    What this shows of people who leave is for operators alone.
    """
    from tokenward.cli.answers import ServiceDetail, read

    client = invocation.client()
    answer = client.look(_path(service)) if start_as is None else _started(invocation, client, service, start_as)
    detail = read(ServiceDetail, answer)
    if as_json:
        print_json(answer)
    elif start_as is None:
        click.echo("".join(f"{label:<{_LABEL_WIDTH}}{text}\n" for label, text in _fields(detail)), nl=False)
    else:
        _print_steps(detail, start_as)
    return Exit.WELL


def _path(service: str) -> str:
    return f"/v1/services/{quote(service, safe='')}"


def _started(invocation: Invocation, client: "Client", service: str, person: str) -> "Json":
    """Claim the rotation for *person* and return what is known of the service once the way is clear.

    Raises:
        Failed: It is not clear, or nobody could tell in time.
    """
    from tokenward.cli.answers import Verdict, read
    from tokenward.cli.asking import Request

    request = Request("claim", service, person)
    settlement = read(Verdict, client.ask(request.body())).settlement
    if settlement is not None and settlement.outcome == "denied":
        raise _denied("".join(settlement.lines), settlement.code)
    invocation.say("Checking the way to the targets …")
    return _cleared(client, service, person)


def _cleared(client: "Client", service: str, person: str) -> "Json":
    from threading import Event
    from time import monotonic

    from tokenward.cli.answers import ServiceDetail, read

    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        answer = client.look(_path(service))
        detail = read(ServiceDetail, answer)
        claim = detail.rotation.claim if detail.rotation else None
        if claim is None or claim.person != person:
            raise _not_clear(detail)
        if detail.steps:
            return answer
        Event().wait(LOOK_EVERY_SECONDS)  # nothing sets it: a pause that Ctrl-C ends
    raise Failed(
        Exit.TRY_AGAIN,
        f"Whether the way for {service} is clear was not known within {START_SECONDS:.0f} seconds.",
        "No steps are shown: don't download anything yet.",
        f"Run `tokenward show {service} --start-as {person}` again.",
    )


def _denied(finding: str, number: str | None) -> Failed:
    """Return the daemon's refusal, whose three lines are said as they are, with 4 whatever it is about."""
    happened, _, rest = finding.partition("\n")
    means, _, do = rest.partition("\n")
    return Failed(
        Exit.REFUSED,
        happened.removeprefix(f"{number} "),
        means.removeprefix("  Means  "),
        do.removeprefix("  Do     ").rstrip(),
        number or "",
    )


def _not_clear(detail: "ServiceDetail") -> Failed:
    blocked = detail.rotation.blocked if detail.rotation else None
    happened = f"The way for {detail.name} is not clear"
    return Failed(
        Exit.REFUSED,
        f"{happened}: {blocked.reason}." if blocked else f"{happened} any more.",
        "A download now could not be installed, and would end the old token. No steps are shown.",
        blocked.remedy if blocked else f"See `tokenward show {detail.id}`.",
    )


def _print_steps(detail: "ServiceDetail", person: str) -> None:
    claim = detail.rotation.claim if detail.rotation else None
    until = f" until {claim.until:%H:%M} UTC" if claim else ""
    click.echo(f"The way for {detail.name} is clear, and it is held for {person}{until}.\n")
    for number, step in enumerate(detail.steps, 1):
        click.echo(f"{number:>2}. {step}")
    click.echo(f"\nThen hand the file over here: tokenward drop FILE --service {detail.id}")


def _fields(detail: "ServiceDetail") -> Iterator[Field]:
    yield "service", f"{detail.id}, {detail.name!r} in {detail.organisation}"
    if detail.retired:
        yield "retired", f"since {day(detail.retired.at)}: {detail.retired.why}"
    yield "works", "yes" if detail.works else "not known to"
    yield "issuer", detail.issuer or "none: it is only watched"
    yield "keyholder", detail.keyholder
    yield "custodian", detail.custodian or "-"
    basis = (detail.expiry_basis or "unknown").replace("_", " ")
    days = f"{detail.days_until_expiry:.1f}" if detail.days_until_expiry is not None else "unknown"
    yield "expires", f"{day(detail.expires_at)} ({basis}), days left: {days}" if detail.expires_at else "unknown"
    yield from _token_fields(detail)
    yield from _rotation_fields(detail.rotation)
    if detail.planned_rotation_at:
        yield "next rotation", day(detail.planned_rotation_at)
    if detail.quiet_until:
        yield "quiet until", day(detail.quiet_until)
    for person in detail.people:
        leaves = f", leaves {day(person.departs_at)}" if person.departs_at else ""
        usable = "" if person.usable else ", can't be asked now"
        yield "person", f"{person.id} ({person.role or 'no role'}, {person.standing}){leaves}{usable}"


def _token_fields(detail: "ServiceDetail") -> Iterator[Field]:
    token, reading = detail.token, detail.last_reading
    if token is None:
        yield "token", "none is known"
    else:
        yield "token", f"{token.state}, since {day(token.since)}"
        yield "downloader", token.downloader or "not on record"
        yield "proof", "none" if token.rung is None else f"rung {token.rung}"
    if reading is not None:
        yield "last answer", f"{day(reading.at)}: {reading.verdict or 'cannot tell'}, {reading.why}"
    if detail.next_probe_at:
        yield "next probe", day(detail.next_probe_at)


def _rotation_fields(rotation: "RotationDetail | None") -> Iterator[Field]:
    if rotation is None:
        yield "rotation", "none is open"
        return
    waits = f", waits for {rotation.waiting_for}" if rotation.waiting_for else ""
    yield "rotation", f"{rotation.state} since {day(rotation.since)}{waits}"
    yield "causes", ", ".join(rotation.causes)
    yield "due", day(rotation.due_at)
    yield "asked", rotation.actor or "the operators"
    if rotation.claim:
        yield "held for", f"{rotation.claim.person} until {day(rotation.claim.until)}"
    if rotation.blocked:
        yield "blocked", f"{rotation.blocked.reason}: {rotation.blocked.remedy}"
        yield "next attempt", day(rotation.blocked.next_attempt_at)
    for target in rotation.targets:
        error = f"; last refusal: {target.error}" if target.error else ""
        yield "target", f"{target.target} {_held(target, rotation.state)}, attempts: {target.attempts}{error}"


def _held(target: "Target", state: str) -> str:
    if target.installed_at:
        return f"holds it since {day(target.installed_at)}"
    if state == "checked" and target.by_hand and target.attempted_at is None:
        return "waits for somebody to hand the file over there"
    return "does not hold it yet"
