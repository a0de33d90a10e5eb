"""Fault scripts: "answer the next N times with this", per place and service. Kept in memory only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field, replace
from enum import StrEnum

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from tokenward.simulator.answers import TEXT, Answer


class Place(StrEnum):
    """Where a fault can be set."""

    SESSION = "session"
    ACCOUNT = "account"
    DEVICES = "devices"
    PORTAL_TOKEN = "portal-token"  # noqa: S105 - a place
    PORTAL_CERTIFICATE = "portal-certificate"
    NANODEP_GET_KEY = "nanodep-get-key"
    NANODEP_PUT_KEY = "nanodep-put-key"
    NANODEP_TOKENS = "nanodep-tokens"
    NANODEP_PROXY = "nanodep-proxy"
    OAUTH = "oauth"
    MDM_SERVERS = "mdm-servers"
    AUDIT_EVENTS = "audit-events"
    USERS = "users"


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Fault:
    """What to do instead of answering, or while answering.

    Without *status* the real answer is given, late or cut short. With *carry_out* the work is done although
    *status* is answered: what a client sees when the answer gets lost after the fact.
    """

    where: Place
    service: str | None = None  # a service's or name's name; None: any
    times: int = 1
    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    truncate: bool = False
    carry_out: bool = False

    def answer(self) -> Answer | None:
        """Return the scripted answer, or None where the real one is to be given."""
        if self.status is None:
            return None
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Answer(self.status, self.body.encode(), headers.pop("content-type", TEXT), headers)


class Faults:
    """The scripts that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set a script behind those that wait."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all scripts."""
        self._waiting.clear()

    def waiting(self) -> tuple[Fault, ...]:
        """Return the scripts with what is left of them."""
        return tuple(self._waiting)

    def _take(self, where: Place, service: str | None) -> Fault | None:
        for index, fault in enumerate(self._waiting):
            if fault.where is where and fault.service in {None, service}:
                left = fault.times - 1
                self._waiting[index : index + 1] = [replace(fault, times=left)] if left > 0 else []
                return fault
        return None

    async def around(self, where: Place, service: str | None, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the answer of *work*, or what a waiting script makes of it."""
        fault = self._take(where, service)
        if fault is None:
            return await work()
        await asyncio.sleep(fault.delay_seconds)
        scripted = fault.answer()
        if scripted is None:
            return replace(await work(), truncated=fault.truncate)
        if fault.carry_out:
            await work()
        return replace(scripted, truncated=fault.truncate)
