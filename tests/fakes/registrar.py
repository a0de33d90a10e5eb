"""Apple's records of one organisation, in memory: keeps what the real ones promise, and can be told to fail."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tokenward.model.certificate import Certificate
from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.instant import Clock
from tokenward.model.registration import Member, Registration

SERVICE_UUID = "3F2C0000AAAA4000800000000000BBBB"


@dataclass(slots=True)
class FakeRegistrar:
    """One service and some people."""

    clock: Clock
    services: dict[str, Registration] = field(default_factory=dict)
    """By uuid."""
    people: tuple[Member, ...] = ()
    away: bool = False
    may_write: bool = True
    certificates: list[tuple[str, Certificate]] = field(default_factory=list)
    """Every certificate that was put, with the service's uuid."""

    def add(self, name: str = "Main MDM", uuid: str = SERVICE_UUID, **words: Any) -> None:
        """Put a service into the records."""
        record = Registration(uuid, name, "ACTIVE", False, 0, None, None, self.clock.now())
        self.services[uuid] = replace(record, **words)

    def heard(self, at: datetime, ip: str = "203.0.113.5") -> None:
        """Take note that the service spoke to Apple."""
        for uuid, record in self.services.items():
            self.services[uuid] = replace(record, last_connected_at=at, last_connected_ip=ip)

    async def find(self, name: str, server_uuid: str | None) -> Registration | None:
        self._reach()
        if server_uuid is not None:
            return self.services.get(server_uuid)
        return next((one for one in self.services.values() if one.name.casefold() == name.casefold()), None)

    async def replace_certificate(self, server_uuid: str, certificate: Certificate) -> Registration:
        self._reach()
        if not self.may_write:
            raise NeedsOperator(_MAY_NOT)
        self.certificates.append((server_uuid, certificate))
        record = replace(self.services[server_uuid], updated_at=self.clock.now() + timedelta(seconds=1))
        self.services[server_uuid] = record
        return record

    async def members(self) -> tuple[Member, ...]:
        self._reach()
        return self.people

    def _reach(self) -> None:
        if self.away:
            raise Retryable(_AWAY)


_AWAY = Finding(Code.APPLE_UNREACHABLE, "Apple's API is away.", "Nothing was changed.", "Nothing.")
_MAY_NOT = Finding(Code.APPLE_REFUSED, "The API account may not.", "A person does it.", "Give it a role.")
