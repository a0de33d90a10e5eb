"""Any product, by a program of the operator's own: it is given the envelope, and says what the product holds.

The program that installs reads the ``.p7m`` file from its standard input. Status 0 means that the product took it, 75
(``EX_TEMPFAIL``) that nothing was done and a later attempt may succeed, 65 (``EX_DATAERR``) that the product refuses
this file; anything else that it failed. A second program, ``read_back``, says what the product holds now. Both may
write one JSON object to their standard output::

    {"expires_at": "2027-11-24T09:00:00Z", "downloader": "kim@corp.example", "server_uuid": "3F2C…", "state": "valid"}

Every member may be missing. ``present: false`` says that it holds no token; ``mark`` is any text that is another one
for another token, where nothing else tells.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, ValidationError

from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.target import (
    NOTHING_HELD,
    Abilities,
    Delivery,
    Holding,
    KeyPolicy,
    Preflight,
    Proof,
    Reading,
    Receipt,
)
from tokenward.model.token import TokenState
from tokenward.rotation.ports import Target
from tokenward.schema.duration import Duration, waited_at_most
from tokenward.schema.fault import Fault
from tokenward.targets import TargetSection, target_of
from tokenward.wire.findings import in_the_way, no_verdict
from tokenward.wire.program import NOT_TAKEN, TRY_AGAIN, Ended, run_program
from tokenward.wire.reading import Shown, mark_of

ABILITIES: Final = Abilities(
    kind="command",
    title="The program",
    summary="A program of your own: gets the envelope on its standard input, and may say what the product holds.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=True,
    reads_back=False,
    strongest_rung=1,
    verdicts=frozenset(),
    reads_secrets=False,
    least_privilege="The program runs as the daemon's user, without the daemon's environment.",
    tested_against="real programs",
    by_hand=("Run your program yourself, with the file on its standard input, and see what it says.",),
)
READABLE: Final = replace(
    ABILITIES,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(TokenState) - {TokenState.UNKNOWN, TokenState.SUSPECT},
)
"""What it can do with a ``read_back`` program."""
LONGEST_RUN: Final = timedelta(minutes=10)
LARGEST_WORD: Final = 64 * 1024
"""In bytes: what a program may say."""


def parse_program(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return *value*, a program by its absolute path, and its arguments.

    Raises:
        Fault: There is none, or its place depends on where the daemon was started.
    """
    if not value or not value[0].startswith("/"):
        raise Fault("a command begins with the program's absolute path", '["/usr/local/bin/put-token", "{service}"]')
    return value


Program = Annotated[tuple[str, ...], AfterValidator(parse_program)]


class Settings(TargetSection):
    """The programs, and how long each may take."""

    kind: Literal["command"]
    command: Program
    """The program that installs, by its absolute path, and its arguments; `{service}` becomes the service's id."""
    read_back: Program = ()
    """The program that says what the product holds now; without it nothing is known but that it was taken."""
    timeout: Annotated[Duration, waited_at_most(LONGEST_RUN, "program")] = timedelta(minutes=2)
    """How long each may take; at most ten minutes."""


class _Word(Shown):
    """What a program says of the product's token."""

    present: bool = True
    expires_at: AwareDatetime | None = None
    downloader: str | None = None
    server_uuid: str | None = None
    mark: str | None = None
    state: TokenState | None = None

    @property
    def holding(self) -> Holding:
        if not self.present:
            return NOTHING_HELD
        parts = (self.expires_at, self.downloader, self.server_uuid, self.mark)
        mark = mark_of(*parts) if any(parts) else None
        return Holding(
            present=True,
            mark=mark,
            expires_at=self.expires_at,
            downloader=self.downloader,
            server_uuid=self.server_uuid,
        )


class Writable:
    """A product that a program installs to; whether it holds what it was given can't be asked."""

    def __init__(self, settings: Settings, service: str) -> None:
        """Run the programs of *settings* for *service*."""
        self._command = _filled(settings.command, service)
        self._reading = _filled(settings.read_back, service)
        self._seconds = settings.timeout.total_seconds()

    async def preflight(self) -> Preflight:
        """Return that nobody can tell (B4.1)."""
        return Preflight(cannot_tell=("Whether the program reaches the product: it is run for an installation only.",))

    async def note(self) -> str:
        """Return nothing: there is nothing to remember from before."""
        return ""

    async def install(self, delivery: Delivery) -> Receipt:
        """Give the envelope to the program as it came."""
        ended = await self._run(self._command, delivery.envelope.original)
        if ended.status == TRY_AGAIN:
            raise Retryable(_failed("says that it could not do it this time", _NOTHING, ended.last_words))
        if ended.status == NOT_TAKEN:
            return Receipt(refusal=_failed("says that the product does not take this file", _NOTHING, ended.last_words))
        if ended.status != 0:
            return Receipt(refusal=_failed(f"ended with status {ended.status}", _MAYBE, ended.last_words))
        return self._receipt(delivery, ended)

    def _receipt(self, delivery: Delivery, _: Ended) -> Receipt:
        return Receipt(mark=delivery.envelope.digest)  # it was taken, and nobody will ever know more

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 1: the program said that the product took it."""
        del noted, since
        return Proof(1, "The program says that the product took it; what the product holds can't be asked.")

    async def health(self) -> Reading:
        """Return no verdict."""
        return Reading(None, "How the token is can't be asked: no read_back program is set.")

    async def _run(self, arguments: tuple[str, ...], given: bytes = b"") -> Ended:
        try:
            return await run_program(arguments, seconds=self._seconds, largest=LARGEST_WORD, given=given)
        except TimeoutError as error:
            what = f"did not end within {self._seconds:g} seconds and was ended"
            raise OutcomeUnknown(_failed(what, _MAYBE)) from error
        except OSError as error:
            raise NeedsOperator(_failed(f"can't be started: {error.strerror}", _NOTHING)) from error


class Readable(Writable):
    """A product of which a second program says what it holds."""

    async def preflight(self) -> Preflight:
        """Ask what the product holds (B4.1)."""
        try:
            await self._said()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        return Preflight()

    def _receipt(self, delivery: Delivery, ended: Ended) -> Receipt:
        del delivery
        word = _parsed(ended.stdout)
        return Receipt(mark=word.holding.mark if word else None)

    async def read_back(self) -> Holding:
        """Return what the program says that the product holds."""
        return (await self._said()).holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 2 where the product holds a token."""
        del noted, since
        holding = await self.read_back()
        if not holding.present:
            return Proof(0, "The program says that the product holds no token.")
        why = "The program says that the product shows it; whether it works can't be asked."
        return Proof(2, why, holding.downloader, holding.server_uuid)

    async def health(self) -> Reading:
        """Return what the program says of the token."""
        try:
            word = await self._said()
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        verdict = word.state if word.state in READABLE.verdicts and word.present else None
        said = "The program says so." if verdict else "The program does not say how the token is."
        return Reading(verdict, said, word.holding, word.downloader, word.server_uuid)

    async def _said(self) -> _Word:
        try:
            ended = await self._run(self._reading)
        except OutcomeUnknown as error:
            raise Retryable(error.finding) from error  # it only reads
        if ended.status == TRY_AGAIN:
            raise Retryable(_failed("says that it can't tell this time", _NOTHING, ended.last_words))
        if ended.status != 0:
            raise NeedsOperator(_failed(f"ended with status {ended.status}", _NOTHING, ended.last_words))
        word = _parsed(ended.stdout)
        if word is None:
            raise NeedsOperator(_failed("wrote something else than one JSON object", _NOTHING, ended.last_words))
        return word


def _parsed(stdout: bytes) -> _Word | None:
    try:
        return _Word.model_validate_json(stdout)
    except ValidationError:
        return None


def _filled(command: tuple[str, ...], service: str) -> tuple[str, ...]:
    return command[:1] + tuple(argument.replace("{service}", service) for argument in command[1:])


_NOTHING: Final = "Nothing was changed."
_MAYBE: Final = "The product may have taken it; it is run once more, which must do no harm."


def _failed(what: str, means: str, said: str = "") -> Finding:
    return Finding(
        Code.TARGET_REFUSED,
        f"The target's program {what}.",
        means,
        f"Mend the program; it last wrote: {said}" if said else "Run the program by hand and see what it says.",
    )


def build(settings: Settings, *, service: str) -> Target:
    """Return the target, which can be read back where a program for that is set."""
    if settings.read_back:
        return target_of(settings, READABLE, Readable(settings, service))
    return target_of(settings, ABILITIES, Writable(settings, service))
