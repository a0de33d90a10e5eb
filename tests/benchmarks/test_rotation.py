"""From a dropped certificate to a proven token, beside the requests and commits that such a rotation can't spare."""

import base64
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from structlog.testing import capture_logs

from benchmarks.report import compare
from benchmarks.rounds import summed_up
from tokenward.app.demo import LABS, MAIN
from tokenward.app.stage import Stage
from tokenward.crypto import make_keypair, to_pem
from tokenward.model.rotation import State

pytestmark = pytest.mark.bench

ROUNDS = 9
KIM = {"X-Portal-User": "kim@corp.example"}
GROSS_LOSS = 12.0


class Request(NamedTuple):
    """A request to the stand-in."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one rotation took and did."""

    seconds: float
    requests: tuple[Request, ...]
    commits: int


async def test_a_dropped_certificate_becomes_a_proven_token_without_idling(tmp_path):
    """C5: nothing waits for a tick, a poll or a pause between the drop and the proof."""
    with capture_logs():
        rounds = await played(tmp_path)

    measured = summed_up(rounds)
    compare("rotation", "ms", measured, {})
    assert measured["dropped to proven"].ratio < GROSS_LOSS


async def played(folder: Path) -> list[dict[str, float]]:
    """Return the rounds, in which ``labs`` gets a certificate and a token each."""
    rounds = []
    async with Stage(folder / "stage") as stage:
        await stage.stopwatch.first(0, f"{State.PROVEN}.advanced", MAIN)
        with httpx2.Client(trust_env=False) as client, closing(bare_database(folder / "bare.db")) as database:
            replay = Replay(stage, client)
            await rotated(stage, client, 0)  # the first one makes the service at Apple
            for number in range(1, ROUNDS + 1):
                seen = await rotated(stage, client, number)
                http = replay.seconds(seen.requests)
                commits = committed(database, seen.commits)
                rounds.append({BASELINE: http + commits, "dropped to proven": seen.seconds})
                print(
                    f"\n{len(seen.requests)} requests {http * 1000:.1f} ms, {seen.commits} commits "
                    f"{commits * 1000:.1f} ms; dropped to proven {seen.seconds * 1000:.1f} ms",
                    end="",
                )
    return rounds


BASELINE = "its requests and commits, bare"


async def rotated(stage: Stage, client: httpx2.Client, number: int) -> Seen:
    """Drop a fresh certificate for ``labs``, wait for the proof and return what that took."""
    pem = to_pem(make_keypair(f"labs {number}", number + 1, datetime.now(UTC), timedelta(days=365)).certificate)
    mark, before = stage.stopwatch.mark(), requests(stage, client)
    with counted_commits(stage) as commits:
        begun_at = time.monotonic()
        stage.drop("certificates", f"{LABS}.pem", pem)
        proven_at = await stage.stopwatch.first(mark, f"{State.INSTALLED}.advanced", LABS)
        number_of_commits = commits.number
    made = requests(stage, client)[len(before) :]
    await stage.stopwatch.first(mark, f"{State.PROVEN}.advanced", LABS)
    return Seen(proven_at - begun_at, made, number_of_commits)


def requests(stage: Stage, client: httpx2.Client) -> tuple[Request, ...]:
    """Return what the stand-in has been asked about services, by anybody."""
    entries = client.get(f"{stage.stand_in.portal}/admin/requests").json()
    return tuple(Request(one["method"], one["path"]) for one in entries if one["path"].startswith("/portal/services"))


class Counter:
    """Stands where the ledger tells of each commit, and counts."""

    def __init__(self, stage: Stage) -> None:
        self._writer = stage.core.ledger._writer
        self._told = self._writer._on_commit
        self.number = 0

    def __enter__(self):
        self._writer._on_commit = self._count
        return self

    def __exit__(self, *_):
        self._writer._on_commit = self._told

    def _count(self) -> None:
        self.number += 1
        if self._told is not None:
            self._told()


def counted_commits(stage: Stage) -> Counter:
    """Count the commits inside the block."""
    return Counter(stage)


class Replay:
    """Makes the same requests again, for a service of its own, with one client and nothing in between."""

    def __init__(self, stage: Stage, client: httpx2.Client) -> None:
        self._portal, self._client = f"{stage.stand_in.portal}/portal/services", client
        certificate = make_keypair("Replay", 1, datetime.now(UTC), timedelta(days=365)).certificate
        self._certificate = {"certificate": base64.b64encode(certificate.der).decode()}
        made = client.post(self._portal, json={"name": "Replay", **self._certificate}, headers=KIM)
        self._uuid = made.raise_for_status().json()["uuid"]

    def seconds(self, asked: Sequence[Request]) -> float:
        """Return how long the requests *asked* take, from each one's first byte to its answer's last."""
        prepared = [self._prepared(one) for one in asked]
        begun_at = time.perf_counter()
        answers = [self._client.send(request) for request in prepared]
        spent = time.perf_counter() - begun_at
        for answer in answers:
            answer.raise_for_status()
        return spent

    def _prepared(self, asked: Request) -> httpx2.Request:
        """Return the request again. ``labs`` speaks to the portal alone; whatever else came up would be news."""
        match asked.path.split("/")[3:]:
            case []:
                return self._client.build_request(asked.method, self._portal, headers=KIM)
            case [_, what]:
                url = f"{self._portal}/{self._uuid}/{what}"
                body = self._certificate if what == "certificate" else None
                return self._client.build_request(asked.method, url, json=body, headers=KIM)
            case _:
                raise LookupError(asked)


def bare_database(path: Path) -> sqlite3.Connection:
    """Return a database whose commits are as durable as the daemon's."""
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = wal", "synchronous = full"):
        database.execute(f"pragma {pragma}")
    database.execute("create table kept (what text)")
    return database


def committed(database: sqlite3.Connection, number: int) -> float:
    """Return how long *number* commits of one row take."""
    begun_at = time.perf_counter()
    for _ in range(number):
        database.execute("insert into kept values (?)", ("x" * 400,))
    return time.perf_counter() - begun_at
