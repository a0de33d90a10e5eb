"""What a configuration comes to: every value that is in force, and where it comes from."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from tokenward.app.roster_of import policy_of
from tokenward.app.settings import PolicySettings, ServiceSettings, Settings
from tokenward.app.settings_files import find_origin, start_of
from tokenward.app.settings_walk import walk
from tokenward.model.instant import format_instant
from tokenward.model.service import Freeze
from tokenward.schema.duration import format_duration
from tokenward.schema.secret_ref import SecretRef

_DEFAULT: Final = "default"

Line = tuple[str, object, str]
"""Path, value, origin."""


def explain(settings: Settings, origins: Mapping[str, str]) -> str:
    """Return a line for each value in force: path, value as TOML would write it, and the file that says so.

    What a service takes from ``[policy]`` or from the defaults is shown with it. Secrets show as references.
    """
    lines = list(_own_lines(settings, origins))
    for service in settings.services:
        lines += _inherited_lines(service, settings.policy, origins)
    lines.sort(key=lambda line: start_of(line[0]))
    return "".join(f"{path} = {_as_toml(value)}  # {origin}\n" for path, value, origin in lines if value is not None)


def _own_lines(settings: Settings, origins: Mapping[str, str]) -> Iterator[Line]:
    for path, value, was_set in walk(settings):
        yield path, value, (find_origin(origins, path) or _DEFAULT) if was_set else _DEFAULT


def _inherited_lines(service: ServiceSettings, policy: PolicySettings, origins: Mapping[str, str]) -> Iterator[Line]:
    in_force = policy_of(service, policy)
    for key in PolicySettings.model_fields:
        if getattr(service, key) is not None:
            continue
        if key == "departures":
            value: object = "open" if in_force.departures_open else "discreet"
        else:
            value = getattr(in_force, key)
        origin = find_origin(origins, f"policy.{key}")
        yield f"service.{service.id}.{key}", value, f"[policy] in {origin}" if origin else _DEFAULT


def _as_toml(value: object) -> str:
    match value:
        case bool() | int() | SecretRef():
            return str(value).lower() if isinstance(value, bool) else str(value)
        case timedelta():
            return f'"{format_duration(value)}"'
        case datetime():
            return format_instant(value)
        case Freeze():
            return f'"{value.first}/{value.last}"'
        case tuple():
            return f"[{', '.join(map(_as_toml, value))}]"
        case _:
            return json.dumps(str(value), ensure_ascii=False)
