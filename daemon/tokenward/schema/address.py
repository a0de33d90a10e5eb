"""Where a listener listens: ``HOST:PORT``, an IPv6 address in brackets."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from tokenward.schema.fault import Fault, quote

_RIGHT: Final = '"127.0.0.1:9847", "[::1]:9847" or "localhost:9847": host, colon, port up to 65535'
_FORM: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]{1,253})):(?P<port>0|[1-9][0-9]{0,4})")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LARGEST_PORT: Final = 65_535


def is_loopback(host: str) -> bool:
    """Return whether *host*, a name or an address without brackets, certainly is this machine alone."""
    ip = _ip(host)
    return host.lower() == "localhost" if ip is None else ip.is_loopback


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    for form in (IPv4Address, IPv6Address):
        try:
            return form(host)
        except AddressValueError:
            continue
    return None


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address to listen on, usable as a field's type."""

    host: str
    """Name or address, lower case, without brackets."""
    port: int
    """0 lets the system choose."""

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the address that *value* writes.

        Raises:
            Fault: It is none.
        """
        if isinstance(value, cls):
            return value
        match = _FORM.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match["port"]) > _LARGEST_PORT:
            raise Fault(f"{quote(value)} is no address to listen on", _RIGHT)
        if match["six"] is not None:
            return cls(_six(match["six"]), int(match["port"]))
        return cls(_host(match["host"]), int(match["port"]))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic take the type as it is."""
        return core_schema.no_info_plain_validator_function(cls.parse)


def _six(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError as error:
        raise Fault(f"{quote(text)} is no IPv6 address", _RIGHT) from error


def _host(text: str) -> str:
    host = text.lower()
    looks_like_ip = re.fullmatch(r"[0-9.]+", host) is not None
    if (looks_like_ip and _ip(host) is None) or not _NAME.fullmatch(host):
        raise Fault(f"{quote(text)} is neither an address nor a name", _RIGHT)
    return host
