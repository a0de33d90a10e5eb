"""How the small device management service opens an envelope, and NanoDEP's words for when it cannot.

NanoDEP insists on MIME headers, takes base64 as far as it goes, wants a recipient that names its staged
certificate by issuer and serial number, and knows RSA (PKCS#1 v1.5, OAEP) with AES-128 or AES-256 in CBC
mode or DES-EDE3. Left out: single DES, and its GCM, which it expects inside EnvelopedData where no standard
puts it.
"""

import base64
import json
import re
from dataclasses import dataclass, fields, replace
from typing import Final

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tokenward.simulator import ber
from tokenward.simulator.ber import Element, NotBer
from tokenward.simulator.certificates import recipient_of
from tokenward.simulator.envelope import AES128_CBC, AES256_CBC, ENVELOPED_DATA, RSA, RSA_OAEP, TRIPLE_DES_CBC
from tokenward.simulator.state import Keypair, Secrets

ZERO_TIME: Final = "0001-01-01T00:00:00Z"  # what Go makes of a missing date
_SHA1: Final = "1.3.14.3.2.26"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_UNSUPPORTED: Final = "pkcs7: cannot decrypt data: only RSA, DES, DES-EDE3, AES-256-CBC and AES-128-GCM supported"
_WRONG_KEY: Final = "crypto/rsa: decryption error"
_KEY_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BASE64: Final = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_GO_ESCAPES: Final = {byte: chr(byte) for byte in range(0x20, 0x7F)} | {ord('"'): '\\"', ord("\\"): "\\\\"}
_SHORTEST_FILL: Final = 8  # random bytes in a PKCS#1 v1.5 block


class CannotOpen(Exception):
    """The error text that NanoDEP gives."""


@dataclass(frozen=True, slots=True)
class _Cipher:
    key_bytes: int
    algorithm: type[AES] | type[TripleDES]


_CIPHERS: Final = {
    AES128_CBC: _Cipher(16, AES),
    AES256_CBC: _Cipher(32, AES),
    TRIPLE_DES_CBC: _Cipher(24, TripleDES),
}
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {_SHA1: hashes.SHA1, _SHA256: hashes.SHA256}


def open_envelope(file: bytes, keypair: Keypair) -> Secrets:
    """Return the five values in *file*; any of them may be empty.

    Raises:
        CannotOpen: With NanoDEP's text.
    """
    _, body = _split_headers(file)
    digits = _BASE64.match(body.replace(b"\r", b"").replace(b"\n", b""))
    content = _decrypt(base64.b64decode(digits[0] if digits else b""), keypair)
    _, message = _split_headers(content)
    lines = (line.rstrip(b"\r") for line in message.split(b"\n"))
    text = b"".join(
        line.removeprefix(b"-----BEGIN MESSAGE-----").removeprefix(b"-----END MESSAGE-----") for line in lines
    )
    return parse_secrets(text)


def _split_headers(file: bytes) -> tuple[list[bytes], bytes]:
    """Return header lines and what follows the first empty line."""
    headers: list[bytes] = []
    rest = file
    while rest:
        line, _, rest = rest.partition(b"\n")
        line = line.rstrip(b"\r")
        if not line:
            return headers, rest
        if headers and line[:1] in {b" ", b"\t"}:
            continue  # a folded header
        name, colon, _ = line.partition(b":")
        if not colon:
            raise CannotOpen(f"malformed MIME header: missing colon: {_quoted(line)}")
        if not _KEY_NAME.fullmatch(name):
            raise CannotOpen(f"malformed MIME header line: {line.decode('utf-8', 'replace')}")
        headers.append(line)
    raise CannotOpen("unexpected EOF" if headers else "EOF")


def _quoted(line: bytes) -> str:
    """Return *line* as Go's ``%q`` would, near enough."""
    return '"' + "".join(_GO_ESCAPES.get(byte) or f"\\x{byte:02x}" for byte in line) + '"'


def parse_secrets(text: bytes) -> Secrets:
    """Return the five values of a JSON object; missing ones are empty.

    Raises:
        CannotOpen: Not such an object.
    """
    try:
        values = json.loads(text)
    except UnicodeDecodeError as error:
        raise CannotOpen("invalid character in string") from error
    except RecursionError as error:
        raise CannotOpen("exceeded max depth") from error
    except json.JSONDecodeError as error:
        raise CannotOpen(_json_error(error)) from error
    if not isinstance(values, dict):
        raise CannotOpen(f"json: cannot unmarshal {type(values).__name__} into Go value of type client.OAuth1Tokens")
    found = Secrets(*(_string(values, field.name) for field in fields(Secrets)))
    expiry = found.access_token_expiry or ZERO_TIME
    if not _RFC3339.fullmatch(expiry):
        raise CannotOpen(f'parsing time "{expiry}" as "2006-01-02T15:04:05Z07:00": cannot parse')
    return replace(found, access_token_expiry=expiry)


def _string(values: dict[str, object], name: str) -> str:
    value = values.get(name) or ""
    if not isinstance(value, str):
        raise CannotOpen(f"json: cannot unmarshal into Go struct field OAuth1Tokens.{name} of type string")
    return value


def _json_error(error: json.JSONDecodeError) -> str:
    left = error.doc[error.pos :].lstrip()
    if left:
        return f"invalid character {left[0]!r} looking for beginning of value"
    return "unexpected EOF" if error.doc.strip() else "EOF"


def _decrypt(cms: bytes, keypair: Keypair) -> bytes:
    if not cms:
        raise CannotOpen("pkcs7: input data is empty")
    certificate = x509.load_pem_x509_certificate(keypair.certificate.encode())
    mine = recipient_of(certificate.public_bytes(Encoding.DER))
    try:
        content_type, wrapped = Element.from_bytes(cms).children
        if content_type.raw != ber.object_identifier(ENVELOPED_DATA):
            raise CannotOpen("pkcs7: cannot parse data: unimplemented content type")
        _, recipients, content = wrapped.children[0].children
        for info in recipients.children:
            _, identifier, algorithm, key = info.children
            if identifier.tag != ber.SEQUENCE:
                raise CannotOpen("asn1: structure error: tags don't match")
            if identifier.content == mine.issuer + mine.serial:
                return _open_content(content, _content_key(algorithm, key.content, keypair))
    except (NotBer, ValueError, IndexError) as error:
        raise CannotOpen("asn1: structure error: tags don't match") from error
    raise CannotOpen("pkcs7: no enveloped recipient for provided certificate")


def _content_key(algorithm: Element, encrypted: bytes, keypair: Keypair) -> bytes:
    # our own key: checking it again takes longer than all the rest
    private_key = load_pem_private_key(keypair.private_key.encode(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private_key, RSAPrivateKey):
        raise CannotOpen("PEM type is not RSA PRIVATE KEY")
    identifier = algorithm.children[0].raw
    if identifier == ber.object_identifier(RSA):
        return _unpad_rsa(_raw_rsa(private_key, encrypted))
    if identifier != ber.object_identifier(RSA_OAEP):
        raise CannotOpen(_UNSUPPORTED)
    digest = _oaep_hash(algorithm)
    try:
        return private_key.decrypt(encrypted, padding.OAEP(padding.MGF1(digest), digest, None))
    except ValueError as error:
        raise CannotOpen(_WRONG_KEY) from error


def _oaep_hash(algorithm: Element) -> hashes.HashAlgorithm:
    """Return the hash of RSAES-OAEP-params; SHA-1 where it says nothing. RFC 4055 section 4.1."""
    parameters = algorithm.children[1].children if len(algorithm.children) > 1 else ()
    named = next((item for item in parameters if item.tag == ber.CONTEXT_0 | ber.CONSTRUCTED), None)
    if named is None:
        return hashes.SHA1()  # noqa: S303 - the default of RSAES-OAEP, RFC 4055 section 4.1
    for dotted, digest in _HASHES.items():
        if named.children[0].children[0].raw == ber.object_identifier(dotted):
            return digest()
    raise CannotOpen("pkcs7: unsupported hash function for RSA-OAEP")


def _raw_rsa(private_key: RSAPrivateKey, encrypted: bytes) -> bytes:
    """Return the padded block.

    Done by hand: the library answers a wrong key with a made-up message instead of an error, NanoDEP's does
    not.
    """
    numbers = private_key.private_numbers()
    size = private_key.key_size // 8
    if len(encrypted) != size:
        raise CannotOpen(_WRONG_KEY)
    block = int.from_bytes(encrypted, "big")
    from_p = pow(block % numbers.p, numbers.dmp1, numbers.p)
    from_q = pow(block % numbers.q, numbers.dmq1, numbers.q)
    return (from_q + (from_p - from_q) * numbers.iqmp % numbers.p * numbers.q).to_bytes(size, "big")


def _unpad_rsa(block: bytes) -> bytes:
    """Return the message of a PKCS#1 v1.5 block. RFC 8017 section 7.2.2."""
    end = block.find(b"\x00", 2)
    if block[:2] != b"\x00\x02" or end < 2 + _SHORTEST_FILL:
        raise CannotOpen(_WRONG_KEY)
    return block[end + 1 :]


def _open_content(content: Element, key: bytes) -> bytes:
    _, algorithm, encrypted = content.children
    identifier, parameters = algorithm.children
    for dotted, cipher in _CIPHERS.items():
        if identifier.raw == ber.object_identifier(dotted):
            return _open_cbc(cipher, key, parameters.content, encrypted.octets())
    raise CannotOpen(_UNSUPPORTED)


def _open_cbc(kind: _Cipher, key: bytes, vector: bytes, data: bytes) -> bytes:
    if len(key) != kind.key_bytes:
        raise CannotOpen(f"crypto/aes: invalid key size {len(key)}")
    cipher = kind.algorithm(key)
    block_bytes = cipher.block_size // 8
    if not data or len(data) % block_bytes:
        raise CannotOpen(f"invalid data len {len(data)}")
    decryptor = Cipher(cipher, modes.CBC(vector)).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    padding_bytes = plain[-1]
    if plain[-padding_bytes:] != bytes((padding_bytes,)) * padding_bytes:
        raise CannotOpen("invalid padding")
    return plain[:-padding_bytes]
