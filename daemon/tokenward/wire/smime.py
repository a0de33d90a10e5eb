"""Token files as text, for products that take them inside JSON, or insist on the headers of a mail."""

import base64
import re
from typing import Final

from tokenward.model.envelope import Envelope

_HEADER: Final = re.compile(r"[!-9;-~]+:")
_APPLES: Final = (
    'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data',
    "Content-Transfer-Encoding: base64",
    'Content-Disposition: attachment; filename="smime.p7m"',
    "Content-Description: S/MIME Encrypted Message",
)


def smime_text(envelope: Envelope) -> str:
    """Return *envelope* as S/MIME text: as it came where it came as that, else as Apple's portal writes it.

    Source: RFC 8551 section 3.1; Apple's four headers were read from published specimens.
    """
    try:
        text = envelope.original.decode("ascii")
    except UnicodeDecodeError:
        return mail_text(envelope.cms)
    return text if _HEADER.match(text) else mail_text(envelope.cms)


def mail_text(cms: bytes) -> str:
    """Return *cms* as Apple's portal writes it: four headers, an empty line, base64 in lines of 76."""
    return "\n".join((*_APPLES, "", base64.encodebytes(cms).decode("ascii")))
