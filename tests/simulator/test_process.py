"""The process itself: what outlives it, what it shares with nobody, and when it ends."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from fakes.stand_in import KIM, running_stand_in, start_stand_in

LIMIT_SECONDS = 10


@pytest.fixture
def directory(tmp_path):
    """Return where the simulator keeps its state."""
    return tmp_path / "simulator"


def test_after_a_crash_the_same_apple_is_found_on_the_same_ports(directory, pair):
    """Killed after an answer: what it said still holds."""
    with running_stand_in(directory) as stand_in:
        auth = ("depserver", stand_in.api_key)
        pem = stand_in.client.get(f"{stand_in.nanodep}/v1/tokenpki/main", auth=auth).text
        uuid = stand_in.add_service("Main MDM", pem)
        file = stand_in.download_token(uuid)
        stand_in.admin("POST", "/clock", {"offset_seconds": 3600})
        stand_in.kill()
        addresses = (stand_in.apple, stand_in.portal, stand_in.nanodep, stand_in.api_key)

    with running_stand_in(directory) as again:
        assert (again.apple, again.portal, again.nanodep, again.api_key) == addresses
        assert again.admin("GET", "/clock")["offset_seconds"] == 3600
        put = again.client.put(f"{again.nanodep}/v1/tokenpki/main", content=file, auth=auth)
        assert put.status_code == 200
        answer = again.client.get(
            f"{again.nanodep}/proxy/main/account", auth=auth, headers={"user-agent": "tokenward/1.0"}
        )
        assert (answer.json()["server_uuid"], answer.json()["admin_id"]) == (uuid, KIM)


def test_a_state_written_without_a_listener_gets_a_port_for_it(directory):
    """The other ports stay."""
    with running_stand_in(directory) as stand_in:
        before = (stand_in.apple, stand_in.portal, stand_in.nanodep)
    state = json.loads((directory / "state.json").read_text())
    for name in ("api_clients", "api_tokens", "audit_events"):
        del state[name]
    del state["ports"]["business"]
    del state["switches"]["api_page"]
    (directory / "state.json").write_text(json.dumps(state))

    with running_stand_in(directory) as again:
        assert (again.apple, again.portal, again.nanodep) == before
        assert again.business not in before
        assert again.client.get(f"{again.business}/v1/mdmServers").status_code == 401
    assert json.loads((directory / "state.json").read_text())["ports"]["business"] > 0


def click_until_killed(stand_in, service: str, pair, delay: float) -> list[str]:
    """Return the access tokens that were answered until a kill in the midst of it, *delay* after the first."""
    answered = [pair.secrets(stand_in.download_token(service))["access_token"]]
    killer = subprocess.Popen(["sh", "-c", f"sleep {delay}; kill -9 {stand_in.process.pid}"])
    with killer, suppress(httpx2.HTTPError):
        for _ in range(12):  # all rounds together stay within what is remembered
            file = stand_in.download_token(service)
            answered.append(pair.secrets(file)["access_token"])
    return answered


def test_killed_at_any_moment_no_answered_click_is_forgotten(directory, pair):
    """The state is on disk before each answer; a click that was not answered may or may not count."""
    with running_stand_in(directory) as stand_in:
        uuid = stand_in.add_service("Main MDM", pair.pem)
    answered: list[str] = []
    for delay in (0.003, 0.017, 0.041):
        with running_stand_in(directory) as stand_in:
            answered += click_until_killed(stand_in, uuid, pair, delay)

    tokens = json.loads((directory / "state.json").read_text())["tokens"]
    known = [token["access_token"] for token in tokens]
    assert [token for token in known if token in answered] == answered
    assert sum(token["superseded_at"] is None for token in tokens) == 1


def test_the_state_is_for_the_owners_eyes(stand_in):
    """Mode 0600, in a folder of mode 0700."""
    assert stat.S_IMODE((stand_in.directory / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(stand_in.directory.stat().st_mode) == 0o700
    assert sorted(path.name for path in stand_in.directory.iterdir()) == ["lock", "state.json"]


def refused_start(directory, *arguments: str) -> str:
    """Return the one line on stderr of a simulator that does not start."""
    process = start_stand_in(directory, *arguments)
    out, err = process.communicate(timeout=LIMIT_SECONDS)
    assert (process.returncode, out) == (1, "")
    assert err.count("\n") == 1
    return err


def test_a_directory_has_one_simulator(stand_in):
    """The second one says so and leaves."""
    assert "another simulator is using" in refused_start(stand_in.directory)


def test_a_kept_port_that_is_taken_is_named(directory):
    """No other port is taken instead."""
    with running_stand_in(directory) as stand_in:
        port = int(stand_in.portal.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        assert str(port) in refused_start(directory)


def test_a_state_that_cannot_be_read_stops_the_start(directory):
    """Nothing is overwritten."""
    directory.mkdir()
    (directory / "state.json").write_text("{")
    assert "state.json" in refused_start(directory)
    assert (directory / "state.json").read_text() == "{"


def test_a_seed_names_organisation_and_people(directory, tmp_path):
    """--seed counts on the first start; a bad one stops it."""
    seed = tmp_path / "seed.json"
    seed.write_text('{"organisation": "Labs", "users": [{"account": "Boss@labs.example", "role": "administrator"}]}')
    with running_stand_in(directory, "--seed", str(seed)) as stand_in:
        shown = stand_in.admin("GET", "/state")
    assert '"Labs"' in json.dumps(shown["organisation"])
    assert "boss@labs.example" in json.dumps(shown["users"])

    seed.write_text('{"people": []}')
    assert "seed" in refused_start(tmp_path / "other", "--seed", str(seed))


def test_it_ends_cleanly_when_told_to(directory):
    """SIGTERM: exit code 0, soon, and nothing on stderr."""
    process = start_stand_in(directory)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()).keys() == {
        "apple",
        "portal",
        "nanodep",
        "nanodep_api_key",
        "business",
    }

    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=LIMIT_SECONDS)

    assert (process.returncode, out, err) == (0, "", "")


def test_it_ends_with_its_parent(directory):
    """A parent that was killed leaves no simulator behind."""
    with subprocess.Popen(["sleep", "60"]) as parent:
        command = [sys.executable, "-m", "tokenward.simulator", "--dir", str(directory)]
        with subprocess.Popen([*command, "--parent-pid", str(parent.pid)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            parent.kill()
            assert process.wait(LIMIT_SECONDS) == 0


def test_a_parent_that_is_gone_already_ends_it_at_once(directory):
    """Nobody waits for it."""
    with subprocess.Popen(["true"]) as parent:
        parent.wait(LIMIT_SECONDS)
    command = [sys.executable, "-m", "tokenward.simulator", "--dir", str(directory)]
    done = subprocess.run([*command, "--parent-pid", str(parent.pid)], check=False, timeout=LIMIT_SECONDS)
    assert done.returncode == 0


def test_it_is_ready_within_a_second(directory):
    """Of the processor's time, so that other work on the machine does not count. The first start makes no key."""
    with running_stand_in(directory) as stand_in:
        behind_the_name = Path(f"/proc/{stand_in.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(behind_the_name[11]) + int(behind_the_name[12])
        assert ticks / os.sysconf("SC_CLK_TCK") < 1


def test_it_shares_no_code_with_what_it_tests():
    """No other room, no OAuth library, no CMS library."""
    program = (
        "import sys, tokenward.simulator.__main__\n"
        "print(*(name for name in sys.modules if name.partition('.')[0] in {'oauthlib', 'asn1crypto'}"
        " or name.endswith('.pkcs7') or name.startswith('tokenward.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=LIMIT_SECONDS
    )
    foreign = [name for name in done.stdout.split() if not name.startswith("tokenward.simulator")]
    assert foreign == []
