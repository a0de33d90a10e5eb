"""The state file: one JSON document, replaced whole before each answer that changed something."""

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from tokenward.simulator.state import World

Answer = TypeVar("Answer")
STATE_FILE: Final = "state.json"
_WORLD: Final = TypeAdapter(World)


class CannotStart(Exception):
    """Why the simulator does not start, as one line for a person."""


def lock_directory(directory: Path) -> int:
    """Return an open descriptor that holds *directory* for this process until it ends.

    Raises:
        CannotStart: Another simulator holds it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise CannotStart(f"another simulator is using {directory}") from error
    return descriptor


def load_world(directory: Path) -> World | None:
    """Return the world in *directory*, or None where there is none yet.

    Raises:
        CannotStart: There is a state file and it cannot be read.
    """
    path = directory / STATE_FILE
    try:
        return _WORLD.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise CannotStart(f"{path} cannot be read as the simulator's state; move it away to begin anew") from error


def save_world(directory: Path, world: World) -> None:
    """Write *world*, for this user's eyes only; after a crash either the old or the new file is there."""
    temporary = directory / f".{STATE_FILE}.tmp"
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(_WORLD.dump_json(world, indent=1))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / STATE_FILE)


class Store:
    """The present world, and the only way to change it."""

    def __init__(self, directory: Path, world: World) -> None:
        self._directory = directory
        self._world = world
        self._turn = asyncio.Lock()

    @property
    def world(self) -> World:
        """The world as last saved."""
        return self._world

    async def change(self, step: Callable[[World], tuple[World, Answer]]) -> Answer:
        """Return what *step* answers, once the world it made is on disk.

        One step at a time; what it raises leaves the world as it was. Writing happens in a thread.
        """
        async with self._turn:
            world, answer = step(self._world)
            if world != self._world:
                await asyncio.to_thread(save_world, self._directory, world)
                self._world = world
            return answer
