"""What the personal page says in plain words: why somebody is asked, what is in the way, what is wrong with a file."""

from collections.abc import Mapping
from typing import Final

from tokenward.model.finding import Code, Finding
from tokenward.model.rotation import Cause
from tokenward.model.target import BlockReason

CAUSES: Final[Mapping[Cause, str]] = {
    Cause.REJECTED: "Apple no longer accepts the token in use.",
    Cause.CUSTODIAN: "A change of custodian is planned.",
    Cause.PASSWORD: "The password of the account that downloaded the token has changed.",
    Cause.CERTIFICATE: "The service has a new certificate.",
    Cause.EXPIRY: "The token in use runs out.",
    Cause.SUPPLIED: "A new token turned up.",
    Cause.MANUAL: "Whoever runs the service asked for a new token.",
    Cause.UNLINKED: "The service is not linked to Apple yet.",
}
"""Why a rotation is open. A departure is a planned change of custodian, and nothing more."""

OBSTACLES: Final[Mapping[BlockReason, str]] = {
    BlockReason.CERTIFICATE_MISSING: "The certificate for Apple is still missing.",
    BlockReason.TARGET_UNREACHABLE: "The service can't be reached at the moment.",
    BlockReason.TARGET_REFUSED: "The service does not let Tokenward in at the moment.",
    BlockReason.KEY_MISMATCH: "The service has another key than the one that is prepared.",
    BlockReason.TERMS_UNSIGNED: "Apple waits for its new terms to be accepted.",
    BlockReason.APPLE_UNREACHABLE: "Apple can't be reached at the moment.",
    BlockReason.NOBODY_USABLE: "Nobody who may download the token is named.",
    BlockReason.ISSUER_FAILED: "The token could not be fetched.",
    BlockReason.WRONG_SERVER: "The last file was for another service at Apple.",
    BlockReason.INSTALL_FAILED: "The service can't take a token at the moment.",
    BlockReason.PROOF_PENDING: "The last token is not seen to work yet.",
    BlockReason.HELD: "Everything is held after a restore.",
}
"""Why it is not the person's turn. Before the click nothing is lost by waiting."""

TROUBLES: Final[Mapping[BlockReason, str]] = {
    **OBSTACLES,
    BlockReason.TARGET_UNREACHABLE: "The service can't be reached at the moment. It is tried again by itself.",
    BlockReason.TARGET_REFUSED: "The service did not take the file yet. It is tried again by itself.",
    BlockReason.INSTALL_FAILED: "The service did not take the file yet. It is tried again by itself.",
    BlockReason.APPLE_UNREACHABLE: "Apple can't be asked about the file at the moment. It is asked again by itself.",
    BlockReason.PROOF_PENDING: "It is installed. Whether the service works with it can't be seen yet.",
}
"""Why it takes longer once the file is here. Those who run the service know each of them already."""

WRONG_SERVICE: Final = (
    "That token belongs to another service at Apple. Those who run the service have been told. In the portal, choose "
    "exactly the service that is named here, download its token, and hand that over."
)

_ADVICE: Final[Mapping[Code, str]] = {
    Code.NOT_AN_ENVELOPE: "Hand over the file that Apple's portal gave you. Its name ends in .p7m.",
    Code.DAMAGED: "Hand over the file from your downloads folder as it is. Don't open, copy out of or re-save it.",
    Code.NO_KEY: "If the certificate was to be uploaded, do that first and save; then download once more.",
    Code.WRONG_KEY: "Make sure that the certificate was uploaded and saved, then download once more.",
    Code.VALUE_MISSING: "Download the token once more, and hand over that file.",
    Code.EXPIRED: "Hand over the file that you downloaded last, or download a new one.",
    Code.OLDER: "Hand over the file that you downloaded last. Don't download again if you still have it.",
    Code.DUPLICATE: "Look for the file that you downloaded last: every download is another file.",
    Code.WRONG_SERVER: "In the portal, choose exactly the service that is named here, and download its token.",
    Code.OTHER_SERVICE: "Hand it over at the place of the service that it is for. Here, another file is needed.",
    Code.UNCONFIRMED: "If you downloaded it for this service just now, tick the box and hand it over again.",
    Code.SIZE: "Token files are small. Hand over the file that Apple's portal gave you.",
    Code.PRIVATE_KEY: "Don't send this file to anybody. Those who run the service have been told.",
}


def advice(finding: Finding) -> str:
    """Return what to do about a file that was not taken, as somebody at the page can do it."""
    return _ADVICE.get(finding.code, finding.do)
