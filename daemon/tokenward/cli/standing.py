"""How everything stands, from the daemon or, where none runs, from its record; and what of it needs a person."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tokenward.cli.answers import Organisation, Service, Status, read
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.web.as_json import Json

SOON_DAYS: Final = 14.0
"""From here on the end of a token needs a person, whatever else goes on."""
_DEAD: Final = frozenset({"rejected", "superseded", "expired"})
_PEOPLE: Final = frozenset({"person", "certificate"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands."""

    answer: Json
    """As ``status --json`` prints it."""
    status: Status
    without_daemon: Failed | None = None
    """Why it comes from the record alone, where no daemon answered."""


def standing_of(invocation: Invocation, service: str | None) -> Standing:
    """Return how everything stands, or how *service* does.

    Raises:
        Failed: Neither a daemon nor its record tells, or there is no such service.
    """
    without_daemon = None
    try:
        answer = invocation.client().look("/v1/status")
    except Failed as failed:
        if failed.code is not Exit.UNREACHABLE:
            raise
        from tokenward.cli.at_rest import status_at_rest

        without_daemon, answer = failed, status_at_rest(invocation.settings(), invocation.now(), failed)
    status = read(Status, answer)
    if service is None:
        return Standing(answer, status, without_daemon)
    status = _only(service, status)
    return Standing(status.model_dump(mode="json"), status, without_daemon)


def concerns(status: Status) -> tuple[str, ...]:
    """Return a sentence for everything that needs a person; nothing where all is well."""
    return tuple(sentence for one in status.organisations for sentence in _concerns_of(one))


def _concerns_of(organisation: Organisation) -> Iterator[str]:
    if not organisation.linked:
        yield f"{organisation.id}: no service is known to be linked and working"
    for service in organisation.services:
        yield from _concerns_about(service)


def _concerns_about(service: Service) -> Iterator[str]:
    rotation, days = service.rotation, service.days_until_expiry
    if rotation is not None and rotation.blocked is not None:
        yield f"{service.id}: blocked, {rotation.blocked.reason}: {rotation.blocked.remedy}"
    elif rotation is not None and rotation.waiting_for in _PEOPLE:
        yield f"{service.id}: {rotation.state} waits for a {rotation.waiting_for}"
    if service.state in _DEAD:
        yield f"{service.id}: its token is {service.state}"
    elif service.state == "terms_unsigned":
        yield f"{service.id}: Apple's terms are to be accepted"
    elif days is not None and days <= SOON_DAYS:
        yield f"{service.id}: its token expires in {days:.1f} days"


def _only(service: str, status: Status) -> Status:
    """Return *status* with one service in it.

    Raises:
        Failed: There is no such service.
    """
    for organisation in status.organisations:
        found = tuple(one for one in organisation.services if one.id == service)
        if found:
            return Status(organisations=(organisation.model_copy(update={"services": found}),))
    if service in status.retired:
        raise _retired(service)
    raise unknown_service(service, tuple(one.id for each in status.organisations for one in each.services))


def _retired(service: str) -> Failed:
    return Failed(
        Exit.REFUSED,
        f"{service} is retired.",
        "Nobody looks after it any more, so nobody knows how it stands.",
        f"See what is on record with `tokenward show {service}`.",
    )


def unknown_service(service: str, known: tuple[str, ...]) -> Failed:
    """Return the end of a command that was given a service which the configuration does not have."""
    from tokenward.schema.near import suggest

    return Failed(
        Exit.USED_WRONGLY,
        f"The configuration has no service {service[:60]!r}.",
        "Nothing was done.",
        f"Say {suggest(service, known)}." if known else "Add a [[service]] to the configuration.",
    )
