"""Keys are made once: they are what takes time here."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.apple_envelope import apple_cms, apple_file, apple_message
from tokenward.crypto import LoadedKeypair, load_keypair, make_keypair, to_pem
from tokenward.model.certificate import Keypair

NOW = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def now() -> datetime:
    """Return the present of these tests."""
    return NOW


@pytest.fixture(scope="session")
def keypair() -> Keypair:
    """Return the keypair that envelopes are made for."""
    return make_keypair("Main MDM", 7, NOW, timedelta(days=730))


@pytest.fixture(scope="session")
def namesake() -> Keypair:
    """Return another keypair with the same issuer and serial number."""
    return make_keypair("Main MDM", 7, NOW, timedelta(days=730))


@pytest.fixture(scope="session")
def loaded(keypair) -> LoadedKeypair:
    """Return the keypair, ready for opening."""
    return load_keypair(keypair)


@pytest.fixture(scope="session")
def genuine(keypair) -> bytes:
    """Return a token file as Apple writes it."""
    return apple_file(apple_cms(keypair.certificate, apple_message()))


Openssl = Callable[..., bytes]


@pytest.fixture(scope="session")
def openssl(keypair, tmp_path_factory) -> Openssl:
    """Return a way to run ``openssl``, in a folder with ``cert.pem``, ``key.der`` and what earlier calls left there."""
    folder = tmp_path_factory.mktemp("openssl")
    (folder / "cert.pem").write_bytes(to_pem(keypair.certificate))
    (folder / "key.der").write_bytes(keypair.private_key.reveal())
    return lambda *arguments, given=b"": _run(folder, arguments, given)


def _run(folder: Path, arguments: tuple[str, ...], given: bytes) -> bytes:
    return subprocess.run(
        ["openssl", *arguments], cwd=folder, input=given, capture_output=True, check=True, timeout=30
    ).stdout
