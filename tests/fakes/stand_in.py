"""Runs the real simulator process for a test, and drives its control plane.

    with running_stand_in(tmp_path / "apple") as stand_in:
        service = stand_in.add_service("Main MDM", certificate_pem)
        envelope = stand_in.download_token(service)          # as kim@corp.example
        stand_in.admin("POST", "/terms", {"accepted": False})
        ... stand_in.apple, stand_in.portal, stand_in.nanodep, stand_in.api_key, stand_in.business ...

Leaving the block ends the process, unless it was killed meanwhile. Entering it again with the same directory
finds the same Apple on the same ports.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

KIM: Final = "kim@corp.example"
ANA: Final = "ana@corp.example"
STOP_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class StandIn:
    """A running simulator: where it listens, and a few short ways to it."""

    apple: str  # http://127.0.0.1:PORT, Apple's device assignment API
    portal: str  # the portal, and /admin/...
    nanodep: str  # the small device management service
    api_key: str  # its API key; the user name is depserver
    business: str  # Apple's Business API at /v1, the School Manager API at /school/v1, /auth/oauth2/token
    directory: Path
    process: subprocess.Popen[str]
    client: httpx2.Client  # plain, for any of the four

    def admin(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, object]:
        """Return the JSON that ``/admin{path}`` answers; an answer that is not 200 is an AssertionError."""
        answer = self.client.request(method, f"{self.portal}/admin{path}", json=body)
        assert answer.status_code == httpx2.codes.OK, answer.text
        value = answer.json()
        return value if isinstance(value, dict) else {"items": value}

    def add_service(self, name: str, certificate: str | None = None, user: str = KIM) -> str:
        """Return the uuid of a new service, made at the portal."""
        body = {"name": name, "certificate": certificate}
        answer = self.client.post(f"{self.portal}/portal/services", json=body, headers={"X-Portal-User": user})
        assert answer.status_code == httpx2.codes.CREATED, answer.text
        return str(answer.json()["uuid"])

    def put_certificate(self, service: str, certificate: str, user: str = KIM) -> None:
        """Save another certificate for the service with this uuid."""
        answer = self.client.put(
            f"{self.portal}/portal/services/{service}/certificate",
            json={"certificate": certificate},
            headers={"X-Portal-User": user},
        )
        assert answer.status_code == httpx2.codes.OK, answer.text

    def download_token(self, service: str, user: str = KIM) -> bytes:
        """Return the ``.p7m`` file that a click on "download token" gives; the token before it is dead."""
        answer = self.client.post(f"{self.portal}/portal/services/{service}/token", headers={"X-Portal-User": user})
        assert answer.status_code == httpx2.codes.OK, answer.text
        return answer.content

    def add_api_client(self, role: str = "administrator", product: str = "business") -> Mapping[str, str]:
        """Return ``client_id``, ``key_id`` and ``private_key`` (PEM) of a new client of Apple's API."""
        made = self.admin("POST", "/api-clients", {"product": product, "role": role})
        return {name: str(value) for name, value in made.items()}

    def kill(self) -> None:
        """End the process as a crash would."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)


def start_stand_in(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """Return the process just started on *directory*; it ends with this one."""
    command: Sequence[str] = (
        sys.executable,
        "-m",
        "tokenward.simulator",
        "--dir",
        str(directory),
        *arguments,
    )
    return subprocess.Popen(
        [*command, "--parent-pid", str(os.getpid())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_stand_in(directory: Path, *arguments: str) -> Iterator[StandIn]:
    """Yield a simulator that is ready to answer; *arguments* are further ones of its command line."""
    process = start_stand_in(directory, *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout, process.stderr, httpx2.Client(trust_env=False) as client:
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            urls = json.loads(line)
            yield StandIn(
                apple=urls["apple"],
                portal=urls["portal"],
                nanodep=urls["nanodep"],
                api_key=urls["nanodep_api_key"],
                business=urls["business"],
                directory=directory,
                process=process,
                client=client,
            )
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
