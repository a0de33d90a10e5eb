"""What people are told, one file for each language. Read strictly: a text that lacks or invents a word is refused."""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from tokenward.model.rotation import Cause
from tokenward.policy.ladder import Level
from tokenward.policy.templates import Template

_MANY: Final = frozenset({Template.ASKED, Template.REMINDED, Template.STRAY_DOWNLOAD, Template.ROTATION_DONE})
"""Messages that may speak of several services at once."""
_DEAD: Final = frozenset({Template.ASKED, Template.REMINDED})
"""Messages that say otherwise when the token in use no longer works."""


@dataclass(frozen=True, slots=True)
class Text:
    """One kind of message."""

    subject: str
    body: str
    subject_many: str = ""
    subject_dead: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that is said in one language."""

    messages: Mapping[Template, Text]
    parts: Mapping[str, str]
    causes: Mapping[Cause, str]
    levels: Mapping[str, str]


@cache
def texts(language: str = "en") -> Texts:
    """Return what is said in *language*.

    Raises:
        ValueError: A text is missing, or there is one too many.
    """
    raw = tomllib.loads((resources.files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))
    parts, causes, levels = (raw.pop(name, {}) for name in ("parts", "causes", "levels"))
    messages = {Template(name): _text(Template(name), table) for name, table in raw.items()}
    if messages.keys() != set(Template):
        missing = sorted(set(Template) - messages.keys())
        raise ValueError(f"{language}.toml has no text for {', '.join(missing)}")
    known_levels = {level: levels[level.name.lower()] for level in Level if level is not Level.ASKED}
    return Texts(
        messages,
        dict(parts),
        {cause: causes[cause.value] for cause in Cause},
        {level.name.lower(): words for level, words in known_levels.items()},
    )


def words_in(text: str) -> frozenset[str]:
    """Return the words that *text* wants filled in."""
    return frozenset(word for _, word, _, _ in string.Formatter().parse(text) if word is not None)


def _text(template: Template, table: Mapping[str, str]) -> Text:
    wanted = {"subject", "body"}
    wanted |= {"subject_many"} if template in _MANY else set()
    wanted |= {"subject_dead"} if template in _DEAD else set()
    if table.keys() != wanted:
        raise ValueError(f"the text of {template} has {sorted(table)}, and not {sorted(wanted)}")
    return Text(**{name: value.strip("\n") for name, value in table.items()})
