"""A drop folder on a real file system, with a recording intake behind it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from fakes.apple_envelope import apple_cms, apple_file, apple_message
from fakes.intake import FakeIntake
from fakes.values import NOW
from tokenward.crypto import make_keypair, to_pem
from tokenward.model.certificate import Keypair
from tokenward.sources.drop import DropSettings, DropSource


class FixedClock:
    """A clock that stands."""

    def now(self) -> datetime:
        """Return the same moment each time."""
        return NOW


class Drop:
    """The folder with its source. ``put`` drops the right way, by renaming."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.intake = FakeIntake()
        self.source = self.restarted()

    def restarted(self, make_observer: Callable[[], BaseObserver] = Observer, **words: Any) -> DropSource:
        """Return a new source over the same folder and the same record, as after a restart."""
        settings = DropSettings(
            self.root, services=("main", "labs"), owners=frozenset(), rescan_seconds=30.0, still_seconds=0.08
        )
        self.intake = FakeIntake(self.intake.record)
        self.source = DropSource(replace(settings, **words), self.intake, FixedClock(), make_observer)
        return self.source

    def put(self, where: str, content: bytes | str) -> Path:
        """Drop *content* as ``folder/name`` and return its path."""
        path = self.root / where
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(".half")
        half.write_bytes(content if isinstance(content, bytes) else content.encode())
        return half.rename(path)

    def kept(self, folder: str, *, reasons: bool = False) -> list[str]:
        """Return the names in a ``done/`` or ``rejected/`` without their stamp, sorted."""
        names = (path.name for path in (self.root / folder).glob("*"))
        return sorted(name.split("-", 1)[1] for name in names if name.endswith(".reason.txt") == reasons)

    def reason(self, folder: str, name: str) -> str:
        """Return the reason that lies beside the rejected *name*."""
        (path,) = (self.root / folder / "rejected").glob(f"*-{name}.reason.txt")
        return path.read_text()

    async def sweep_until(self, is_there: Callable[[], bool]) -> None:
        """Sweep until *is_there*, for a few seconds at most."""
        async with asyncio.timeout(5):
            while not is_there():
                await self.source.sweep()
                await asyncio.sleep(0.02)


@pytest.fixture
def drop(tmp_path) -> Drop:
    """Return a drop folder for the services ``main`` and ``labs``."""
    return Drop(tmp_path / "drop")


@pytest.fixture(scope="session")
def keypair() -> Keypair:
    """Return a keypair for certificates and envelopes."""
    return make_keypair("Main MDM", 7, NOW, timedelta(days=730))


@pytest.fixture(scope="session")
def pem(keypair) -> bytes:
    """Return a certificate, PEM."""
    return to_pem(keypair.certificate)


@pytest.fixture(scope="session")
def der(keypair: Keypair) -> bytes:
    """Return the same certificate, DER."""
    return keypair.certificate.der


@pytest.fixture(scope="session")
def p7m(keypair) -> bytes:
    """Return a token file as Apple's portal gives it."""
    return apple_file(apple_cms(keypair.certificate, apple_message()))
