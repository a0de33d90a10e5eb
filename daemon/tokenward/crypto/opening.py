"""Opening an envelope with the private key that it was made for.

Decryption that raises nothing proves nothing: with PKCS#1 v1.5 a wrong key yields noise, and noise has
right padding once in 256 times. So a token is believed only when the content key fits the cipher, the
padding is right and all five values are there. And since the same file could be sent in with small changes
by somebody who learns from the answers, every failure has one text and goes the whole way.

Source: RFC 3218 section 2.3.2, RFC 8017 section 7.2.2; OpenSSL 3.2 and later for implicit rejection.
"""

import hashlib
from typing import Final

from tokenward.crypto.ber import NotBer
from tokenward.crypto.ciphers import CONTENT_CIPHERS, content_key, deciphered
from tokenward.crypto.cms import KeyTransport, Layers, parse_layers
from tokenward.crypto.keypair import LoadedKeypair
from tokenward.crypto.message import parse_message
from tokenward.crypto.refusals import CannotBeOpened, Damaged, OpeningFailure, WrongRecipient
from tokenward.model.envelope import Envelope
from tokenward.model.token import ServerToken

_LABEL: Final = b"tokenward stand-in content key"


def open_envelope(envelope: Envelope, keypair: LoadedKeypair) -> ServerToken:
    """Return the server token in *envelope*.

    Whether the token has expired, or is older than the one in use, is for the caller to judge.

    Raises:
        WrongRecipient: It was made for another certificate; nothing was tried.
        CannotBeOpened: The certificate is right and the key does not open it: altered, or the same name
            with another key.
        ValueMissing: It opened, and holds no complete server token.
        Damaged: The envelope's CMS cannot be read, so it did not come from ``parse_envelope``.
    """
    try:
        layers = parse_layers(envelope.cms)
    except NotBer as error:
        raise Damaged from error
    certificate = keypair.certificate
    meant = [transport for transport in layers.key_transports if certificate.is_named_by(transport.recipient)]
    if not meant:
        raise WrongRecipient(envelope.recipients)
    return parse_message(_plaintext(layers, meant[0], keypair))


def _plaintext(layers: Layers, transport: KeyTransport, keypair: LoadedKeypair) -> bytes:
    """Return the message inside.

    A content key that does not fit is replaced by another, so that failing costs what succeeding costs.
    """
    cipher = CONTENT_CIPHERS.get(layers.cipher.identifier)
    if cipher is None:
        raise CannotBeOpened(OpeningFailure.ALGORITHM)
    key = content_key(transport, keypair.private_key)
    fits = len(key) == cipher.key_bytes
    stand_in = hashlib.sha256(_LABEL + transport.encrypted_key).digest()[: cipher.key_bytes]
    plain = deciphered(layers, cipher, key if fits else stand_in)
    if not fits:
        raise CannotBeOpened(OpeningFailure.CONTENT_KEY)
    if plain is None:
        raise CannotBeOpened(OpeningFailure.CONTENT)
    return plain
