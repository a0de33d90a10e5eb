"""Reading the configuration's files and merging them: one main file, and ``conf.d/*.toml`` beside it."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tokenward.app.settings_problems import Problem

LARGEST_FILE: Final = 4_000_000
_START: Final = re.compile(r"[^.\[]+(?:\[\d+\]|\.[^.\[]+)?")
_POSITION: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(slots=True)
class Files:
    """What the files say together, before anybody has judged it."""

    names: list[str] = field(default_factory=list)
    tables: dict[str, object] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """The file that each came from, by the start of its path: ``daemon.rescan``, ``service.main``."""
    unreadable: list[Problem] = field(default_factory=list)
    conflicts: list[Problem] = field(default_factory=list)
    """Where two files disagree; the earlier one then counts."""

    def ids(self) -> dict[str, tuple[str | None, ...]]:
        """Return the ids in each list of tables, in its order, also of tables that are wrong otherwise."""
        return {key: tuple(map(_id_of, value)) for key, value in self.tables.items() if isinstance(value, list)}

    def file_of(self, path: str) -> str | None:
        """Return the file that *path* leads to, where there is more than one to choose from."""
        return find_origin(self.origins, path) if len(self.names) > 1 else None

    def place_of(self, path: str) -> str:
        """Return *path* as it is named within a sentence, with its file where there are several."""
        file = self.file_of(path)
        return f"{path} in {file}" if file else path


def find_origin(origins: Mapping[str, str], path: str) -> str | None:
    """Return the file that the value at *path* came from, or None for what stands in no file."""
    inside = (file for start, file in origins.items() if start.startswith((f"{path}.", f"{path}[")))
    return origins.get(start_of(path)) or next(inside, None)


def start_of(path: str) -> str:
    """Return the table of *path*, with its key or with its place in the list: ``service.main``."""
    found = _START.match(path)
    return found[0] if found else path


def read_files(main: Path) -> Files:
    """Return what *main* and the files in ``conf.d`` beside it say, with what is wrong with the files."""
    files = Files()
    _merge_file(files, main, str(main))
    for path in sorted(main.parent.glob("conf.d/[!.]*.toml")):
        _merge_file(files, path, f"conf.d/{path.name}")
    return files


def _merge_file(files: Files, path: Path, name: str) -> None:
    files.names.append(name)
    tables = _parse(path, name)
    if isinstance(tables, Problem):
        files.unreadable.append(tables)
        return
    for key, value in tables.items():
        _merge(files, key, value, name)


def _parse(path: Path, name: str) -> Mapping[str, object] | Problem:
    try:
        with path.open("rb") as file:
            body = file.read(LARGEST_FILE + 1)
        if len(body) > LARGEST_FILE:
            return Problem(name, "this file is larger than 4 MB", "tables for Tokenward and nothing else")
        return tomllib.loads(body.decode())
    except OSError as error:
        return Problem(name, f"it can't be read: {error.strerror}", "a file that the daemon's user may read")
    except UnicodeDecodeError as error:
        return Problem(name, f"byte {error.start} is not UTF-8", "a TOML file, saved as UTF-8")
    except tomllib.TOMLDecodeError as error:
        return _syntax(name, str(error))


def _syntax(name: str, said: str) -> Problem:
    """Return the parser's complaint. It quotes single characters and names of keys, never a value."""
    found = _POSITION.search(said)
    place = f"{name}:{found[1]}:{found[2]}" if found else name
    return Problem(place, f"this is no TOML: {_POSITION.sub('', said)}", "TOML 1.0, as on toml.io")


def _merge(files: Files, key: str, value: object, name: str) -> None:
    """Add one top-level value of one file: lists of tables are appended, tables are joined key by key."""
    empty = [] if isinstance(value, list) else {} if isinstance(value, dict) else value
    present = files.tables.setdefault(key, empty)
    if isinstance(value, list) and isinstance(present, list):
        for entry in value:
            files.origins[f"{key}[{len(present)}]"] = name
            if own := _id_of(entry):
                files.origins.setdefault(f"{key}.{own}", name)
            present.append(entry)
    elif isinstance(value, dict) and isinstance(present, dict):
        _join(files, (key, present), value, name)
    elif present is value:
        files.origins[key] = name
    else:
        wrong = "one file has this as a table, another as a list of tables or a value"
        files.conflicts.append(Problem(key, wrong, "the same form in every file", name))


def _join(files: Files, table: tuple[str, dict[str, object]], added: dict[str, object], name: str) -> None:
    key, present = table
    for inner, setting in added.items():
        path = f"{key}.{inner}"
        if inner in present:
            wrong = f"it is set in {files.origins[path]} and again in {name}"
            files.conflicts.append(Problem(path, wrong, "set it in one of the two", name))
        else:
            present[inner] = setting
            files.origins[path] = name


def _id_of(table: object) -> str | None:
    own = table.get("id") if isinstance(table, Mapping) else None
    return own if isinstance(own, str) else None
