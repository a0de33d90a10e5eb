"""Problems of a configuration: where, what is wrong, what would be right; pydantic's own as such."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tokenward.app.registry import CLASSES_BY_KIND
from tokenward.app.settings import Settings
from tokenward.schema.fault import Fault, quote
from tokenward.schema.near import suggest
from tokenward.schema.slug import is_slug

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration. Never repeats what may be a secret."""

    path: str
    """The key's path; array tables by their id where they have one: ``service.main.target[0].url``."""
    wrong: str
    right: str
    file: str | None = None
    """The file to correct, where there are several."""

    def text(self) -> str:
        """Return the problem as it is printed, in three lines."""
        place = f"{self.path} ({self.file})" if self.file else self.path
        return f"{place}\n  Wrong  {self.wrong}\n  Right  {self.right}\n"


def format_path(loc: Loc, raw: object) -> str:
    """Return the path that *loc* describes in *raw*, the tables as they were read."""
    path = ""
    here = raw
    for step in loc:
        here = _inside(here, step)
        own_id = here.get("id") if isinstance(step, int) and isinstance(here, Mapping) else None
        if is_slug(own_id):
            path += f".{own_id}"
        else:
            path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")


def translate(error: ValidationError, raw: Mapping[str, object]) -> list[tuple[Loc, Problem]]:
    """Return pydantic's complaints about *raw* as problems, each with its place.

    A key that is missing because it is misspelt is one problem, not two.
    """
    faults = []
    meant: set[Loc] = set()
    for details in error.errors(include_input=False, include_url=False):
        loc = details["loc"]
        wrong, right = _words(details, raw)
        faults.append((loc, Problem(format_path(loc, raw), wrong, right)))
        if details["type"] == "extra_forbidden":
            meant.add((*loc[:-1], right.strip('"')))
    return [(loc, problem) for loc, problem in faults if loc not in meant or problem.wrong != _MISSING]


def _words(details: ErrorDetails, raw: Mapping[str, object]) -> tuple[str, str]:
    """Return what is wrong and what would be right."""
    context = details.get("ctx", {})
    match details["type"]:
        case "value_error" if isinstance(fault := context["error"], Fault):
            return fault.wrong, fault.right
        case "extra_forbidden":
            return "there is no such key here", suggest(str(details["loc"][-1]), _keys_at(details["loc"][:-1], raw))
        case "missing":
            is_top = len(details["loc"]) == 1  # only tables stand there
            wanted = f"[{details['loc'][0]}]" if is_top else f"{details['loc'][-1]} = …"
            return _MISSING_TABLE if is_top else _MISSING, f"add `{wanted}`; config/tokenward.toml shows how"
        case "enum" | "literal_error":
            word = _at(details["loc"], raw)
            return f"{quote(word)} is not known here", suggest(str(word), _expected(str(context["expected"])))
        case known:
            return _PLAIN_WORDS.get(known, ("this will not do", details["msg"].removeprefix("Input should be ")))


_MISSING: Final = "this key is missing"
_MISSING_TABLE: Final = "this table is missing"
_NO_TEXT: Final = ("this is no text", "text in quotes")
_NO_NUMBER: Final = ("this is no whole number", "a whole number, without quotes")
_NO_TRUTH: Final = ("this is neither true nor false", "true or false, without quotes")
_NO_TABLE: Final = ("this is no table", "[name] with single brackets, or { key = value }")
_NO_LIST: Final = ("this is no list", 'a list, ["…", "…"]; a table of which there can be several: [[name]]')
_PLAIN_WORDS: Final = {
    "string_type": _NO_TEXT,
    "string_too_short": ("there is nothing between the quotes", "some text"),
    "int_type": _NO_NUMBER,
    "int_parsing": _NO_NUMBER,
    "int_from_float": _NO_NUMBER,
    "bool_type": _NO_TRUTH,
    "bool_parsing": _NO_TRUTH,
    "dict_type": _NO_TABLE,
    "model_type": _NO_TABLE,
    "list_type": _NO_LIST,
    "tuple_type": _NO_LIST,
}


def _expected(words: str) -> list[str]:
    """Return the words that pydantic lists as ``'a', 'b' or 'c'``."""
    return [word.strip(" '") for word in words.replace(" or ", ",").split(",")]


def _inside(here: object, step: str | int) -> object:
    if isinstance(here, Mapping):
        return here.get(step)
    if isinstance(here, Sequence) and isinstance(step, int) and step < len(here):
        return here[step]
    return None


def _at(loc: Loc, raw: object) -> object:
    for step in loc:
        raw = _inside(raw, step)
    return raw


def _keys_at(loc: Loc, raw: object) -> list[str]:
    """Return the keys that the table at *loc* may have."""
    found: type[BaseModel] = Settings
    for step in loc:
        raw = _inside(raw, step)
        if isinstance(step, str):
            found = _class_of_key(found, step)
        if isinstance(raw, Mapping) and found in CLASSES_BY_KIND:
            found = CLASSES_BY_KIND[found].get(str(raw.get("kind")), found)
    return [field.alias or name for name, field in found.model_fields.items()]


def _class_of_key(table: type[BaseModel], key: str) -> type[BaseModel]:
    for name, field in table.model_fields.items():
        if key == (field.alias or name):
            return _first_class(field.annotation) or table
    return table


def _first_class(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_first_class(argument) for argument in get_args(annotation))
    return next((found for found in inner if found), None)
