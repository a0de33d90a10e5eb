"""The program as somebody calls it, a control socket with a real control source behind it, and what that answers."""

import asyncio
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fakes.intake import FakeIntake
from fakes.web import serving
from tokenward.cli.main import program
from tokenward.rotation.record import Settlement
from tokenward.sources.control import ControlSource

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"


@dataclass
class Cli:
    """Calls the program in *folder*, where ``var/tokenward.toml`` may lie."""

    folder: Path
    environment: dict[str, str | None] = field(default_factory=dict)

    def __call__(self, *arguments: str) -> Result:
        """Return what came of it; a bug is raised."""
        quiet = {"TOKENWARD_CONFIG": None, "RUNTIME_DIRECTORY": None, "NO_COLOR": None, "COLUMNS": "80"}
        runner = CliRunner(env={**quiet, **self.environment})
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = runner.invoke(program, arguments, prog_name="tokenward")
        finally:
            os.chdir(before)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments: str) -> Any:
        """Return what is printed on stdout, which must be one JSON value."""
        return json.loads(self(*arguments).stdout)


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


class _Chance:
    def token(self) -> str:
        return os.urandom(8).hex()


@dataclass
class Control:
    """What listens at the control socket: the real control source on a fake intake, and answers that a test sets."""

    intake: FakeIntake = field(default_factory=FakeIntake)
    settlement: Settlement | None = field(default_factory=lambda: Settlement("accepted", ("so it was decided",)))
    answers: dict[str, Any] = field(default_factory=dict)
    """By path: a value, or a list of values that are given one after the other, the last one for ever."""
    asked: list[str] = field(default_factory=list)

    async def settled(self, event_id: int, timeout_seconds: float) -> Settlement | None:
        """Return what the test says became of the event."""
        return self.settlement

    def app(self) -> Starlette:
        """Return what is served."""
        source = ControlSource(self.intake, self, _Clock(), _Chance())
        return Starlette(routes=[*source.routes(), Route("/{path:path}", self._answer, methods=["GET", "POST"])])

    async def _answer(self, request: Request) -> Response:
        self.asked.append(str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""))
        found = self.answers.get(request.url.path)
        if found is None:
            missing = {"code": "TW114", "happened": "No such service.", "means": "Nothing.", "do": "Say main."}
            return JSONResponse(missing, 404)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return JSONResponse(found)


class Answering:
    """An application that is another one in each test."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the test's own application answer."""
        await self.app(scope, receive, send)


@contextmanager
def in_thread(app, socket=None):
    """Serve *app* from a thread of its own while the block lasts, at *socket* or by TCP; gives its address."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()
    addresses = []

    async def serve():
        async with serving(app, str(socket) if socket else None) as address:
            addresses.append(address)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def a_rotation(**words):
    """Return an open rotation as ``status`` tells of it."""
    rotation = {
        "id": "r1",
        "state": "awaiting_token",
        "causes": ["expiry"],
        "waiting_for": None,
        "since": "2026-11-24T09:00:00Z",
        "blocked": None,
    }
    return {**rotation, **words}


def a_service(service_id="main", **words):
    """Return a service as ``status`` tells of it, with nothing that needs anybody."""
    service = {
        "id": service_id,
        "name": "Main MDM",
        "state": "valid",
        "expires_at": "2027-11-24T09:30:00Z",
        "expiry_basis": "read_back",
        "days_until_expiry": 365.0,
        "custodian": "kim",
        "rotation": None,
    }
    return {**service, **words}


def a_status(*services, linked=True, retired=()):
    """Return the answer of ``/v1/status`` for one organisation."""
    return {"organisations": [{"id": "corp", "linked": linked, "services": list(services)}], "retired": list(retired)}
