"""A configuration drafted from a product that really answers, typed at a terminal as a new user would."""

import base64
import os
import pty
import subprocess
import tomllib
from pathlib import Path

import pytest

from end_to_end.scene import PROGRAM
from fakes.stand_in import running_stand_in

SECONDS = 30.0


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """The small device management service, with one token under the name ``main``."""
    with running_stand_in(tmp_path_factory.mktemp("apple")) as stand_in:
        auth = ("depserver", stand_in.api_key)
        place = f"{stand_in.nanodep}/v1/tokenpki/main"
        certificate = stand_in.client.get(place, auth=auth).raise_for_status().text
        service = stand_in.add_service("Main MDM", certificate)
        stand_in.client.put(place, auth=auth, content=stand_in.download_token(service)).raise_for_status()
        yield stand_in


def typed(folder: Path, lines: list[str], *arguments: str) -> tuple[int, str, str]:
    """Return how the program ended, what it printed, and all that showed on the terminal while *lines* were typed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        start_new_session=True,
    ) as program:
        os.close(theirs)
        shown = ""
        for prompt, line in zip(("url of", "api_key of"), lines, strict=True):
            while prompt not in shown:
                shown += os.read(ours, 4096).decode()
            os.write(ours, f"{line}\n".encode())
        printed, _ = program.communicate(timeout=SECONDS)
        shown += _rest(ours)
    os.close(ours)
    return program.returncode, printed, shown


def _rest(terminal: int) -> str:
    rest = b""
    while True:
        try:
            rest += os.read(terminal, 4096)
        except OSError:  # nobody writes there any more
            return rest.decode()


def test_whoever_types_address_and_key_gets_a_draft_that_the_check_takes(product, tmp_path: Path) -> None:
    """B1.5: before anything is configured; the key shows nowhere, not even while it is typed."""
    code, draft, shown = typed(tmp_path, [product.nanodep, product.api_key], "discover", "nanodep")

    assert code == 0
    assert product.api_key not in draft + shown
    assert "may do anything" in shown
    (service,) = tomllib.loads(draft)["service"]
    assert (service["name"], service["custodian"], service["target"][0]["dep_name"]) == ("Main MDM", "kim", "main")

    for name in ("seal-key", "nanodep-api-key"):
        assert f'{{ credential = "{name}" }}' in draft
        (tmp_path / name).write_bytes(base64.b64encode(os.urandom(32)))
    config = tmp_path / "tokenward.toml"
    config.write_text(draft)
    done = subprocess.run(
        [*PROGRAM, "--config", str(config), "config", "check"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout
    assert "Not looked at" not in done.stderr


def test_a_pipe_is_asked_for_nothing(product, tmp_path: Path) -> None:
    """A script that lacks an option ends, instead of waiting for somebody."""
    done = subprocess.run(
        [*PROGRAM, "discover", "nanodep", "--url", product.nanodep],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert "--secret api_key=FILE" in done.stderr
