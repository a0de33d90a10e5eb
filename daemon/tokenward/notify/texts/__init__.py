"""What people are told, one file for each language. Read strictly: a text that lacks or invents a word is refused."""

import string
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, TypeAlias

from tokenward.model.rotation import Cause
from tokenward.model.target import BlockReason
from tokenward.notify.texts.words import NAMES, OF_MESSAGES, OF_PARTS, OF_TIMES, VARIANTS
from tokenward.policy.ladder import Level
from tokenward.policy.templates import Template

Text: TypeAlias = Mapping[str, str]
"""One kind of message: ``subject``, ``body``, and their variants."""

_NONE: Final = frozenset[str]()


class TextsInvalid(ValueError):
    """A language file can't be used; every fault is listed."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that is said in one language."""

    messages: Mapping[Template, Text]
    parts: Mapping[str, str]
    causes: Mapping[Cause, str]
    blocks: Mapping[BlockReason, str]
    """Why a rotation stands still."""
    levels: Mapping[str, str]
    times: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]]
    """Of weekdays and months."""


@cache
def texts(language: str = "en") -> Texts:
    """Return what is said in *language*.

    Raises:
        TextsInvalid: A text is missing, or there is one too many, or one wants a word that nobody has for it.
    """
    return parse_texts((resources.files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))


def parse_texts(toml: str) -> Texts:
    """Return the texts in *toml*.

    Raises:
        TextsInvalid: As for ``texts``.
    """
    raw = tomllib.loads(toml)
    tables = {name: raw.pop(name, {}) for name in ("parts", "causes", "blocks", "levels", "times")}
    names = {name: tuple(tables["times"].pop(name, ())) for name in NAMES}
    faults = [
        *_misnamed("messages", raw, Template),
        *(fault for name in raw.keys() & set(Template) for fault in _of_message(Template(name), raw[name])),
        *_of_table("parts", tables["parts"], OF_PARTS),
        *_of_table("causes", tables["causes"], dict.fromkeys(Cause, _NONE)),
        *_of_table("blocks", tables["blocks"], dict.fromkeys(BlockReason, _NONE)),
        *_of_table("levels", tables["levels"], dict.fromkeys(_levels(), _NONE)),
        *_of_table("times", tables["times"], OF_TIMES),
        *(f"times.{name} has not {count} names" for name, count in NAMES.items() if len(names[name]) != count),
    ]
    if faults:
        raise TextsInvalid("; ".join(sorted(faults)))
    messages = {one: {name: text.strip("\n") for name, text in raw[one].items()} for one in Template}
    causes = {cause: tables["causes"][cause] for cause in Cause}
    blocks = {reason: tables["blocks"][reason] for reason in BlockReason}
    return Texts(messages, tables["parts"], causes, blocks, tables["levels"], tables["times"], names)


def words_in(text: str) -> frozenset[str]:
    """Return the words that *text* wants filled in."""
    return frozenset(word for _, word, _, _ in string.Formatter().parse(text) if word is not None)


def _levels() -> Iterator[str]:
    return (level.name.lower() for level in Level if level is not Level.ASKED)


def _of_message(template: Template, table: Text) -> Iterator[str]:
    wanted = {"subject", "body", *(name for name, having in VARIANTS.items() if template in having)}
    yield from _misnamed(template, table, wanted)
    yield from _with_unknown_words(template, table, dict.fromkeys(wanted, OF_MESSAGES[template]))


def _of_table(place: str, table: Text, wanted: Mapping[str, frozenset[str]]) -> Iterator[str]:
    yield from _misnamed(place, table, wanted)
    yield from _with_unknown_words(place, table, wanted)


def _misnamed(place: str, table: Mapping[str, object], wanted: Iterable[str]) -> Iterator[str]:
    names = {str(name) for name in wanted}
    for name in names - table.keys():
        yield f"{place} lacks {name}"
    for name in table.keys() - names:
        yield f"{place} has no place for {name}"


def _with_unknown_words(place: str, table: Text, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for name in table.keys() & known.keys():
        for word in words_in(table[name]) - known[name]:
            yield f"{place}.{name} has no word {word!r}"
