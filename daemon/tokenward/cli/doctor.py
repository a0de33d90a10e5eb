"""``doctor``: a look at everything that Tokenward depends on, each finding with its remedy."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tokenward.app.secrets import CREDENTIALS_FOLDER
from tokenward.cli.exit_codes import Exit
from tokenward.cli.failure import Failed
from tokenward.cli.invocation import Invocation
from tokenward.cli.printing import beside, print_json
from tokenward.cli.verb import json_option, verb
from tokenward.model.checkup import Check, Grade

if TYPE_CHECKING:
    from tokenward.app.settings import Settings

CHECKUP_SECONDS: Final = 120.0
"""How long the daemon may look: a target that hangs is waited for as its own settings say."""
LITTLE_ROOM: Final = 200 * 1024**2
"""In bytes. A record of a thousand services has some tens of megabytes."""
_MARKS: Final = {Grade.WELL: "ok", Grade.UNSURE: "?", Grade.BAD: "BAD"}
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o002


@verb(
    "doctor",
    examples=(
        "tokenward doctor                 # root sees the folder of credentials too",
        "tokenward doctor --json | jq '.checks[] | select(.grade == \"bad\")'",
    ),
)
@json_option
def doctor(invocation: Invocation, *, as_json: bool) -> Exit:
    """Look at everything, and say what to do next.

    Configuration, credentials, rights and room on disk; and by the daemon, which is asked to look: every target as
    before a rotation, the clock, rotations that stand still, people whom no source speaks of. Looking changes nothing.

    "?" is what can't be told, or had better be otherwise. Ends with 3 when something is bad, with 5 when no daemon
    runs, with 78 when the configuration is wrong.
    """
    checks, code = _looked_at(invocation)
    if as_json:
        print_json({"ok": code is Exit.WELL, "checks": [_parts(one) for one in checks]})
    else:
        for one in checks:
            click.echo("\n".join(_lines(one)))
    return code


def _looked_at(invocation: Invocation) -> tuple[list[Check], Exit]:
    from tokenward.app.settings_load import load

    path = invocation.config_path()
    loaded = load(path)
    if loaded.settings is None:
        wrong = [Check("configuration", Grade.BAD, f"{one.path}: {one.wrong}.", one.right) for one in loaded.problems]
        return wrong, Exit.CONFIGURATION
    checks = [Check("configuration", Grade.WELL, f"{path} is right."), *_local(invocation, loaded.settings)]
    try:
        checks += _by_daemon(invocation)
    except Failed as failed:
        if failed.code is not Exit.UNREACHABLE:
            raise
        return [*checks, Check("daemon", Grade.BAD, failed.happened, failed.do)], Exit.UNREACHABLE
    return checks, Exit.NEEDS_PERSON if any(one.grade is Grade.BAD for one in checks) else Exit.WELL


def _local(invocation: Invocation, settings: "Settings") -> Iterator[Check]:
    yield from _secrets(invocation, settings)
    yield from _insecure(settings)
    yield from _rights(settings.daemon.state_dir, _OTHERS, "state", "chmod go-rwx")
    for folder in ("certificates", "tokens", "events"):
        yield from _rights(settings.daemon.drop_dir / folder, _OTHERS_WRITE, f"drop {folder}", "chmod o-w")
    for path in dict.fromkeys((settings.daemon.state_dir, settings.daemon.drop_dir)):
        yield from _room(path)


def _secrets(invocation: Invocation, settings: "Settings") -> Iterator[Check]:
    from tokenward.app.secrets import read_secrets
    from tokenward.app.settings_walk import secret_refs
    from tokenward.schema.secret_ref import SecretPlace

    refs, environment = secret_refs(settings), dict(invocation.environment)
    if "CREDENTIALS_DIRECTORY" not in environment:
        passed = {path: ref for path, ref in refs.items() if ref.place is SecretPlace.CREDENTIAL}
        if passed and not os.access(CREDENTIALS_FOLDER, os.R_OK | os.X_OK):
            refs = {path: ref for path, ref in refs.items() if path not in passed}
            said = f"{len(passed)} are passed by the service manager, and can't be seen from here."
            yield Check(
                "credentials",
                Grade.UNSURE,
                said,
                f"As root, with the files in {CREDENTIALS_FOLDER}, they are looked at.",
            )
        environment["CREDENTIALS_DIRECTORY"] = str(CREDENTIALS_FOLDER)
    problems = read_secrets(refs, environment).problems
    for one in problems:
        yield Check("credentials", Grade.BAD, f"{one.path}: {one.wrong}.", f"It had better be {one.right}.")
    if refs and not problems:
        yield Check("credentials", Grade.WELL, f"{len(refs)} can be read.")


def _insecure(settings: "Settings") -> Iterator[Check]:
    from tokenward.schema.web_url import is_in_clear
    from tokenward.wire.settings import PeerSection

    for service in settings.services:
        for target in service.targets:
            if isinstance(target, PeerSection) and is_in_clear(target.url):
                said = f"{target.url} is asked in clear: its credential can be read on the way."
                do = "Put TLS in front of it, write https, and take `insecure` away."
                yield Check(f"target {service.id}/{target.target_id}", Grade.UNSURE, said, do)


def _rights(path: Path, forbidden: int, about: str, remedy: str) -> Iterator[Check]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        yield Check(about, Grade.UNSURE, f"{path} is not there yet.", "The daemon makes it when it first starts.")
    except PermissionError:
        yield Check(about, Grade.UNSURE, f"{path} can't be looked at by you.", "Ask as root, or as the daemon's user.")
    else:
        if mode & forbidden:
            said = f"{path} is open to more than it should be: {mode & 0o7777:04o}."
            yield Check(about, Grade.BAD, said, f"{remedy} {path}")
        else:
            yield Check(about, Grade.WELL, f"{path} is closed to others.")


def _room(path: Path) -> Iterator[Check]:
    try:
        free = shutil.disk_usage(path).free
    except OSError:
        return  # whether it is there is said elsewhere
    if free < LITTLE_ROOM:
        said = f"There are {free // 1024**2} MiB left where {path} is: when it is full, nothing can be taken any more."
        yield Check("disk", Grade.BAD, said, "Make room there; what lies in done/ and rejected/ can go.")
    else:
        yield Check("disk", Grade.WELL, f"{free // 1024**3} GiB are free where {path} is.")


def _by_daemon(invocation: Invocation) -> list[Check]:
    from tokenward.cli.answers import Checkup, read

    invocation.say("The daemon looks at its targets, which can take half a minute …")
    found = read(Checkup, invocation.client().look("/v1/checkup", CHECKUP_SECONDS))
    running = Check("daemon", Grade.WELL, "It runs, and was asked to look.")
    return [running, *(Check(one.about, one.grade, one.said, one.do) for one in found.checks)]


def _parts(one: Check) -> dict[str, str]:
    return {"about": one.about, "grade": one.grade.value, "said": one.said, "do": one.do}


def _lines(one: Check) -> Iterator[str]:
    yield from beside(f"{_MARKS[one.grade]:<4}", f"{one.about}: {one.said}")
    if one.do and one.grade is not Grade.WELL:
        yield from beside("      Do  ", one.do)
