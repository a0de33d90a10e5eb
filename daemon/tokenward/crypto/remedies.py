"""What to do when a file is not what it was dropped as: one sentence for each kind of file."""

from typing import Final

from tokenward.crypto.kind import FileKind

EXPORT_CERTIFICATE: Final = (
    "Export the certificate alone, as PEM or DER, from the device management product, and drop that."
)
HAND_OVER_ENVELOPE: Final = (
    "Hand over the file whose name ends in .p7m, as Apple's portal gave it; if you have one already, do not "
    "download again."
)

_FOR_CERTIFICATE: Final = {
    FileKind.CERTIFICATE: "It may be cut short or altered: copy the certificate once more, whole.",
    FileKind.PUSH_CERTIFICATE: (
        "It belongs to Apple's push portal; drop the certificate that the product offers for server tokens."
    ),
    FileKind.TRUSTED_CERTIFICATE: (
        "Write it as a plain certificate with `openssl x509 -in FILE -out PLAIN.pem`, and drop that."
    ),
    FileKind.PKCS12: (
        "Take only the certificate out with `openssl pkcs12 -in FILE -nokeys -clcerts`, drop that, and keep "
        "the PKCS#12 file away from here."
    ),
    FileKind.PKCS7: "Take the one certificate out with `openssl pkcs7 -in FILE -print_certs`, and drop that.",
    FileKind.CSR: "Let the product turn the request into a certificate, and drop what comes of it.",
    FileKind.PUBLIC_KEY: "Export the certificate around this key from the product, and drop that.",
    FileKind.ENVELOPE: "Put it into the folder for tokens, or hand it over on your personal page.",
    FileKind.OPENED_TOKEN: ("Delete the file, for whoever reads it can act as the service, and have a new token made."),
    FileKind.EVENT: "Put it into the folder for events.",
    FileKind.ARCHIVE: "Unpack it, and drop the certificate inside.",
    FileKind.WEB_PAGE: "Sign in and export it again: this is most likely a sign-in page under that name.",
    FileKind.UTF16: "Save it as plain text (UTF-8), and drop it again.",
    FileKind.EMPTY: "Copy the file again, and look at its size before dropping it.",
}

_FOR_ENVELOPE: Final = {
    FileKind.CERTIFICATE: (
        "Put it into the folder for certificates, if it is a new one; what belongs here is the .p7m file."
    ),
    FileKind.PRIVATE_KEY: (
        "Treat the key as exposed: make a new key and certificate, and remove this file wherever it lies."
    ),
    FileKind.CONTENT_TOKEN: (
        "It belongs to apps and books; hand over the token of the device management service, a .p7m file."
    ),
    FileKind.OPENED_TOKEN: (
        "Delete the file, for whoever reads it can act as the service, and hand over the encrypted .p7m file."
    ),
    FileKind.ARCHIVE: "Unpack it, and hand over the .p7m file inside.",
    FileKind.WEB_PAGE: ("Look for the .p7m file among the browser's downloads; only if there is none, download it."),
    FileKind.EVENT: "Put it into the folder for events.",
    FileKind.EMPTY: "Copy the .p7m file again from where the browser saved it, and look at its size.",
}


def remedy_for_certificate(kind: FileKind) -> str:
    """Return what to do when a file of this *kind* was dropped as a certificate."""
    return _FOR_CERTIFICATE.get(kind, EXPORT_CERTIFICATE)


def remedy_for_envelope(kind: FileKind) -> str:
    """Return what to do when a file of this *kind* was handed over as a token file."""
    return _FOR_ENVELOPE.get(kind, HAND_OVER_ENVELOPE)
