"""Where to look around in a product: its address, its credential, and what else it requires, given or asked for."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from pydantic import ValidationError

from tokenward.app.registry import TargetKind
from tokenward.app.secrets import CREDENTIALS_FOLDER, read_secrets
from tokenward.app.settings_problems import Problem, translate
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.model.secret import Secret
from tokenward.schema.near import suggest
from tokenward.schema.secret_ref import SecretPlace, SecretRef
from tokenward.targets import TargetSection

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

STANDARD_INPUT: Final = "-"
_KIND: Final = "kind"

Setting = str | int | bool | SecretRef


@dataclass(frozen=True, slots=True)
class Given:
    """What was said on the command line, by the names of the settings."""

    words: Mapping[str, str]
    secrets: Mapping[str, str]
    """Each the name of a file, or ``-`` for standard input."""
    may_ask: bool = True
    """Whether what is missing may be asked for on a terminal."""


@dataclass(frozen=True, slots=True)
class Place:
    """A product that can be looked around in."""

    settings: TargetSection
    table: Mapping[str, Setting]
    """The same, as a target's table in the configuration would have it."""
    secrets: Mapping[SecretRef, Secret] = field(repr=False)
    typed: frozenset[SecretRef] = frozenset()
    """Secrets that lie nowhere yet, with the places where the draft will have them."""

    def reveal(self, ref: SecretRef) -> Secret:
        """Return the secret that *ref* stands for."""
        return self.secrets[ref]


def place_of(row: TargetKind, given: Given, invocation: Invocation) -> Place:
    """Return where to look around in the product of *row*, asking for what it requires and nobody gave.

    Raises:
        Failed: Something is missing and can't be asked for, or will not do.
    """
    fields = dict(sorted(row.place.model_fields.items(), key=lambda one: not one[1].is_required()))
    _check_names(row, given)
    table: dict[str, Setting] = {_KIND: row.abilities.kind}
    secrets: dict[SecretRef, Secret] = {}
    typed: set[SecretRef] = set()
    for name, declared in fields.items():
        if name == _KIND or not (declared.is_required() or name in given.words or name in given.secrets):
            continue
        if not _is_secret(declared):
            table[name] = given.words[name] if name in given.words else _ask(name, row, given, hidden=False)
            continue
        ref, secret = _secret(name, row, given, invocation)
        table[name], secrets[ref] = ref, secret
        if given.secrets.get(name, STANDARD_INPUT) == STANDARD_INPUT:
            typed.add(ref)
    settings = _validated(row, table)
    return Place(settings, _as_written(settings, table), secrets, frozenset(typed))


def _is_secret(declared: "FieldInfo") -> bool:
    return SecretRef in {declared.annotation, *getattr(declared.annotation, "__args__", ())}


def _check_names(row: TargetKind, given: Given) -> None:
    fields = {name: one for name, one in row.place.model_fields.items() if name not in {_KIND, "id", "required"}}
    secret = {name for name, one in fields.items() if _is_secret(one)}
    for option, names, known in (
        ("--set", given.words, fields.keys() - secret),
        ("--secret", given.secrets, secret),
    ):
        for name in names:
            if name not in known:
                meant = suggest(name, known) or "nothing: there is none"
                raise _used_wrongly(
                    f"{option} {name[:60]}: {row.abilities.title} has no such setting.", f"Say {meant}."
                )


def _secret(name: str, row: TargetKind, given: Given, invocation: Invocation) -> tuple[SecretRef, Secret]:
    """Return a secret, and where the configuration will have it from."""
    file = given.secrets.get(name, STANDARD_INPUT)
    if file != STANDARD_INPUT:
        return _from_file(name, Path(file).absolute(), invocation)
    text = sys.stdin.readline().rstrip("\r\n") if name in given.secrets else _ask(name, row, given, hidden=True)
    if not text:
        raise _used_wrongly(f"{name} is empty.", f"Give it by --secret {name}=FILE.")
    credential = f"{row.abilities.kind}-{name.replace('_', '-')}"
    return SecretRef(SecretPlace.CREDENTIAL, credential), Secret(text.encode())


def _from_file(name: str, file: Path, invocation: Invocation) -> tuple[SecretRef, Secret]:
    lies = SecretRef(SecretPlace.FILE, str(file))
    read = read_secrets({name: lies}, invocation.environment)
    if read.problems:
        raise _not_right(read.problems)
    is_credential = file.parent == CREDENTIALS_FOLDER
    return SecretRef(SecretPlace.CREDENTIAL, file.name) if is_credential else lies, read.reveal(lies)


def _ask(name: str, row: TargetKind, given: Given, *, hidden: bool) -> str:
    if not given.may_ask or not sys.stdin.isatty():
        option = f"--secret {name}=FILE" if hidden else "--url URL" if name == "url" else f"--set {name}=VALUE"
        raise _used_wrongly(f"{row.abilities.title} can't be asked without {name}.", f"Add {option}.")
    if hidden:
        click.echo(row.abilities.least_privilege, err=True)
    answer: str = click.prompt(f"{name} of {row.abilities.title}", hide_input=hidden, err=True)
    return answer


def _validated(row: TargetKind, table: Mapping[str, Setting]) -> TargetSection:
    try:
        return row.place.model_validate(table)
    except ValidationError as error:
        raise _not_right([problem for _, problem in translate(error, table)]) from error


def _as_written(settings: TargetSection, table: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return *table* with numbers and truths as such, which the command line has as text."""
    read = {name: getattr(settings, name) for name in table}
    return {name: read[name] if isinstance(read[name], bool | int) else value for name, value in table.items()}


def _not_right(problems: "tuple[Problem, ...] | list[Problem]") -> Failed:
    return _used_wrongly(
        " ".join(f"{one.path}: {one.wrong}." for one in problems),
        f"Right is {'; '.join(one.right for one in problems)}.",
    )


def _used_wrongly(happened: str, do: str) -> Failed:
    return Failed(Exit.USED_WRONGLY, happened, "Nothing was asked, and nothing written.", do)
