"""AWS Secrets Manager, played by moto, behind a door that knows one access key.

moto checks no credentials unless it is told about every user; what AWS answers to a key that it does not know, or
that may not write, has the form of all its errors: 400 and a ``__type``.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3.session
from moto.server import ThreadedMotoServer
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from fakes.troubles import Forward

ACCESS_KEY = "AKIAEXAMPLE"
SECRET_KEY = "aws-s3cret-key"
REGION = "eu-central-1"
NAME = "tokenward/main"


@contextmanager
def running_moto() -> Iterator[str]:
    """Run moto on the loopback while the block lasts; gives its address."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@dataclass(slots=True)
class Aws:
    """One account with one secret."""

    url: str
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Status and code by which an operation is refused."""
    client: Any = None

    def __post_init__(self) -> None:
        """Make the secret anew, as somebody who looks after the account does."""
        session = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)
        self.client = session.client("secretsmanager", endpoint_url=self.url)
        self.empty()

    def empty(self, *, makes: bool = True) -> None:
        """Delete the secret, and make it again without a version."""
        self.client.delete_secret(SecretId=NAME, ForceDeleteWithoutRecovery=True)
        if makes:
            self.client.create_secret(Name=NAME)

    def write(self, text: str) -> None:
        """Add a version."""
        self.client.put_secret_value(SecretId=NAME, SecretString=text)

    def read(self) -> dict[str, str]:
        """Return the current version."""
        found: dict[str, str] = json.loads(self.client.get_secret_value(SecretId=NAME)["SecretString"])
        return found

    def versions(self) -> dict[str, list[str]]:
        """Return the labels of every version."""
        found: dict[str, list[str]] = self.client.describe_secret(SecretId=NAME)["VersionIdsToStages"]
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or not."""
        request = Request(scope)
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        status, code = self.refusals.get(operation, (0, ""))
        if f"Credential={ACCESS_KEY}/" not in request.headers.get("authorization", ""):
            status, code = 400, "UnrecognizedClientException"
        if status:
            await JSONResponse({"__type": code, "message": "whatever"}, status)(scope, receive, send)
            return
        await Forward(self.url)(scope, receive, send)
