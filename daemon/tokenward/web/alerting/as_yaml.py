"""YAML as people read it: keys in the order they were given, and text of several lines as it is."""

from collections.abc import Mapping, Sequence
from typing import Final

import yaml

Yaml = str | int | bool | Mapping[str, "Yaml"] | Sequence["Yaml"]

_WIDEST: Final = 100_000
"""So that no expression is broken where it had no break."""


class _Dumper(yaml.SafeDumper):
    """Writes lists with an indent, and text of several lines as a block."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's own signature
        """Indent lists below their key."""
        super().increase_indent(flow, False)  # noqa: FBT003 - as above

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as above
        """Write everything where it stands."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(value: Yaml, *heading: str) -> str:
    """Return *value* as YAML, below the lines of *heading* as comments."""
    comments = "".join(f"# {line}".rstrip() + "\n" for line in heading)
    return comments + yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDEST)
