"""OAuth 1.0a with HMAC-SHA1, both directions, written from RFC 5849.

The simulator checks signatures with it, and the small device management service signs its own requests.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

REQUIRED: Final = (
    "oauth_consumer_key",
    "oauth_token",
    "oauth_signature_method",
    "oauth_signature",
    "oauth_timestamp",
    "oauth_nonce",
)
_PARAMETER: Final = re.compile(r'\s*([A-Za-z0-9_]+)="([^"]*)"\s*')
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class BadParameters(Exception):
    """The Authorization header lacks a parameter, repeats one, or asks for something that is not offered."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The two secrets that sign a request."""

    consumer_secret: str
    access_secret: str


def parse_authorization(header: str | None) -> Mapping[str, str]:
    """Return the decoded ``oauth_*`` parameters of an Authorization header, without the realm.

    They may stand in any order, with or without white space after the comma; ``oauth_version`` may be
    missing.

    Raises:
        BadParameters: Anything Apple calls an unsupported, missing or duplicated parameter.

    Source: RFC 5849 sections 3.2, 3.5.1.
    """
    scheme, _, rest = (header or "").partition(" ")
    if scheme.casefold() != "oauth":
        raise BadParameters
    pairs = [_pair(part) for part in rest.split(",")]
    parameters = dict(pairs)
    if len(parameters) != len(pairs) or any(not parameters.get(name) for name in REQUIRED):
        raise BadParameters
    parameters.pop("realm", None)
    if parameters["oauth_signature_method"] != "HMAC-SHA1" or parameters.get("oauth_version", "1.0") != "1.0":
        raise BadParameters
    if not _TIMESTAMP.fullmatch(parameters["oauth_timestamp"]):
        raise BadParameters
    return parameters


def _pair(part: str) -> tuple[str, str]:
    match = _PARAMETER.fullmatch(part)
    if match is None:
        raise BadParameters
    return match[1], unquote(match[2])


def escape(text: str) -> str:
    """Return *text* percent-encoded as RFC 5849 section 3.6 wants it."""
    return quote(text, safe="-._~")


def base_url(url: str) -> str:
    """Return *url* as it is signed: lower-case host, no default port, no query. RFC 5849 section 3.4.1.2."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme.lower()}://{host}{port}{parts.path or '/'}"


def sign(method: str, url: str, parameters: Iterable[tuple[str, str]], keys: Keys) -> str:
    """Return the base64 signature of a request without query and form. RFC 5849 sections 3.4.1, 3.4.2."""
    pairs = sorted((escape(name), escape(value)) for name, value in parameters if name != "oauth_signature")
    normalised = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join(escape(part) for part in (method.upper(), base_url(url), normalised))
    key = f"{escape(keys.consumer_secret)}&{escape(keys.access_secret)}"
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(method: str, url: str, parameters: Mapping[str, str], keys: Keys) -> bool:
    """Return whether *parameters* carry the right signature; takes the same time either way."""
    expected = sign(method, url, parameters.items(), keys)
    return hmac.compare_digest(expected.encode(), parameters["oauth_signature"].encode())


@dataclass(frozen=True, slots=True)
class Login:
    """What identifies one signed request: the public values, and the pair that makes it unique."""

    consumer_key: str
    access_token: str
    timestamp: int
    nonce: str


def authorization(method: str, url: str, login: Login, keys: Keys) -> str:
    """Return an Authorization header for a request, without a realm, as NanoDEP sends it."""
    parameters = {
        "oauth_consumer_key": login.consumer_key,
        "oauth_nonce": login.nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(login.timestamp),
        "oauth_token": login.access_token,
        "oauth_version": "1.0",
    }
    parameters["oauth_signature"] = sign(method, url, parameters.items(), keys)
    return "OAuth " + ", ".join(f'{name}="{escape(value)}"' for name, value in parameters.items())
