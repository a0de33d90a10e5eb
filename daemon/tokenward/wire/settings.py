"""How another server is reached, as the configuration says it."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationInfo, field_validator

from tokenward.schema.duration import Duration, waited_at_most
from tokenward.schema.fault import Fault
from tokenward.schema.section import Section
from tokenward.schema.web_url import AnyWebUrl, parse_web_url
from tokenward.wire.client import Connection

LONGEST_ANSWER: Final = timedelta(minutes=2)


def parse_proxy_url(value: str) -> str:
    """Return *value*, the address of an HTTP proxy. Plain HTTP will do, since TLS goes through it end to end.

    Raises:
        Fault: No such address, or one that carries a password, which it does not repeat.
    """
    right = '"http://proxy.corp.example:3128"'
    try:
        parts = urlsplit(value)
        named = (parts.hostname, parts.port)
    except ValueError as error:
        raise Fault("this is no address of a proxy", right) from error
    if parts.scheme not in {"http", "https"} or not named[0]:
        raise Fault("this is no address of a proxy", right)
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise Fault("a proxy's address is scheme, host and port alone (it is not repeated here)", right)
    return value.rstrip("/")


Proxy = Annotated[str, AfterValidator(parse_proxy_url)]
"""Address of an HTTP proxy, as a field's type."""


class ConnectionSection(Section):
    """How the way to a server is set whose address may be known already."""

    ca_file: Path | None = None
    """PEM file of authorities to trust instead of the system's."""
    client_certificate: Path | None = None
    """PEM file by which we show who we are, with the private key in it or in `client_key`."""
    client_key: Path | None = None
    """PEM file of the private key of `client_certificate`, without a password."""
    proxy: Proxy | None = None
    """HTTP proxy on the way; the environment's is never used."""
    timeout: Annotated[Duration, waited_at_most(LONGEST_ANSWER, "server")] = timedelta(seconds=30)
    """From a request to the last byte of its answer."""

    @field_validator("client_key")
    @classmethod
    def _has_certificate(cls, key: Path | None, found: ValidationInfo) -> Path | None:
        if key is not None and found.data.get("client_certificate") is None:
            raise Fault("there is a key and no client_certificate", "both, or the key inside the certificate's file")
        return key

    def connection(self) -> Connection:
        """Return the connection that these settings describe."""
        return Connection(
            ca_file=self.ca_file,
            client_certificate=self.client_certificate,
            client_key=self.client_key,
            proxy=self.proxy,
            total_seconds=self.timeout.total_seconds(),
        )


class PeerSection(ConnectionSection):
    """What every adapter that speaks HTTP lets its operator set."""

    insecure: bool = False
    """Whether plain ``http`` is accepted to another machine, where the credential can be read on the way."""
    url: AnyWebUrl
    """Where it is reached: scheme, host, and port or path where it has them."""

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str, found: ValidationInfo) -> str:
        if found.data.get("insecure"):
            return url
        try:
            return parse_web_url(url)
        except Fault as fault:
            raise Fault(fault.wrong, f"{fault.right}; or insecure = true beside it, where you accept that") from fault
