"""What becomes of every form of envelope and certificate, tried anew on what the openssl program makes.

``table_of_envelopes`` and ``table_of_certificates`` give the tables of ``docs/formats.md``.
"""

import base64
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from fakes.apple_envelope import VALUES, apple_message
from tokenward.crypto import (
    LoadedKeypair,
    load_keypair,
    make_keypair,
    open_envelope,
    parse_certificate,
    parse_envelope,
    to_pem,
)
from tokenward.model.finding import TokenwardError

OPENSSL_SECONDS: Final = 30
HOUR: Final = timedelta(hours=1)
YEAR: Final = timedelta(days=365)
PADDING_BYTES: Final = 20_000
"""With so much inside, openssl's streams come in several pieces."""
CIPHERS: Final = {
    "AES-128-CBC": "-aes-128-cbc",
    "AES-192-CBC": "-aes-192-cbc",
    "AES-256-CBC": "-aes-256-cbc",
    "triple DES": "-des3",
    "AES-128-GCM": "-aes-128-gcm",
    "AES-192-GCM": "-aes-192-gcm",
    "AES-256-GCM": "-aes-256-gcm",
    "Camellia-128-CBC": "-camellia128",
    "ARIA-128-CBC": "-aria-128-cbc",
}
_OAEP: Final = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt")
TRANSPORTS: Final = {
    "PKCS#1 v1.5": (),
    "OAEP, SHA-1": (*_OAEP, "rsa_oaep_md:sha1"),
    "OAEP, SHA-256": (*_OAEP, "rsa_oaep_md:sha256"),
    "OAEP, SHA-512, another mask, a label": (
        *(*_OAEP, "rsa_oaep_md:sha512", "-keyopt", "rsa_mgf1_md:sha256"),
        *("-keyopt", "rsa_oaep_label:0a0b0c"),
    ),
}


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write an envelope."""

    arguments: tuple[str, ...]
    is_long: bool = False
    has_several_recipients: bool = False


FORMS: Final = {
    "DER": Form(("-outform", "DER")),
    "BER": Form(("-outform", "DER", "-stream")),
    "BER in pieces": Form(("-outform", "DER", "-stream"), is_long=True),
    "PEM": Form(("-outform", "PEM")),
    "S/MIME": Form(("-outform", "SMIME")),
    "S/MIME, BER": Form(("-outform", "SMIME", "-stream")),
    "key id": Form(("-outform", "DER", "-keyid")),
    "two recipients": Form(("-outform", "DER"), has_several_recipients=True),
}


class Workshop:
    """A folder with keys, and the openssl program to make things with."""

    def __init__(self, folder: Path) -> None:
        """Work in *folder*."""
        self._folder = folder
        self.now = datetime.now(UTC)  # noqa: TID251 - openssl dates what it makes by the machine's clock
        keypair = make_keypair("Main MDM", 7, self.now, YEAR)
        self.loaded: LoadedKeypair = load_keypair(keypair)
        self.write("cert.pem", to_pem(keypair.certificate))
        self.write("key.der", keypair.private_key.reveal())
        self.write("other.pem", to_pem(make_keypair("Another", 8, self.now, YEAR).certificate))

    def write(self, name: str, content: bytes) -> None:
        """Put a file into the folder."""
        (self._folder / name).write_bytes(content)

    def openssl(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what ``openssl`` with *arguments* writes to standard output."""
        return subprocess.run(
            ["openssl", *arguments],
            cwd=self._folder,
            input=given,
            capture_output=True,
            check=True,
            timeout=OPENSSL_SECONDS,
        ).stdout

    def certificate(self, *arguments: str, key: tuple[str, ...] = ("-newkey", "rsa:2048")) -> bytes:
        """Return a self-signed certificate as PEM."""
        named = ("-nodes", "-keyout", "made.key", "-subj", "/O=Example/CN=Main MDM", "-days", "9")
        return self.openssl("req", "-x509", *key, *named, *arguments)

    @cached_property
    def pem(self) -> bytes:
        """The workshop's own certificate."""
        return to_pem(self.loaded.certificate)

    @cached_property
    def key_pem(self) -> bytes:
        """Its private key."""
        return self.openssl("pkey", "-inform", "DER", "-in", "key.der")


# --- Envelopes ----------------------------------------------------------------------------------------------


def table_of_envelopes(workshop: Workshop) -> str:
    """Return a row for each cipher and key transport, and in each column what became of one form."""
    lines = [_line("content", "key", *FORMS), _line(*["---"] * (len(FORMS) + 2))]
    for cipher, option in CIPHERS.items():
        for transport, options in TRANSPORTS.items():
            results = [_opened(workshop, envelope(workshop, option, options, form)) for form in FORMS.values()]
            lines.append(_line(cipher, transport, *results))
    return "\n".join(lines)


def envelope(workshop: Workshop, cipher: str, transport: tuple[str, ...], form: Form) -> bytes:
    """Return an envelope around a server token, made by ``openssl cms``."""
    message = apple_message({**VALUES, "padding": "x" * PADDING_BYTES}) if form.is_long else apple_message()
    others = ("-recip", "other.pem") if form.has_several_recipients else ()
    encrypt = ("cms", "-encrypt", "-binary", cipher, *form.arguments, *others, "-recip", "cert.pem", *transport)
    return workshop.openssl(*encrypt, given=message)


def _opened(workshop: Workshop, raw: bytes) -> str:
    try:
        token = open_envelope(parse_envelope(raw), workshop.loaded)
    except TokenwardError as error:
        return error.finding.code.number
    return "opened" if token.access_secret.reveal_text() == VALUES["access_secret"] else "OTHER"


# --- Certificates -------------------------------------------------------------------------------------------


def table_of_certificates(workshop: Workshop) -> str:
    """Return a row for each form of certificate, and what is said of it."""
    lines = [_line("what is dropped", "verdict"), _line("---", "---")]
    lines += [_line(name, _verdict(raw, workshop.now + HOUR)) for name, raw in certificates(workshop)]
    der = workshop.loaded.certificate.der
    lines += [_line(name, _verdict(der, workshop.now + years * YEAR)) for name, years in DATES.items()]
    return "\n".join(lines)


Writing = Callable[[bytes, bytes], bytes]
WRITINGS: Final[Mapping[str, Writing]] = {
    "PEM": lambda pem, der: pem,
    "DER": lambda pem, der: der,
    "PEM with CRLF": lambda pem, der: pem.replace(b"\n", b"\r\n"),
    "PEM with bare CR": lambda pem, der: pem.replace(b"\n", b"\r"),
    "PEM behind a byte order mark": lambda pem, der: b"\xef\xbb\xbf" + pem,
    "PEM, indented": lambda pem, der: textwrap.indent(pem.decode(), "    ").encode(),
    "PEM with text around": lambda pem, der: b"Hello,\n" + pem + b"-- \nKim",
    "PEM, all in one line": lambda pem, der: pem.replace(b"\n", b" "),
    "PEM without a final newline": lambda pem, der: pem.rstrip(),
    "PEM with the label `X509 CERTIFICATE`": lambda pem, der: pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
    "base64 of DER, without armour": lambda pem, der: base64.encodebytes(der),
    "base64 of PEM": lambda pem, der: base64.encodebytes(pem),
    "PEM in UTF-16": lambda pem, der: pem.decode().encode("utf-16"),
    "the same certificate twice": lambda pem, der: pem + pem,
    "PEM, cut short": lambda pem, der: pem[:500],
    "DER, cut short": lambda pem, der: der[:-1],
    "DER with something behind it": lambda pem, der: der + b"\0",
    "nothing": lambda pem, der: b"",
    "a file of 70,000 bytes": lambda pem, der: pem.ljust(70_000, b"\n"),
}


def certificates(workshop: Workshop) -> Iterator[tuple[str, bytes]]:
    """Yield everything that people drop as a certificate, each with its name."""
    der = workshop.loaded.certificate.der
    yield from ((name, write(workshop.pem, der)) for name, write in WRITINGS.items())
    yield "`openssl x509 -text` with the PEM", workshop.openssl("x509", "-text", given=workshop.pem)
    yield "signed with SHA-1", workshop.certificate("-sha1")
    yield "key usage without key encipherment", workshop.certificate("-addext", "keyUsage=digitalSignature")
    yield "a negative serial number", workshop.certificate("-set_serial", "-5")
    yield "RSA 1024", workshop.certificate(key=("-newkey", "rsa:1024"))
    yield "RSA 3072", workshop.certificate(key=("-newkey", "rsa:3072"))
    yield "RSA-PSS", workshop.certificate(key=("-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"))
    yield "EC P-256", workshop.certificate(key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
    yield "Ed25519", workshop.certificate(key=("-newkey", "ed25519"))
    yield "its private key before it", workshop.key_pem + workshop.pem
    yield "its private key behind it", workshop.pem + workshop.key_pem
    yield "its private key alone", workshop.key_pem
    for name, command in OTHER_KINDS.items():
        yield name, workshop.openssl(*command.split())


DATES: Final = {"expired": 2, "not yet valid": -1}
"""In how many years it is looked at."""
OTHER_KINDS: Final = {
    "PKCS#12": "pkcs12 -export -in cert.pem -nokeys -passout pass:x",
    "PKCS#7": "crl2pkcs7 -nocrl -certfile cert.pem",
    "a certificate signing request": "req -new -key key.der -keyform DER -subj /CN=x",
    "`TRUSTED CERTIFICATE`": "x509 -in cert.pem -trustout",
    "a public key": "x509 -in cert.pem -pubkey -noout",
    "an envelope": "cms -encrypt -aes-128-cbc -in cert.pem cert.pem",
}


def _verdict(raw: bytes, now: datetime) -> str:
    try:
        warnings = parse_certificate(raw, now).warnings
    except TokenwardError as error:
        return f"refused, {error.finding.code.number}: {error.finding.happened}"
    said = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "(date)", " ".join(warnings))
    return f"taken, with a warning: {said}" if said else "taken"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
