"""A whole run with everything logged: no secret is left in clear anywhere, and no departure is told before its day."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from end_to_end.scene import a_certificate, apple
from fakes.running import Running, a_cloudevent, running, short_folder
from fakes.stand_in import KIM, StandIn, running_stand_in
from tokenward.app import quickstart
from tokenward.model.secret import Secret
from tokenward.schema.address import Address

TYPED_PASSWORD = "correct-horse-battery"
LEAVES_AT = datetime.now(UTC) + timedelta(days=10)
TELLS_OF_A_DEPARTURE = re.compile(rf"employment|depart|leav(?:e|ing)|offboard|{LEAVES_AT:%Y-%m-%d}", re.IGNORECASE)
PATHS = ("/v1/status", "/v1/version", "/v1/services/main", "/v1/services/labs", "/v1/services/main/history?limit=1000")


@dataclass
class Traces:
    """What a run has left behind, by where it was found, and what must not be in it."""

    found: dict[str, bytes]
    secrets: dict[str, bytes]
    log: list[dict[str, Any]]
    news: str
    """What /metrics shows after the departure was announced and did not show before."""
    status: str


@pytest.fixture(scope="module")
def traces():
    """Play everything that can happen, good and bad, and collect what it leaves."""
    with short_folder() as root:
        folder = root / "var"
        with running_stand_in(folder / "simulator") as stand_in:
            config = debugging(folder, stand_in)
            certificate, key = a_certificate("labs")
            with running(folder, "-m", "tokenward", "run", "--config", str(config), "--log-format", "json") as daemon:
                play(daemon, stand_in, certificate, key)
                before = daemon.exposition().splitlines()
                announce_departure(daemon)
                news = "\n".join(line for line in daemon.exposition().splitlines() if line not in before)
                status = json.dumps(daemon.ask("/v1/status")) + on_the_board(daemon)
                found = {path: json.dumps(daemon.ask(path)).encode() for path in PATHS}
                found |= {"board": on_the_board(daemon).encode()}
                found |= {"metrics": daemon.exposition().encode(), "log": daemon.log().encode()}
                found |= on_disk(folder)
                assert daemon.end() == 0
                found |= {f"{name}, at rest": raw for name, raw in on_disk(folder).items()}
                yield Traces(found, secrets_of(folder, stand_in, key), daemon.lines(), news, status)


def debugging(folder: Path, stand_in: StandIn) -> Path:
    """Return a configuration as the quickstart writes it, that has everything logged."""
    at, anywhere = Secret(stand_in.api_key), Address("127.0.0.1", 0)
    apple_side = quickstart.StandIn(stand_in.apple, stand_in.portal, stand_in.nanodep, at)
    config = quickstart.prepare(folder, apple_side, quickstart.Addresses(anywhere, anywhere))
    config.write_text(config.read_text().replace("[daemon]", '[daemon]\nlog_level = "debug"'))
    return config


def play(daemon: Running, stand_in: StandIn, certificate: bytes, key: bytes) -> None:
    """Have both services linked and rotated, the product out of order, and secrets dropped where none belong."""
    daemon.until(lambda: daemon.blocked_by("labs"), "labs waits")
    daemon.drop("certificates", "labs.pem", certificate)
    daemon.drop("certificates", "key.pem", key)
    for service in ("main", "labs"):
        daemon.until(lambda service=service: daemon.is_settled(service), f"{service} is linked")
    opened = {name: apple(daemon.folder)["tokens"][0][name] for name in ("consumer_secret", "access_token")}
    daemon.drop("tokens", "opened.json", json.dumps(opened).encode())
    daemon.drop("events", "typed.json", a_cloudevent("account.locked", KIM, password=TYPED_PASSWORD))
    stand_in.admin("POST", "/nanodep", {"down": True})
    daemon.send({"kind": "rotate", "service": "main", "data": {"reason": "a try"}, "wait_seconds": 5})
    daemon.until(lambda: daemon.blocked_by("main"), "main's product is out of order")
    stand_in.admin("POST", "/nanodep", {"down": False})
    daemon.send({"kind": "retry", "service": "main", "wait_seconds": 5})
    daemon.until(lambda: daemon.is_settled("main"), "main has its next token", seconds=90)
    daemon.until(lambda: not daemon.drops("tokens"), "the opened token is put away")


def announce_departure(daemon: Running) -> None:
    """Have kim leave in ten days, which rotates at once, and wait until both services need nothing more."""
    daemon.drop("events", "hr.json", a_cloudevent("employment.ending", KIM, effective_at=LEAVES_AT.isoformat()))
    labels = {"service": "main", "cause": "custodian", "outcome": "done"}
    daemon.until(lambda: daemon.metric("tokenward_rotations_total", **labels), "ana has stepped in")
    daemon.until(lambda: daemon.blocked_by("labs") == "certificate_missing", "labs wants a new key")
    daemon.until(lambda: daemon.lines("message.sent"), "people were told")


def on_the_board(daemon: Running) -> str:
    """Return every page of the board, and what it tells as JSON."""
    board = str(daemon.lines("daemon.ready")[0]["board"])
    rotations = [service["rotation"]["id"] for service in map(daemon.service, ("main", "labs")) if service["rotation"]]
    paths = ["", "services/main", "services/labs", *(f"rotations/{one}" for one in rotations)]
    asked = [*paths, *(f"api/v1/{path or 'status'}" for path in paths)]
    pages = [httpx2.get(board + path, trust_env=False).raise_for_status().text for path in asked]
    assert all("main" in page or "labs" in page for page in pages)
    return "".join(pages).replace("a departure", "").replace('"departure"', "")  # a heading: who would tell of one


def on_disk(folder: Path) -> dict[str, bytes]:
    """Return the database files and the reasons beside refused files."""
    database = list((folder / "state").glob("tokenward.db*"))
    reasons = list((folder / "drop").glob("*/rejected/*.reason.txt"))
    assert database
    assert len(reasons) == 2
    return {path.name: path.read_bytes() for path in (*database, *reasons)}


def secrets_of(folder: Path, stand_in: StandIn, key: bytes) -> dict[str, bytes]:
    """Return every secret value that there is, by what it is."""
    world = apple(folder)
    found = {
        f"{name} of token {number}": token[name].encode()
        for number, token in enumerate(world["tokens"])
        for name in ("consumer_secret", "access_token", "access_secret")
    }
    found |= {f"session {number}": session.encode() for number, session in enumerate(world["sessions"])}
    found["API key"] = stand_in.api_key.encode()
    found["login"] = base64.b64encode(f"depserver:{stand_in.api_key}".encode())
    seal_key = (folder / "seal-key").read_text().strip()
    found["seal key"] = seal_key.encode()
    found["typed password"] = TYPED_PASSWORD.encode()
    pairs = [held[which] for held in world["nanodep"]["names"].values() for which in ("current", "staging")]
    keys = [key, *(pair["private_key"].encode() for pair in pairs if pair)]
    found |= {f"{name} {number}": raw for number, one in enumerate(keys) for name, raw in forms_of(one)}
    return found


def forms_of(pem: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield pieces of a private key as they would look wherever it was left."""
    yield "private key, a line", pem.splitlines()[4]
    private_key = load_pem_private_key(pem, None)
    assert isinstance(private_key, RSAPrivateKey)
    yield "private key, its bytes", private_key.private_numbers().d.to_bytes(256, "big")[-40:]


def test_no_secret_is_found_in_clear_anywhere(traces):
    """B5, C3: log, database, metrics, control socket and reasons, with debug logging and after failures."""
    assert len(traces.secrets) > 12
    leaks = [
        f"{what} in {where}"
        for where, raw in traces.found.items()
        for what, one in traces.secrets.items()
        if one in raw
    ]

    assert leaks == []


def test_the_search_would_find_a_secret(traces):
    """B5: each value is really one, long enough to be told from chance."""
    assert all(len(one) >= 16 for one in traces.secrets.values())
    assert any(line["level"] == "debug" and line["logger"].startswith("tokenward") for line in traces.log)


def test_no_line_of_the_log_names_a_departure_before_its_day(traces):
    """B7.2: the log speaks of a planned change of custodian."""
    told = [line for line in traces.log if TELLS_OF_A_DEPARTURE.search(json.dumps(line))]

    assert told == []
    assert any("planned change of custodian" in json.dumps(line) for line in traces.log)


def test_neither_metrics_nor_status_nor_reasons_name_it(traces):
    """B7.2: what dashboards and alerts are made from says `custodian`."""
    reasons = b"".join(raw for name, raw in traces.found.items() if ".reason.txt" in name).decode()

    assert 'cause="custodian"' in traces.news
    for text in (traces.news, traces.status, reasons):
        assert not TELLS_OF_A_DEPARTURE.search(text), text


def test_the_control_socket_alone_tells_the_date(traces):
    """B7.2: whoever may use it may know."""
    assert f"{LEAVES_AT:%Y-%m-%d}" in traces.found["/v1/services/main"].decode()
