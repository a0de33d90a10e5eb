"""A client assertion: the signed note with which an API client says who it is. Checked by hand, ES256 only.

Source: RFC 7515 sections 3.1 and 5.2; RFC 7518 section 3.4; RFC 7523 section 3; Apple, "Implementing OAuth for the
Apple School Manager and Apple Business API".
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tokenward.simulator.state import ApiClient, World

LONGEST_LIFE: Final = timedelta(days=180)
CLOCK_TOLERANCE: Final = timedelta(seconds=60)  # unconfirmed: Apple publishes none
_COORDINATE: Final = 32  # bytes of r and of s on P-256
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")


class NotBelieved(Exception):
    """The assertion does not prove who sent it. Apple never says why."""


def client_of(world: World, client_id: str, assertion: str, now: datetime) -> ApiClient:
    """Return the client that made *assertion* with its own key, for Apple, and not too long ago.

    Raises:
        NotBelieved: In any other case.
    """
    signed, _, signature = assertion.rpartition(".")
    header, _, claims = signed.partition(".")
    fields = _object(header)
    client = world.api_clients.get(client_id)
    if client is None or fields.get("alg") != "ES256" or fields.get("kid") != client.key_id:
        raise NotBelieved
    _check_signature(client, signed.encode(), _bytes(signature))
    _check_claims(_object(claims), client, world.switches.audience, now)
    return client


def _check_signature(client: ApiClient, signed: bytes, signature: bytes) -> None:
    """Raise unless *signature*, r and s one behind the other, was made with the client's key."""
    key = load_pem_public_key(client.public_key.encode())
    if not isinstance(key, EllipticCurvePublicKey) or len(signature) != 2 * _COORDINATE:
        raise NotBelieved
    r, s = (int.from_bytes(part, "big") for part in (signature[:_COORDINATE], signature[_COORDINATE:]))
    try:
        key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))
    except InvalidSignature as error:
        raise NotBelieved from error


def _check_claims(claims: Mapping[str, object], client: ApiClient, audience: str, now: datetime) -> None:
    if claims.get("iss") != client.id or claims.get("sub") != client.id or claims.get("aud") != audience:
        raise NotBelieved
    issued_at, expires_at = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    tolerance = CLOCK_TOLERANCE.total_seconds()
    if issued_at > now.timestamp() + tolerance or expires_at <= now.timestamp() - tolerance:
        raise NotBelieved
    if not issued_at < expires_at <= issued_at + LONGEST_LIFE.total_seconds():
        raise NotBelieved


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotBelieved
    try:
        return float(value)
    except OverflowError as error:
        raise NotBelieved from error


def _object(part: str) -> Mapping[str, object]:
    try:
        value = json.loads(_bytes(part))
    except (ValueError, RecursionError) as error:
        raise NotBelieved from error
    if not isinstance(value, dict):
        raise NotBelieved
    return value


def _bytes(part: str) -> bytes:
    """Return what *part* encodes: base64url without padding. RFC 7515 section 2."""
    if not _BASE64URL.fullmatch(part):
        raise NotBelieved
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise NotBelieved from error
