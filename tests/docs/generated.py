"""What of the documents follows from the code: commands, targets, alerts, and every key of the configuration.

``make docs`` runs this file. It writes between the marks ``<!-- begin NAME … -->`` and ``<!-- end NAME -->``; a test
says when what stands there is not what would be written.
"""

import ast
import inspect
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, PlainValidator
from pydantic.fields import FieldInfo

from tokenward.app import registry, settings
from tokenward.cli.main import SECTIONS
from tokenward.cli.targets import KEYS
from tokenward.model.service import ServicePolicy
from tokenward.schema.duration import format_duration
from tokenward.web.alerting.rules import ALERTS, alerts_called

ROOT: Final = Path(__file__).parents[2]

_BELOW: Final = "table, see below"
TYPES: Final[Mapping[str, str]] = {
    "parse_absolute_path": "path",
    "parse_account": "Managed Apple Account",
    "parse_date_or_instant": "day or instant",
    "parse_duration": "length of time",
    "parse_freeze": "two days",
    "parse_quiet_span": "hours",
    "parse_zone": "time zone",
    "parse_one_or_many": "text or list of text",
    "parse_slug": "id",
    "parse_web_url": "address",
    "parse_any_web_url": "address",
    "Address": "HOST:PORT",
    "Path": "path",
    "SecretRef": "secret",
    "bool": "true or false",
    "date": "day",
    "int": "whole number",
    "parse_issuer": _BELOW,
    "parse_target": _BELOW,
    "str": "text",
}
"""What people call a type, by the name of its parser or class."""

# --- Commands ------------------------------------------------------------------------------------------------------


def commands() -> str:
    """Return the table of commands, in the order and the words of ``tokenward --help``."""
    lines = ["| | command | what it does |", "| --- | --- | --- |"]
    for title, section in SECTIONS.items():
        for number, (name, row) in enumerate(section.items()):
            lines.append(f"| {title if number == 0 else ''} | `{name}` | {row.summary} |")
    return "\n".join(lines)


# --- Targets -------------------------------------------------------------------------------------------------------


def targets() -> str:
    """Return the table of targets, in their own words (A15)."""
    lines = ["| target | what it is | certificate | proof |", "| --- | --- | --- | --- |"]
    for kind, row in registry.TARGETS.items():
        can = row.abilities
        lines.append(f"| `{kind}` | {can.summary} | {KEYS[can.key_policy]} | rung {can.strongest_rung} |")
    return "\n".join(lines)


def products() -> str:
    """Return what each target says of itself (A14)."""
    return "\n\n".join(_product(kind, row) for kind, row in registry.TARGETS.items())


def _product(kind: str, row: registry.TargetKind) -> str:
    can = row.abilities
    verdicts = ", ".join(f"`{one}`" for one in sorted(can.verdicts))
    facts = {
        "Certificate": KEYS[can.key_policy],
        "Installs": "yes" if can.installs else "no",
        "Reads back": "yes" if can.reads_back else "no",
        "Proof": f"up to rung {can.strongest_rung}",
        "Can tell": verdicts or "no state of a token",
        "Discover": f"`tokenward discover {kind}` lists its tokens" if can.finds else "no",
        "Credential": can.least_privilege,
        "Tested against": can.tested_against,
    }
    steps = [f"{number}. {step}" for number, step in enumerate(can.by_hand, start=1)]
    return "\n\n".join(
        [
            f"## {can.title} (`{kind}`)",
            can.summary,
            "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in facts.items())]),
            *(["By hand:", "\n".join(steps)] if steps else []),
        ]
    )


# --- Configuration -------------------------------------------------------------------------------------------------


def meanings() -> dict[str, dict[str, str]]:
    """Return what keys mean that do not say it in the code, by table."""
    return tomllib.loads((ROOT / "docs" / "meanings.toml").read_text())


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the configuration."""

    name: str
    """As in ``docs/meanings.toml``."""
    heading: str
    section: type[BaseModel]
    sentence: str = ""
    """What stands above its keys."""

    def fields(self) -> Mapping[str, FieldInfo]:
        """Return its keys, those of another table left out, the kind first, then what is required."""
        elsewhere = settings.PolicySettings.model_fields if self.section is settings.ServiceSettings else {}
        own = {name: field for name, field in self.section.model_fields.items() if name not in elsewhere}
        return dict(sorted(own.items(), key=lambda item: (item[0] != "kind", not item[1].is_required())))


def tables() -> tuple[Table, ...]:
    """Return every table, in the order of the page."""
    return (
        Table("daemon", "[daemon]", settings.DaemonSettings),
        Table("listen", "[listen]", settings.ListenSettings, "Equal addresses share one listener."),
        Table("organisation", "[[organisation]]", settings.OrganisationSettings, "One account at Apple."),
        Table("organisation.apple_api", "organisation.apple_api", settings.ApiAccountSettings, _API),
        Table(
            "person", "[[person]]", settings.PersonSettings, "Somebody who downloads tokens, or accepts Apple's terms."
        ),
        Table("person.contact", "person.contact", settings.ContactSettings, "One way to reach somebody."),
        Table("channel", "[[channel]]", settings.ChannelSettings, "A way to reach people."),
        Table("notify", "[notify]", settings.NotifySettings),
        Table(
            "policy", "[policy]", settings.PolicySettings, "Each key may also stand in a service, and goes first there."
        ),
        Table("service", "[[service]]", settings.ServiceSettings, "Beside these, every key of `[policy]`."),
        *(
            Table(f"target {kind}", f"[[service.target]] of the kind {kind}", row.section, row.abilities.summary)
            for kind, row in registry.TARGETS.items()
        ),
        *(
            Table(f"issuer {kind}", f"[service.issuer] of the kind {kind}", row.section)
            for kind, row in registry.ISSUERS.items()
        ),
    )


_API: Final = "An account for Apple's Business or School Manager API."


def keys() -> str:
    """Return a section for each table of the configuration, with a line for each of its keys."""
    written = meanings()
    return "\n\n".join(_section(table, written.get(table.name, {})) for table in tables())


def _section(table: Table, written: Mapping[str, str]) -> str:
    said = {**docstrings(table.section), **written}
    lines = [
        f"| `{field.alias or key}` | {type_of(field)} | {default_of(key, field, table)} | {said[field.alias or key]} |"
        for key, field in table.fields().items()
    ]
    above = [f"## {table.heading}", *([table.sentence] if table.sentence else [])]
    return "\n\n".join([*above, "\n".join(["| key | type | default | meaning |", "| --- | --- | --- | --- |", *lines])])


def docstrings(table: type[BaseModel]) -> dict[str, str]:
    """Return what stands below the fields of *table* and of the classes it is made from."""
    found: dict[str, str] = {}
    for one in reversed(table.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            found |= dict(_own_docstrings(one))
    return found


def _own_docstrings(table: type[BaseModel]) -> Iterator[tuple[str, str]]:
    body = ast.parse(textwrap.dedent(inspect.getsource(table))).body[0]
    if not isinstance(body, ast.ClassDef):
        return
    for field, below in zip(body.body, body.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(below, ast.Expr):
            continue
        if isinstance(field.target, ast.Name) and isinstance(below.value, ast.Constant):
            yield field.target.id, " ".join(str(below.value.value).replace("``", "`").split())


def type_of(field: FieldInfo) -> str:
    """Return what people may write for *field*."""
    return _type(field.annotation, tuple(field.metadata))


def _type(annotation: Any, metadata: tuple[object, ...]) -> str:
    parser = next((one.func for one in metadata if isinstance(one, PlainValidator)), None)
    if parser is not None:
        return TYPES[parser.__name__]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0], (*arguments[1:], *metadata))
    if origin in {Union, UnionType}:
        return " or ".join(_type(one, metadata) for one in arguments if one is not NoneType)
    if origin is tuple:
        return f"list: {_type(arguments[0], ())}"
    if origin is dict:
        return f"table: {_type(arguments[1], ())} by name"
    if origin is Literal:
        return ", ".join(f'`"{one}"`' for one in arguments)
    if issubclass(annotation, Enum):
        return ", ".join(f'`"{one.value}"`' for one in annotation)
    if issubclass(annotation, BaseModel):
        return _BELOW
    return TYPES[annotation.__name__] + _bounds(metadata)


def _bounds(metadata: tuple[object, ...]) -> str:
    flat = [inner for one in metadata for inner in (one.metadata if isinstance(one, FieldInfo) else [one])]
    low = next((one.ge for one in flat if isinstance(one, annotated_types.Ge)), None)
    high = next((one.le for one in flat if isinstance(one, annotated_types.Le)), None)
    return f", {low} to {high}" if high is not None else ""


def default_of(key: str, field: FieldInfo, table: Table) -> str:
    """Return what holds where *field* is not set."""
    if field.is_required():
        return "**required**"
    if table.section is settings.PolicySettings:
        return _written("discreet" if key == "departures" else getattr(ServicePolicy(), key))
    return _written(field.get_default(call_default_factory=True, validated_data={}))


def _written(value: object) -> str:
    """Return *value* as the file would have it; nothing for what means that it is not set."""
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        value = format_duration(value)
    return f"`{value}`" if isinstance(value, int) else f'`"{value.value if isinstance(value, Enum) else value}"`'


# --- Alerts --------------------------------------------------------------------------------------------------------


def alerts() -> str:
    """Return the table of alerts, each with its page and its summary (B11.3)."""
    lines = ["| alert | severity | must last | what it says |", "| --- | --- | --- | --- |"]
    for name in dict.fromkeys(alert.name for alert in ALERTS):
        alike = alerts_called(name)
        severity = ", ".join(dict.fromkeys(alert.severity.value for alert in alike))
        lasts = ", ".join(dict.fromkeys(alert.lasts for alert in alike if alert.lasts != "0m"))
        said = _TEMPLATE.sub(lambda found: f"*{found[1] or 'a time'}*", alike[0].summary)
        lines.append(f"| [{name}](runbooks/{alike[0].page}.md) | {severity} | {lasts} | {said} |")
    return "\n".join(lines)


_TEMPLATE: Final = re.compile(r"\{\{ \$(?:labels\.(\w+)|value \| humanizeDuration) \}\}")

# --- Writing -------------------------------------------------------------------------------------------------------

PARTS: Final[Mapping[str, tuple[str, Callable[[], str]]]] = {
    "commands": ("README.md", commands),
    "targets": ("README.md", targets),
    "products": ("docs/targets.md", products),
    "keys": ("docs/configuration.md", keys),
    "alerts": ("docs/alerts.md", alerts),
}
"""By the name in the marks: the document, and what makes the part."""


def renewed(text: str, name: str, part: str) -> str:
    """Return *text* with *part* between the marks called *name*.

    Raises:
        LookupError: The marks are not there.
    """
    marked = re.compile(rf"(<!-- begin {name}\b[^\n]*-->\n).*(<!-- end {name} -->)", re.DOTALL)
    if not marked.search(text):
        raise LookupError(name)
    return marked.sub(lambda found: f"{found[1]}\n{part}\n\n{found[2]}", text)


def main() -> None:
    """Write every part into its document."""
    for name, (document, make) in PARTS.items():
        path = ROOT / document
        path.write_text(renewed(path.read_text(), name, make()))


if __name__ == "__main__":
    main()
