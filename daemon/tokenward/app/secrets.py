"""Reading the secrets that the configuration refers to: all of them, or every reason why not."""

import os
import shlex
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tokenward.app.settings_problems import Problem
from tokenward.model.secret import Secret
from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretPlace, SecretRef

UNIT_FOLDER: Final = "tokenward"
"""How the shipped unit calls the folder of which every file is a credential; systemd joins both names by ``_``."""
CREDENTIALS_FOLDER: Final = Path("/etc/tokenward/credentials")
"""From where the shipped unit takes them; every file in it is one, by its name."""
LARGEST: Final = 65_536
"""In bytes. Keys and passwords are far smaller."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What was read, and what could not be."""

    values: Mapping[SecretRef, Secret]
    problems: tuple[Problem, ...] = ()

    def reveal(self, ref: SecretRef) -> Secret:
        """Return the secret that *ref* stands for; only of use where there are no problems."""
        return self.values[ref]


def read_secrets(refs: Mapping[str, SecretRef], environment: Mapping[str, str]) -> Secrets:
    """Return what *refs*, by the paths of their keys, stand for; *environment* is the daemon's own."""
    values: dict[SecretRef, Secret] = {}
    problems = []
    for path, ref in refs.items():
        try:
            values[ref] = _READERS[ref.place](ref.name, environment)
        except Fault as fault:
            problems.append(Problem(path, fault.wrong, fault.right))
    return Secrets(values, tuple(problems))


def _credential(name: str, environment: Mapping[str, str]) -> Secret:
    """Return a credential. Source: systemd.exec(5), "Credentials"; systemd itself guards their folder."""
    folder = environment.get("CREDENTIALS_DIRECTORY")
    right = f"a file with this name in {CREDENTIALS_FOLDER}, or LoadCredential= with this name in the unit"
    if not folder:
        raise Fault("systemd has passed no credentials ($CREDENTIALS_DIRECTORY is not set)", right)
    by_itself, of_folder = Path(folder, name), Path(folder, f"{UNIT_FOLDER}_{name}")
    try:
        found = of_folder if of_folder.exists() and not by_itself.exists() else by_itself
    except OSError as error:
        raise Fault(f"{folder} can't be looked into: {error.strerror}", right) from error
    return _read(found, right, guarded_by_systemd=True)


def _file(name: str, _: Mapping[str, str]) -> Secret:
    return _read(Path(name), "a file that the daemon's user, and nobody else, may read", guarded_by_systemd=False)


def _variable(name: str, environment: Mapping[str, str]) -> Secret:
    value = environment.get(name, "")
    if not value:
        raise Fault("the variable that stands here is not set, or is empty", "set it in the daemon's environment")
    return Secret(os.fsencode(value))


_READERS: Final[Mapping[SecretPlace, Callable[[str, Mapping[str, str]], Secret]]] = {
    SecretPlace.CREDENTIAL: _credential,
    SecretPlace.FILE: _file,
    SecretPlace.ENV: _variable,
}


def _read(path: Path, right: str, *, guarded_by_systemd: bool) -> Secret:
    """Return the content of *path*. The file that is looked at is the one that is read, whatever its name."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Fault(f"{path} can't be read: {error.strerror}", right) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise Fault(f"{path} is no file", right)
        if not guarded_by_systemd:
            _check_guard(path, found)
        return Secret(_without_newline(os.read(handle, LARGEST + 1), path))
    finally:
        os.close(handle)


def _check_guard(path: Path, found: os.stat_result) -> None:
    quoted = shlex.quote(str(path))
    if found.st_uid not in {0, os.geteuid()}:
        wrong = f"{path} belongs to another user, who could replace it"
        raise Fault(wrong, f"run: chown {os.geteuid()} {quoted} && chmod 600 {quoted}")
    if stat.S_IMODE(found.st_mode) & ~0o600:
        wrong = f"{path} has the mode {stat.S_IMODE(found.st_mode):04o}, so others than its owner may use it"
        raise Fault(wrong, f"run: chmod 600 {quoted}")


def _without_newline(content: bytes, path: Path) -> bytes:
    """Return *content* without the newline that editors put at the end of text."""
    if len(content) > LARGEST:
        raise Fault(f"{path} is larger than {LARGEST} bytes", "a file with the secret and nothing else")
    try:
        secret = content.decode().removesuffix("\n").removesuffix("\r").encode()
    except UnicodeDecodeError:
        secret = content
    if not secret:
        raise Fault(f"{path} is empty", "a file with the secret in it")
    return secret
