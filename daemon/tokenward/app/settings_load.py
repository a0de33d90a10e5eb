"""Loading the configuration: read, merge, validate, check, and report every problem at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from tokenward.app.settings import Settings, Tables
from tokenward.app.settings_check import check
from tokenward.app.settings_files import Files, read_files
from tokenward.app.settings_problems import Loc, Problem, translate
from tokenward.app.settings_view import View


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, or every problem that stands in the way."""

    settings: Settings | None
    problems: tuple[Problem, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    """The file that each came from, by the start of its path: ``daemon.rescan``, ``service.main``."""


def load(path: Path) -> Loaded:
    """Return the configuration in *path* and in ``conf.d`` beside it. Never raises for what they say."""
    return judge(read_files(path))


def judge(files: Files) -> Loaded:
    """Return what *files* come to."""
    if files.unreadable:
        return Loaded(None, tuple(files.unreadable))
    settings, tables, faults = _validate(files)
    problems = [*files.conflicts, *faults, *check(View(tables, files.ids(), files.place_of))]
    if problems:
        return Loaded(None, tuple(replace(one, file=one.file or files.file_of(one.path)) for one in problems))
    return Loaded(settings, origins=files.origins)


def _validate(files: Files) -> tuple[Settings | None, Tables, list[Problem]]:
    """Return the settings if all is valid; then what is valid for itself, and what is not."""
    try:
        settings = Settings.model_validate(files.tables)
    except ValidationError as error:
        faults = translate(error, files.tables)
        return None, _sound_tables(files.tables, {loc for loc, _ in faults}), [problem for _, problem in faults]
    return settings, settings, []


def _sound_tables(raw: Mapping[str, object], faults: set[Loc]) -> Tables:
    """Return what is valid for itself, so that one mistake does not hide those between the other tables."""
    faulty = {fault[:length] for fault in faults for length in (1, 2)}
    arrays = {
        key: [entry for index, entry in enumerate(value) if (key, index) not in faulty]
        for key, value in raw.items()
        if isinstance(value, list) and (key,) not in faults
    }
    tables = {key: value for key, value in raw.items() if isinstance(value, dict) and (key,) not in faulty}
    return Tables.model_validate({key: value for key, value in (arrays | tables).items() if key != "daemon"})
