"""A folder with a stand-in for Apple that outlives the daemon's crashes, and what must be so in the end.

The daemon is ``victim.py``, killed where the test says. The verdict is taken after an orderly end, from the store, the
files and the stand-in's own record.
"""

import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crash.victim import CALM, KILLED, Deadly, victim
from fakes.running import PATIENCE_SECONDS, Running, a_cloudevent, short_folder
from fakes.stand_in import KIM, StandIn, running_stand_in
from tokenward.crypto.certificate import parse_certificate
from tokenward.crypto.envelope import parse_envelope
from tokenward.crypto.keypair import LoadedKeypair
from tokenward.crypto.opening import open_envelope
from tokenward.store.audit import verify

_OPENSSL = "openssl req -x509 -newkey rsa:2048 -nodes -days 825 -subj /CN=labs -keyout labs.key -out labs.pem"


@dataclass
class Scene:
    """One folder, one Apple, as many daemons as it takes."""

    folder: Path
    stand_in: StandIn
    starts: int = 0

    @contextmanager
    def daemon(self, waypoints: Deadly = CALM) -> Iterator[Running]:
        """Run a daemon while the block lasts; one of *waypoints* may kill it."""
        self.starts += 1
        with victim(self.folder, self.stand_in, waypoints, self._told(self.starts)) as daemon:
            yield daemon

    def waypoints(self, start: int | None = None) -> list[str]:
        """Return the waypoints that the daemon of the last *start*, or of that number, has reached."""
        return self._told(start or self.starts).read_text().splitlines()

    def _told(self, start: int) -> Path:
        return self.folder.with_name(f"waypoints-{start}")

    # --- what happens to the daemon

    def crash(self, waypoints: Deadly) -> None:
        """Start it and wait until it has killed itself."""
        with self.daemon(waypoints) as daemon:
            assert daemon.process.wait(PATIENCE_SECONDS) == KILLED, daemon.log()[-4000:]

    def labs_certificate(self) -> bytes:
        """Return a certificate for labs, whose key lies beside the folder."""
        subprocess.run(_OPENSSL.split(), cwd=self.folder.parent, check=True, capture_output=True, timeout=30)
        return (self.folder.parent / "labs.pem").read_bytes()

    def lost(self, begun: str, ended: str) -> int:
        """Return how often a daemon had reached *begun* and not *ended* when its life was over."""
        lives = [Counter(self.waypoints(start)) for start in range(1, self.starts + 1)]
        return sum(life[begun] - life[ended] for life in lives)

    # --- what the stand-in has seen

    def asked(self, method: str, path: str) -> int:
        """Return how many requests with *method* and a path that ends in *path* it has answered well."""
        shown: Any = self.stand_in.admin("GET", "/requests")["items"]
        return sum(one["method"] == method and one["path"].endswith(path) and one["status"] < 300 for one in shown)

    @property
    def fetches(self) -> int:
        """How many certificates main's product was asked for; each time it makes a new key."""
        return self.asked("GET", "/v1/tokenpki/main")

    @property
    def installs(self) -> int:
        """How many envelopes main's product has taken."""
        return self.asked("PUT", "/v1/tokenpki/main")

    def downloads(self, name: str = "Main MDM") -> int:
        """Return how many tokens of the service called *name* were downloaded."""
        return len(self._service(name)["tokens"])

    def _service(self, name: str) -> dict[str, Any]:
        services = self.stand_in.admin("GET", "/state")["services"]
        assert isinstance(services, list)
        found: dict[str, Any] = next(one for one in services if one["name"] == name)
        return found

    # --- what must be so in the end

    def assert_all_is_well(self, **causes: list[set[str]]) -> None:
        """Assert what holds after any crashes; *causes* are those of each rotation of a service, in order."""
        with closing(self.store()) as store:
            assert_decided_once(store)
            for service, expected in causes.items():
                assert_rotated_once_each(store, service, expected)
            assert verify(store) is None
        self.assert_works_with_the_newest()

    def store(self) -> sqlite3.Connection:
        """Return the database of a daemon that has ended, to be read only."""
        path = self.folder / "state" / "tokenward.db"
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        return connection

    def assert_works_with_the_newest(self) -> None:
        """Assert that each service that has a token has the one which Apple takes."""
        state: Any = self.stand_in.admin("GET", "/state")
        assert state["nanodep"]["names"]["main"]["is_newest_token"]
        for service in state["services"]:
            *old, newest = service["tokens"]
            assert newest["superseded_at"] is None
            assert all(token["superseded_at"] for token in old)
        if (self.folder / "targets" / "labs" / "labs.p7m").exists():
            assert self._installed_at_labs() == self._newest_of_labs()

    def _newest_of_labs(self) -> str:
        world = json.loads((self.folder / "simulator" / "state.json").read_text())
        uuid = self._service("Labs MDM")["uuid"]
        return str([token["access_token"] for token in world["tokens"] if token["service"] == uuid][-1])

    def _installed_at_labs(self) -> str:
        certificate, key = ((self.folder.parent / f"labs.{kind}").read_bytes() for kind in ("pem", "key"))
        private_key = load_pem_private_key(key, None)
        assert isinstance(private_key, RSAPrivateKey)
        keypair = LoadedKeypair(parse_certificate(certificate, datetime.now(UTC)), private_key)
        installed = (self.folder / "targets" / "labs" / "labs.p7m").read_bytes()
        return open_envelope(parse_envelope(installed), keypair).access_token.reveal_text()


def assert_decided_once(store: sqlite3.Connection) -> None:
    """Assert that every accepted event was decided, and each exactly once: the totals count every decision."""
    events = store.execute("select kind, outcome from event").fetchall()
    assert all(event["outcome"] is not None for event in events)
    tallies = store.execute("select labels, amount from tally where name = 'tokenward_events_total'").fetchall()
    decided: Counter[str] = Counter()
    for tally in tallies:
        labels = json.loads(tally["labels"])
        if labels["outcome"] in {"accepted", "ignored"}:
            decided[labels["kind"]] += int(tally["amount"])
    assert decided == Counter(event["kind"] for event in events)


def assert_rotated_once_each(store: sqlite3.Connection, service: str, causes: list[set[str]]) -> None:
    """Assert that *service* had one rotation for each of *causes*, one after the other, each opened and done once."""
    lines = store.execute(
        "select what, details from audit"
        " where service = ? and what in ('rotation.opened', 'rotation.done') order by id",
        (service,),
    ).fetchall()
    opened_and_done = [(line["what"], json.loads(line["details"])["rotation"]) for line in lines]
    rotations = store.execute("select id, state, causes from rotation where service = ? order by opened_at", (service,))
    found = rotations.fetchall()
    assert [set(json.loads(one["causes"])) for one in found] == causes
    assert all(one["state"] == "done" for one in found)
    expected = [(what, one["id"]) for one in found for what in ("rotation.opened", "rotation.done")]
    assert opened_and_done == expected


@contextmanager
def a_scene() -> Iterator[Scene]:
    """Yield a scene whose stand-in runs while the block lasts."""
    with short_folder() as root:
        folder = root / "var"
        with running_stand_in(folder / "simulator") as stand_in:
            yield Scene(folder, stand_in)


def a_password_event() -> bytes:
    """Return an event that says that kim, who downloaded everything, has a new password."""
    return a_cloudevent("password.changed", KIM)
