"""The commands that look and hand out, against a daemon that really runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from end_to_end.scene import call, linked_quickstart
from fakes.running import Running, short_folder


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    """A quickstart with both services linked."""
    with short_folder() as root, linked_quickstart(root / "var") as running:
        yield running


def asked(daemon: Running, *arguments: str, code: int = 0) -> str:
    """Return what a command prints, which must end with *code*."""
    result = call("--config", str(daemon.folder / "tokenward.toml"), *arguments)
    assert result.returncode == code, result.stderr
    return result.stdout


def the_values(daemon: Running) -> str:
    """Return the values of the token of ``main``, as its product prints them."""
    settings = json.loads(asked(daemon, "config", "show", "--json"))
    url = next(one["value"] for one in settings if one["path"] == "service.main.target[0].url")
    key = (daemon.folder / "simulator" / "nanodep-api-key").read_text().strip()
    return httpx2.get(f"{url}/v1/tokens/main", auth=("depserver", key), trust_env=False).raise_for_status().text


def test_what_came_in_is_told_and_a_probe_is_answered(daemon: Running) -> None:
    """B10.1, B12.5: over the control socket."""
    assert "valid" in asked(daemon, "probe", "main")

    events = json.loads(asked(daemon, "events", "--json"))["events"]
    assert {"service.unlinked", "certificate.new", "token.supplied", "probe"} <= {one["kind"] for one in events}


def test_certificate_and_envelope_are_given_out_and_belong_together(daemon: Running, tmp_path: Path) -> None:
    """A3, B4.5: the envelope names the certificate; inspect says whose both are."""
    certificate, envelope = tmp_path / "main.pem", tmp_path / "main.p7m"
    asked(daemon, "export-certificate", "main", "-o", str(certificate))
    asked(daemon, "export-envelope", "main", "-o", str(envelope))

    lines = asked(daemon, "inspect", "--json", str(certificate), str(envelope)).splitlines()
    first, second = (json.loads(line) for line in lines)

    assert (first["kind"], second["kind"]) == ("certificate", "envelope")
    assert second["recipients"][0]["serial_number"] == first["certificate"]["serial_number"]
    assert first["services"] == second["services"] == ["main"]
    history = json.loads(asked(daemon, "history", "main", "--json"))
    assert "envelope.exported" in [line["what"] for line in history["lines"]]
    assert history["rotations"][0]["outage"]["seconds"] >= 0


def test_the_values_of_a_token_make_its_end_known_from_the_token_itself(daemon: Running, tmp_path: Path) -> None:
    """B1.2, B1.3: decrypted, and Apple is asked with them from now on; no value is left anywhere."""
    file = tmp_path / "token.json"
    file.write_text(the_values(daemon))

    asked(daemon, "import-token", "main", str(file))

    assert daemon.service("main")["expiry_basis"] == "decrypted"
    assert "Apple answers with this token" in asked(daemon, "probe", "main")
    secret = json.loads(file.read_text())["access_secret"].encode()
    kept = [path for path in (daemon.folder / "state").iterdir() if path.is_file()]
    assert not any(secret in path.read_bytes() for path in kept)
    assert secret.decode() not in daemon.log()


def test_the_values_of_one_service_are_not_taken_for_another(daemon: Running, tmp_path: Path) -> None:
    """B5.4: what is in use elsewhere belongs there."""
    file = tmp_path / "token.json"
    file.write_text(the_values(daemon))

    asked(daemon, "import-token", "labs", str(file), code=4)
