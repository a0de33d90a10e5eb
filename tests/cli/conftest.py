"""A folder, a configuration in it, and a daemon's control socket."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest

from cli.calling import ROOT, Answering, Cli, Control, in_thread

PLACES = {
    "ISSUER": '{ kind = "simulator", url = "http://127.0.0.1:9002" }',
    "OTHERWISE": "really a person",
    "METRICS": "127.0.0.1:9847",
    "OPERATIONS": "127.0.0.1:9847",
    "PUBLIC": "127.0.0.1:9848",
    "PORTAL": "http://127.0.0.1:9002",
    "APPLE": "http://127.0.0.1:9003",
    "NANODEP": "http://127.0.0.1:9001",
}


@pytest.fixture
def folder():
    """A folder with a path that is short enough for a Unix socket."""
    path = Path(tempfile.mkdtemp(prefix="tw"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def cli(folder):
    """The program, called in an empty folder."""
    return Cli(folder)


@pytest.fixture
def config(folder):
    """The quickstart's configuration in ``var``, where the program finds it by itself; no daemon has run."""
    var = folder / "var"
    (var / "state").mkdir(parents=True)
    text = (ROOT / "config" / "quickstart.toml").read_text()
    path = var / "tokenward.toml"
    path.write_text(re.sub(r"@([A-Z]+)@", lambda found: {"DIR": str(var), **PLACES}[found[1]], text))
    for secret in ("seal-key", "simulator/nanodep-api-key"):
        (var / secret).parent.mkdir(exist_ok=True)
        (var / secret).write_text("secret\n")
        (var / secret).chmod(0o600)
    return path


@pytest.fixture(scope="session")
def listening():
    """A listener for all tests, which costs a while to end; each test says who answers there."""
    answering = Answering()
    folder = Path(tempfile.mkdtemp(prefix="tw"))
    with in_thread(answering, folder / "s"):
        yield answering, folder / "s"
    shutil.rmtree(folder)


@pytest.fixture
def control(config, listening):
    """A daemon's control socket, where the configuration says that it is."""
    answering, path = listening
    control = Control()
    answering.app = control.app()
    (config.parent / "state" / "control.sock").symlink_to(path)
    return control
