"""The operator's own program: brings a certificate to Apple in whatever way it can, and a new envelope back.

It is given the certificate's path and the names that it needs as arguments, writes the ``.p7m`` file to its
standard output, and says on standard error what people should know. Status 0 means that the file is there, 75
(``EX_TEMPFAIL``) that nothing was downloaded and another attempt may succeed, anything else that it failed.
"""

import re
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from tokenward.issuers import IssuerSection
from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import IssuedFile, IssueOrder
from tokenward.rotation.ports import Issuer
from tokenward.schema.duration import Duration, waited_at_most
from tokenward.schema.fault import Fault
from tokenward.wire.program import TRY_AGAIN, Ended, run_program

LARGEST_FILE: Final = 1_000_000
LONGEST_RUN: Final = timedelta(hours=1)


def parse_command(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return *value*, a program by its absolute path and its arguments.

    Raises:
        Fault: There is none, or its place depends on where the daemon was started.
    """
    if not value or not value[0].startswith("/"):
        raise Fault(
            "a command begins with the program's absolute path",
            '["/usr/local/bin/fetch-token", "{certificate}", "{name}"]',
        )
    if not any("{certificate}" in argument for argument in value[1:]):
        raise Fault("the program is not told where the certificate is", 'an argument "{certificate}"')
    return value


class Settings(IssuerSection):
    """The program, and how long it may take."""

    kind: Literal["command"]
    command: Annotated[tuple[str, ...], AfterValidator(parse_command)]
    """In every argument ``{certificate}`` becomes the path of a PEM file, ``{service}`` the service's id,
    ``{name}`` its name in Apple's portal, ``{account}`` the Managed Apple Account to act for, ``{release}``
    yes or no."""
    timeout: Annotated[Duration, waited_at_most(LONGEST_RUN, "program")] = timedelta(minutes=10)


class CommandIssuer:
    """Runs the program once for each new envelope (B4.7)."""

    def __init__(self, settings: Settings) -> None:
        """Run the command of *settings*."""
        self._command = settings.command
        self._seconds = settings.timeout.total_seconds()

    async def issue(self, order: IssueOrder) -> IssuedFile:
        """Return what the program brought back.

        Raises:
            Retryable: It says that nothing was downloaded and that a later attempt may succeed.
            NeedsOperator: It is missing, or has failed; its last lines stand in the finding.
            OutcomeUnknown: It did not end in time, and was ended with all that it had started.
        """
        with _certificate_file(order) as certificate:
            ended = await self._run(_arguments(self._command, order, certificate))
        if len(ended.stdout) > LARGEST_FILE:
            what = f"wrote more than {LARGEST_FILE} bytes and was ended"
            raise NeedsOperator(_failed(what, _MAYBE, ended.last_words))
        if ended.status == TRY_AGAIN:
            raise Retryable(_failed("says that it could not do it this time", _NOTHING, ended.last_words))
        if ended.status != 0:
            raise NeedsOperator(_failed(f"ended with status {ended.status}", _MAYBE, ended.last_words))
        if not ended.stdout:
            raise NeedsOperator(_failed("ended well and wrote no file", _MAYBE, ended.last_words))
        return IssuedFile(f"{order.service}.p7m", Secret(ended.stdout))

    async def _run(self, arguments: tuple[str, ...]) -> Ended:
        try:
            return await run_program(arguments, seconds=self._seconds, largest=LARGEST_FILE)
        except TimeoutError as error:
            what = f"did not end within {self._seconds:g} seconds and was ended"
            raise OutcomeUnknown(_failed(what, _MAYBE)) from error
        except OSError as error:
            raise NeedsOperator(_failed(f"can't be started: {error.strerror}", _NOTHING)) from error


@contextmanager
def _certificate_file(order: IssueOrder) -> Iterator[Path]:
    """Give the path of a file, 0600, that holds the certificate as PEM until the block is left."""
    with tempfile.NamedTemporaryFile("w", prefix="tokenward-", suffix=".pem") as file:
        file.write(ssl.DER_cert_to_PEM_cert(order.certificate.der))
        file.flush()
        yield Path(file.name)


def _arguments(command: tuple[str, ...], order: IssueOrder, certificate: Path) -> tuple[str, ...]:
    values: Mapping[str, str] = {
        "{certificate}": str(certificate),
        "{service}": order.service,
        "{name}": order.service_name,
        "{account}": order.account,
        "{release}": "yes" if order.release_devices else "no",
    }
    return (command[0], *(_filled(argument, values) for argument in command[1:]))


def _filled(argument: str, values: Mapping[str, str]) -> str:
    """Return *argument* with each placeholder replaced once: a name that looks like one stays a name."""
    return re.sub("|".join(map(re.escape, values)), lambda found: values[found[0]], argument)


_NOTHING: Final = "Nothing was downloaded, so the old token is as it was."
_MAYBE: Final = "A token may have been downloaded; then the old one is dead, and the program is run once more."


def _failed(what: str, means: str, said: str = "") -> Finding:
    return Finding(
        Code.ISSUER_FAILED,
        f"The issuer's program {what}.",
        means,
        f"Mend the program; it last wrote: {said}" if said else "Run the program by hand and see what it says.",
    )


def build(settings: Settings) -> Issuer:
    """Return the issuer that runs the program."""
    return Issuer(settings.kind, CommandIssuer(settings))
