"""Where sealed things are kept and in what form, and how an envelope is opened with a key that Tokenward holds."""

import json

from tokenward.crypto.keypair import LoadedKeypair, load_private_key
from tokenward.crypto.opening import open_envelope
from tokenward.model.envelope import Envelope
from tokenward.model.instant import parse_instant
from tokenward.model.secret import Secret
from tokenward.model.token import ServerToken
from tokenward.rotation.ports import Seals
from tokenward.rotation.record import StoredCertificate


def certificate_place(fingerprint: str) -> str:
    """Return the place that a certificate's private key is sealed for."""
    return f"certificate/{fingerprint}"


def envelope_place(digest: str) -> str:
    """Return the place that an envelope is sealed for."""
    return f"envelope/{digest}"


def token_place(service: str, token_digest: str) -> str:
    """Return the place that a service's token values are sealed for."""
    return f"token/{service}/{token_digest}"


def open_with(envelope: Envelope, certificate: StoredCertificate, seals: Seals) -> ServerToken | None:
    """Return the values inside *envelope*, or None where the certificate's key is not ours.

    Raises:
        NeedsCustodian: It does not open with the key, or what is inside is no token.
    """
    if certificate.sealed_key is None:
        return None
    private_key = seals.open(certificate.sealed_key, certificate_place(certificate.certificate.fingerprint))
    return open_envelope(envelope, LoadedKeypair(certificate.certificate, load_private_key(private_key)))


def token_as_json(token: ServerToken) -> Secret:
    """Return the five values in the form in which Apple puts them into an envelope."""
    return Secret(json.dumps(token.reveal_values(), separators=(",", ":")))


def token_from_json(value: Secret) -> ServerToken:
    """Return the token that ``token_as_json`` wrote."""
    values: dict[str, str] = json.loads(value.reveal())
    return ServerToken(
        consumer_key=Secret(values["consumer_key"]),
        consumer_secret=Secret(values["consumer_secret"]),
        access_token=Secret(values["access_token"]),
        access_secret=Secret(values["access_secret"]),
        expires_at=parse_instant(values["access_token_expiry"]),
    )
