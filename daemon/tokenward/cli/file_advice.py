"""What to do with a file, by what it is: one sentence for each kind."""

from collections.abc import Mapping
from typing import Final

from tokenward.crypto import FileKind

ADVICE: Final[Mapping[FileKind, str]] = {
    FileKind.ENVELOPE: "Hand it over with `tokenward drop FILE`, or on your personal page.",
    FileKind.CERTIFICATE: "If it is a service's certificate for Apple, hand it over with `tokenward drop FILE`.",
    FileKind.PRIVATE_KEY: "What Apple and Tokenward get is the certificate, in a file of its own.",
    FileKind.PUSH_CERTIFICATE: (
        "It is for Apple's push portal and wakes devices up; tokens are made for another certificate, which the "
        "product offers for server tokens."
    ),
    FileKind.TRUSTED_CERTIFICATE: "Write it as a plain one: openssl x509 -in FILE -out PLAIN.pem",
    FileKind.PKCS12: (
        "Take the certificate out, without the key: openssl pkcs12 -in FILE -nokeys -clcerts -out PLAIN.pem"
    ),
    FileKind.PKCS7: (
        "Take the certificate out: openssl pkcs7 -in FILE -print_certs -out PLAIN.pem (-inform DER if it is binary)"
    ),
    FileKind.CSR: "It asks for a certificate and is none; let the product, or openssl, make one from it.",
    FileKind.PUBLIC_KEY: "Apple takes a certificate only; export the one around this key from the product.",
    FileKind.SSH_KEY: "It has nothing to do with Apple; export the certificate from the product.",
    FileKind.OPENED_TOKEN: "To make a service known by it: tokenward import-token SERVICE FILE",
    FileKind.CONTENT_TOKEN: (
        "It licenses apps and books and goes into the product itself; Tokenward keeps the other one, a .p7m file."
    ),
    FileKind.EVENT: "Hand it over with `tokenward drop FILE`.",
    FileKind.JSON: "It is no event (no specversion) and no token; hand nothing of it over.",
    FileKind.ARCHIVE: "Unpack it, and look at what is inside.",
    FileKind.WEB_PAGE: (
        "It was most likely saved instead of a download, as when a session had run out. Look for the real file before "
        "anything is downloaded again."
    ),
    FileKind.PROPERTY_LIST: "Configuration profiles and the like are of no use here.",
    FileKind.UTF16: "Save it as plain text (UTF-8), and look again.",
    FileKind.TEXT: "Nothing in it is a certificate, a token or an event.",
    FileKind.EMPTY: "Copy it again; nothing arrived.",
    FileKind.UNKNOWN: "It may be damaged from its first byte on, or encrypted by something else.",
}
