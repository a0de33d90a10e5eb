"""A folder that somebody else reads: the envelope as a file, with its values where Tokenward can open it."""

import asyncio
import json
import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from tokenward.crypto import MAX_FILE_BYTES, parse_envelope
from tokenward.model.finding import Code, Finding, Retryable, TokenwardError
from tokenward.model.target import (
    NOTHING_HELD,
    Abilities,
    BlockReason,
    Delivery,
    Holding,
    KeyPolicy,
    Obstacle,
    Preflight,
    Proof,
    Reading,
    Receipt,
)
from tokenward.rotation.ports import Target
from tokenward.schema.absolute_path import AbsolutePath
from tokenward.targets import TargetSection, target_of

FILE_MODE: Final = 0o600

ABILITIES: Final = Abilities(
    kind="directory",
    title="Directory",
    summary="A folder on this machine: the envelope as a file, and its values as JSON where they are known.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=True,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=False,
    least_privilege="The daemon's user must be able to make, read and replace files in the folder.",
    tested_against="real folders",
    by_hand=("Copy the file to where the program that reads the folder can take it.",),
)


class Settings(TargetSection):
    """A folder, which must exist: a file system that is not mounted is not written under."""

    kind: Literal["directory"]
    path: AbsolutePath


class Directory:
    """``<service>.p7m`` and ``<service>.json`` in one folder, in all roles but that of giving a certificate.

    Files appear whole or not at all. The values go first and the envelope last, so whoever sees the new
    envelope sees nothing older beside it.
    """

    def __init__(self, folder: Path, service: str) -> None:
        """Keep the token of *service* in *folder*."""
        self._folder = folder
        self._envelope = folder / f"{service}.p7m"
        self._values = folder / f"{service}.json"

    async def preflight(self) -> Preflight:
        """Make a file in the folder, see it safely on the disk, and remove it (B8.5)."""
        try:
            await asyncio.to_thread(self._try_out)
        except OSError as error:
            finding = self._failed(error)
            reason = BlockReason.TARGET_UNREACHABLE if _is_missing(error) else BlockReason.TARGET_REFUSED
            return Preflight((Obstacle(reason, finding.do),))
        return Preflight(cannot_tell=("Who reads the folder, and with which key.",))

    async def note(self) -> str:
        """Return nothing: there is nothing to remember from before."""
        return ""

    async def install(self, delivery: Delivery) -> Receipt:
        """Write the files anew. The same envelope again leaves the same files."""
        try:
            await asyncio.to_thread(self._write, delivery)
        except OSError as error:
            raise Retryable(self._failed(error)) from error
        return Receipt(delivery.token.digest if delivery.token else None)

    async def read_back(self) -> Holding:
        """Return the digest of the envelope that lies in the folder (B8.5)."""
        try:
            return await asyncio.to_thread(self._read)
        except OSError as error:
            raise Retryable(self._failed(error)) from error

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 2 where an envelope lies in the folder: more can't be known here."""
        del noted, since
        if (await self.read_back()).envelope is None:
            return Proof(0, f"No token file can be read at {self._envelope}.")
        return Proof(2, "The file is in the folder; whether anybody works with it can't be asked.")

    async def health(self) -> Reading:
        """Return whether a file lies there; how the token is can't be told (B8.5, B10.1)."""
        try:
            holding = await self.read_back()
        except Retryable as error:
            return Reading(None, error.finding.happened, answered=False)
        if not holding.present:
            return Reading(None, f"There is no file at {self._envelope}.", holding)
        return Reading(None, "A token file lies in the folder; whether it works can't be told from here.", holding)

    def _try_out(self) -> None:
        attempt = self._envelope.with_name(f".{self._envelope.name}.{secrets.token_hex(8)}.try")
        _write_new(attempt, b"Tokenward tries whether a file can be kept here.\n")
        attempt.unlink()

    def _write(self, delivery: Delivery) -> None:
        for left_over in (_beside(self._values), _beside(self._envelope)):
            left_over.unlink(missing_ok=True)
        if delivery.token is None:
            self._values.unlink(missing_ok=True)
        else:
            _replace(self._values, json.dumps(delivery.token.reveal_values()).encode() + b"\n")
        _replace(self._envelope, delivery.envelope.original)
        self._sync_folder()

    def _read(self) -> Holding:
        if not self._folder.is_dir():
            raise FileNotFoundError(2, "No such folder", str(self._folder))
        try:
            with self._envelope.open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return NOTHING_HELD
        with suppress(TokenwardError):
            return Holding(present=True, envelope=parse_envelope(raw).digest)
        return Holding(present=True)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _failed(self, error: OSError) -> Finding:
        if _is_missing(error):
            return Finding(
                Code.TARGET_UNREACHABLE,
                f"The folder {self._folder} does not exist.",
                "Nothing was written.",
                f"Make the folder {self._folder}, or mount what it is on; Tokenward does not make it.",
            )
        return Finding(
            Code.TARGET_REFUSED,
            f"The folder {self._folder} can't be used: {error.strerror or 'input/output error'}.",
            "The files in it are as they were.",
            f"Let the daemon's user make, read and replace files in {self._folder}, and see to free space.",
        )


def _beside(path: Path) -> Path:
    """Return where the next content of *path* is written: always there, so that a crash leaves one piece at most."""
    return path.with_name(f".{path.name}.tmp")


def _replace(path: Path, content: bytes) -> None:
    """Put *content* at *path*: a reader, or a crash at any moment, meets the old file or the new one."""
    beside = _beside(path)
    _write_new(beside, content)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _write_new(path: Path, content: bytes) -> None:
    """Make a file at *path*, 0600, whose *content* is safely on the disk; where that fails, no piece stays."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _is_missing(error: OSError) -> bool:
    return isinstance(error, FileNotFoundError | NotADirectoryError)


def build(settings: Settings, *, service: str) -> Target:
    """Return the target that keeps the token of *service* in the folder."""
    return target_of(settings, ABILITIES, Directory(settings.path, service))
