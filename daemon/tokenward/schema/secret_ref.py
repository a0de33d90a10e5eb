"""Where a secret stands. The configuration never holds the secret itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from tokenward.schema.fault import Fault


class SecretPlace(StrEnum):
    """The kinds of places that a secret is read from."""

    CREDENTIAL = "credential"
    """A systemd credential: ``LoadCredential=`` or ``LoadCredentialEncrypted=`` of the unit, by its name."""
    FILE = "file"
    """A file of its own, by its absolute path."""
    ENV = "env"
    """A variable of the daemon's environment, by its name."""


_RIGHT: Final = 'a table with one key: { credential = "NAME" }, { file = "/PATH" } or { env = "NAME" }'
_NAMES: Final = {
    # Source: systemd.exec(5), "Credentials": a name is a valid file name.
    SecretPlace.CREDENTIAL: (re.compile(r"(?!\.)[A-Za-z0-9._-]{1,255}"), "letters, digits, '.', '_' and '-'"),
    SecretPlace.FILE: (re.compile(r"/[^\0\n]{1,4095}"), "an absolute path"),
    # Source: POSIX.1-2017, Base Definitions 8.1.
    SecretPlace.ENV: (re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}"), "letters, digits and '_', no digit first"),
}


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A reference to a secret, usable as a field's type: ``api_key: SecretRef``."""

    place: SecretPlace
    name: str
    """The credential's name, the file's absolute path or the variable's name."""

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the reference that *value*, a table with exactly one key, makes.

        Raises:
            Fault: Anything else. It does not repeat the value, for that may be the secret itself.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            raise Fault(
                "a secret does not stand in the configuration",
                f"move the value into a systemd credential or a file of its own, and write {_RIGHT}",
            )
        if not isinstance(value, Mapping) or len(value) != 1:
            raise Fault("this is no reference to a secret", _RIGHT)
        ((key, name),) = value.items()
        if key not in _NAMES:
            raise Fault("this is no place that a secret is read from", _RIGHT)
        place = SecretPlace(key)
        form, right = _NAMES[place]
        if not isinstance(name, str) or not form.fullmatch(name):
            raise Fault(f"what stands after `{place}` is no name for one (it is not repeated here)", right)
        return cls(place, str(PurePosixPath(name)) if place is SecretPlace.FILE else name)

    def __str__(self) -> str:
        return f'{{ {self.place} = "{self.name}" }}'

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic take the type as it is."""
        return core_schema.no_info_plain_validator_function(cls.parse)
