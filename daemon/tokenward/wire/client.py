"""Asking another server: bounded in time and size, clear about what may have happened without an answer."""

import asyncio
import base64
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final

import httpx2

from tokenward import __version__
from tokenward.model.finding import Code, Finding, OutcomeUnknown, Retryable
from tokenward.model.secret import Secret
from tokenward.wire.answer import Answer

for _noisy in ("httpx2", "httpcore2"):  # they log whole addresses, and headers when debugging
    logging.getLogger(_noisy).setLevel(logging.WARNING)

USER_AGENT: Final = f"tokenward/{__version__}"
"""Apple refuses callers without ``product/version``."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONNECT_SECONDS: Final = 5.0
_CHUNK_BYTES: Final = 65536
_MOST_COOKIES: Final = 50
"""As many as every client keeps for one server. RFC 6265 section 6.1."""
_NOT_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
# For plain HTTP: reads no list of authorities, and so could trust nobody.
_TRUSTS_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Lost(Enum):
    """What it means when a request left and no usable answer came back."""

    HARMLESS = "harmless"
    """Asking again does no harm: ``Retryable``."""
    DOUBTFUL = "doubtful"
    """It may have been done: ``OutcomeUnknown``."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a server is reached, and for how long and how much it may speak."""

    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    client_certificate: Path | None = None
    """By which we show who we are; with the private key in it, or in ``client_key``."""
    client_key: Path | None = None
    proxy: str | None = None
    """Address of an HTTP proxy. The environment's is never used."""
    unix_socket: Path | None = None
    total_seconds: float = 30.0
    """From the request to the last byte of its answer; a slow drip does not extend it."""
    largest_answer: int = 256 * 1024
    """In bytes, unpacked. What is asked of products and of Apple is answered in some kilobytes."""

    def tls(self) -> ssl.SSLContext:
        """Return the TLS settings, shared by all who trust the same authorities.

        Raises:
            OSError: A file is missing, or holds something else; no file's key is asked a password for.
        """
        return _tls_context(self.ca_file, self.client_certificate, self.client_key)


@lru_cache(maxsize=32)
def _tls_context(ca_file: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if certificate is not None:
        context.load_cert_chain(certificate, key, password="")
    return context


def basic_auth(user: str, password: Secret) -> Secret:
    """Return the value of an Authorization header. RFC 7617 section 2."""
    pair = user.encode() + b":" + password.reveal()
    return Secret(b"Basic " + base64.b64encode(pair))


def bearer_auth(token: Secret) -> Secret:
    """Return the value of an Authorization header. RFC 6750 section 2.1."""
    return Secret(b"Bearer " + token.reveal())


class HttpPeer:
    """One other server. Every request is a conversation of its own: nothing stays open or needs closing."""

    def __init__(
        self,
        title: str,
        base_url: str,
        *,
        unreachable: Code,
        connection: Connection | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        keeps_cookies: bool = False,
    ) -> None:
        """Prepare to ask the server at *base_url*.

        Args:
            title: What people call the server; opens every sentence about it.
            base_url: Scheme, host, port and perhaps a path; requests append theirs.
            unreachable: The finding's code where it can't be reached or does not answer.
            connection: How it is reached; the defaults will do for most.
            headers: Sent with every request. Secrets stay wrapped until they leave.
            keeps_cookies: Whether its cookies go back to it, in memory only: a cluster knows by them which of its
                nodes was asked before, and so can show what was just changed.
        """
        self.title = title
        self._base_url = base_url.rstrip("/")
        self._unreachable = unreachable
        self._connection = connection or Connection()
        self._headers = dict(headers or {})
        self._cookies = CookieJar() if keeps_cookies else None
        self._tls = self._connection.tls() if self._base_url.startswith("https:") else _TRUSTS_NOBODY

    @property
    def base_url(self) -> str:
        """Where the server is, without a slash at the end."""
        return self._base_url

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        body: bytes = b"",
        lost: Lost | None = None,
    ) -> Answer:
        """Return the answer to one request, whatever its status; redirects are answers too.

        Args:
            lost: What a lost answer means; by default harmless for methods that only read.

        Raises:
            Retryable: The server was not reached, or its answer was lost and that does no harm.
            OutcomeUnknown: The request left, no usable answer came, and it may have been done.
        """
        lost = lost or (Lost.HARMLESS if method in SAFE_METHODS else Lost.DOUBTFUL)
        try:
            async with asyncio.timeout(self._connection.total_seconds):
                return await self._converse(method, path, query, {**self._headers, **(headers or {})}, body)
        except _NOT_SENT as error:
            raise Retryable(self._not_reached(error)) from error
        except (httpx2.TransportError, httpx2.DecodingError, _TooMuch, TimeoutError) as error:
            finding = self._no_answer(error, lost)
            raise (Retryable if lost is Lost.HARMLESS else OutcomeUnknown)(finding) from error

    async def _converse(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str | Secret],
        body: bytes,
    ) -> Answer:
        sent = {"User-Agent": USER_AGENT} | {
            name: value.reveal_text() if isinstance(value, Secret) else value for name, value in headers.items()
        }
        async with (
            self._client() as client,
            client.stream(method, self._base_url + path, params=query, headers=sent, content=body) as response,
        ):
            received = bytearray()
            async for chunk in response.aiter_bytes(_CHUNK_BYTES):
                received += chunk
                if len(received) > self._connection.largest_answer:
                    raise _TooMuch
            return Answer(response.status_code, dict(response.headers), bytes(received))

    def _client(self) -> httpx2.AsyncClient:
        socket = self._connection.unix_socket
        transport = httpx2.AsyncHTTPTransport(
            verify=self._tls,
            proxy=self._connection.proxy,
            uds=None if socket is None else str(socket),
            trust_env=False,
        )
        timeout = httpx2.Timeout(self._connection.total_seconds, connect=_CONNECT_SECONDS)
        if self._cookies is not None and len(self._cookies) > _MOST_COOKIES:
            self._cookies.clear()
        return httpx2.AsyncClient(
            transport=transport, timeout=timeout, cookies=self._cookies, follow_redirects=False, trust_env=False
        )

    def _not_reached(self, error: Exception) -> Finding:
        if _is_tls(error):
            return Finding(
                self._unreachable,
                f"{self.title} at {self._base_url} spoke no TLS, or with a certificate not trusted here.",
                "Nothing was sent.",
                "Check the address, and set ca_file if an authority of your own has signed its certificate.",
            )
        return Finding(
            self._unreachable,
            f"{self.title} could not be reached at {self._base_url}.",
            "Nothing was sent.",
            "Check that it runs, that the address is right, and that the network lets this machine through.",
        )

    def _no_answer(self, error: Exception, lost: Lost) -> Finding:
        means = {
            Lost.HARMLESS: "Nothing was learnt, and asking again does no harm.",
            Lost.DOUBTFUL: "It may have been done; that is looked up before anything is sent again.",
        }
        match error:
            case _TooMuch():
                what = f"answered with more than {self._connection.largest_answer} bytes"
            case TimeoutError() | httpx2.TimeoutException():
                what = f"gave no whole answer within {self._connection.total_seconds:g} seconds"
            case _:
                what = "broke off before its answer was whole"
        return Finding(
            self._unreachable,
            f"{self.title} {what}.",
            means[lost],
            f"Nothing at once. If it lasts, look at the log of {self.title} and of any proxy in front of it.",
        )


class _TooMuch(Exception):
    """The answer is larger than anything that was asked for could be."""


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
