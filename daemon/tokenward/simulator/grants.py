"""The token endpoint's rules: a believed assertion is worth an access token for an hour.

Errors are bare, ``400 {"error": "invalid_client"}``, one word for all that may be wrong with a client.

Source: RFC 6749 sections 4.4 and 5.2; RFC 7521 section 4.2; answers as seen by API clients.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from tokenward.simulator.answers import Answer, Jsonable
from tokenward.simulator.api_clients import SCOPES
from tokenward.simulator.assertion import NotBelieved, client_of
from tokenward.simulator.state import ApiClient, ApiToken, World

LIFETIME: Final = timedelta(hours=1)
GRANT: Final = "client_credentials"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM: Final = "application/x-www-form-urlencoded"
_REQUIRED: Final = ("client_id", "client_assertion_type", "client_assertion", "scope")
_MOST_FIELDS: Final = 20


@dataclass(frozen=True, slots=True)
class GrantRefused(Exception):
    """No access token; the word says why."""

    word: str


def grant(world: World, content_type: str, body: bytes, now: datetime) -> tuple[World, Answer]:
    """Return the world after a request for an access token, and Apple's answer."""
    try:
        client, scope = _granted(world, _form(content_type, body), now)
    except GrantRefused as refused:
        return world, Answer.json(400, {"error": refused.word})
    value = secrets.token_urlsafe(48)
    kept = {key: token for key, token in world.api_tokens.items() if now < token.expires_at}
    world = replace(world, api_tokens={**kept, _key(value): ApiToken(client.id, now + LIFETIME)})
    answer: dict[str, Jsonable] = {
        "access_token": value,
        "token_type": "Bearer",
        "expires_in": int(LIFETIME.total_seconds()),
        "scope": scope,
    }
    return world, Answer.json(200, answer, {"cache-control": "no-store"})


def _form(content_type: str, body: bytes) -> Mapping[str, str]:
    if content_type.partition(";")[0].strip().casefold() != FORM:
        raise GrantRefused("invalid_request")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise GrantRefused("invalid_request") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise GrantRefused("invalid_request")
    return fields


def _granted(world: World, form: Mapping[str, str], now: datetime) -> tuple[ApiClient, str]:
    if not form.get("grant_type") or not all(form.get(name) for name in _REQUIRED):
        raise GrantRefused("invalid_request")
    if form["grant_type"] != GRANT:
        raise GrantRefused("unsupported_grant_type")
    if form["client_assertion_type"] != ASSERTION_TYPE:
        raise GrantRefused("invalid_request")
    try:
        client = client_of(world, form["client_id"], form["client_assertion"], now)
    except NotBelieved as error:
        raise GrantRefused("invalid_client") from error
    if form["scope"] != SCOPES[client.product]:
        raise GrantRefused("invalid_scope")
    return client, form["scope"]


def find_client(world: World, authorization: str, now: datetime) -> ApiClient | None:
    """Return whose access token an Authorization header carries; None for none, an unknown or an old one."""
    scheme, _, value = authorization.partition(" ")
    token = world.api_tokens.get(_key(value.strip())) if scheme.casefold() == "bearer" else None
    return world.api_clients.get(token.client) if token and now < token.expires_at else None


def _key(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
