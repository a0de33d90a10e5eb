"""How many devices Apple's records have assigned to a service, for whoever is about to retire it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.routing import Route

from tokenward.model.finding import NeedsOperator, OutcomeUnknown, Retryable
from tokenward.rotation.ledger import Ledger
from tokenward.rotation.ports import Registrar, ServiceWorld, World
from tokenward.web.answering import answering, json_bytes, named

APPLE_SECONDS: Final = 8.0
"""How long Apple is waited for; whoever asks waits a little longer for us."""


@dataclass(frozen=True, slots=True)
class AssignedDevices:
    """What Apple's records say."""

    service: str
    name: str
    """What the service is called in Apple's portal."""
    devices: int | None
    why: str
    """Why nobody can tell; empty where the number is known."""


class Devices:
    """Asks Apple, where the organisation has an account for its API."""

    def __init__(self, ledger: Ledger, world: Callable[[], World]) -> None:
        """Ask about the services of the *world* in force."""
        self._ledger = ledger
        self._world = world

    def routes(self) -> tuple[Route, ...]:
        """Return ``GET /v1/services/{id}/devices``, which answers 200 also where the number is not known."""
        return (Route("/v1/services/{id}/devices", answering(self._devices)),)

    async def _devices(self, request: Request) -> bytes:
        return json_bytes(await self.assigned_to(named(request, self._world())))

    async def assigned_to(self, served: ServiceWorld) -> AssignedDevices:
        """Return how many devices are assigned to the service.

        Source: Apple, "Apple Business API": MdmServer.Attributes, deviceCount.
        """
        service = served.service
        if served.registrar is None:
            return AssignedDevices(service.id, service.name, None, _NO_ACCOUNT)
        token = await self._ledger.read(lambda change: change.tokens.installed(service.id))
        count = await _counted(served.registrar, service.name, token.server_uuid if token else None)
        if isinstance(count, str):
            return AssignedDevices(service.id, service.name, None, count)
        return AssignedDevices(service.id, service.name, count, "")


async def _counted(registrar: Registrar, name: str, server_uuid: str | None) -> int | str:
    """Return the number, or in a sentence why nobody can tell."""
    try:
        async with asyncio.timeout(APPLE_SECONDS):
            found = await registrar.find(name, server_uuid)
    except TimeoutError:
        return f"Apple's API did not answer within {APPLE_SECONDS:.0f} seconds."
    except (Retryable, NeedsOperator, OutcomeUnknown) as error:
        return error.finding.happened
    if found is None:
        return "Apple's records have no such service."
    return "Apple's records give no number." if found.device_count is None else found.device_count


_NO_ACCOUNT: Final = "The organisation has no account for Apple's API (apple_api)."
