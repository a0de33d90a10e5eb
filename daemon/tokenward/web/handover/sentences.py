"""What the personal page says in plain words: why somebody is asked, what is in the way, what is wrong with a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tokenward.crypto.kind import FileKind
from tokenward.crypto.refusals import NotAnEnvelope
from tokenward.model.finding import Code, Finding
from tokenward.model.rotation import Cause
from tokenward.model.target import BlockReason
from tokenward.web.handover.upload import LARGEST_FILE

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
    BlockReason.KEY_MISMATCH: "The service has another key than the one that was prepared.",
    BlockReason.TERMS_UNSIGNED: "Apple waits for its new terms to be accepted.",
    BlockReason.APPLE_UNREACHABLE: "Apple can't be reached at the moment.",
    BlockReason.NOBODY_USABLE: "Nobody who may download the token is named.",
    BlockReason.ISSUER_FAILED: "The token could not be fetched.",
    BlockReason.WRONG_SERVER: "The last file was for another service at Apple.",
    BlockReason.INSTALL_FAILED: "The service can't take a token at the moment.",
    BlockReason.HAND_OFF: "The last file is not handed over to the service yet.",
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
    BlockReason.HAND_OFF: "The file is here, and waits for somebody to hand it over to the service.",
    BlockReason.PROOF_PENDING: "It is installed. Whether the service works with it can't be seen yet.",
}
"""Why it takes longer once the file is here. Those who run the service know each of them already."""

WRONG_SERVICE: Final = (
    "That token belongs to another service at Apple. Those who run the service have been told. Press Start now, and "
    "choose exactly the service that is named here when you are in the portal."
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the page's templates say by rule."""

    wrong_service: str = WRONG_SERVICE
    largest_file: int = LARGEST_FILE

    def of_file(self, finding: Finding) -> Finding:
        """Return *finding* about a file that was not taken, in the words of somebody who is no administrator."""
        words = _BY_HAPPENED.get(finding.happened) or _BY_CODE.get(finding.code) or Words()
        return Finding(
            finding.code, words.happened or finding.happened, words.means or finding.means, words.do or finding.do
        )


@dataclass(frozen=True, slots=True)
class Words:
    """What is said otherwise on the page than everywhere else; what is empty is said as everywhere."""

    do: str = ""
    means: str = ""
    happened: str = ""


_NOTHING: Final = "Nothing was changed, and no harm was done."
_THE_ONE: Final = "Hand over the file that Apple's portal gave you. Its name ends in .p7m."
_LAST: Final = "Look in your downloads folder for the file that you downloaded last, and hand that over."
_CERTIFICATE_FIRST: Final = (
    "In Apple's portal, upload the certificate that is to be saved here, and save. Then download the token once more."
)

_BY_CODE: Final[Mapping[Code, Words]] = {
    Code.NOT_AN_ENVELOPE: Words(_THE_ONE, _NOTHING),
    Code.DAMAGED: Words(
        "Hand over the file from your downloads folder as it is. Don't open it, copy out of it or save it anew.",
        f"Something is missing at its end, or it was altered. {_NOTHING}",
        "This file is damaged.",
    ),
    Code.NO_KEY: Words(
        _CERTIFICATE_FIRST,
        "It was probably downloaded before the new certificate was uploaded and saved, or for another service. It "
        "can't be used here.",
        "This token was made for another certificate.",
    ),
    Code.WRONG_KEY: Words(_CERTIFICATE_FIRST, "It can't be used here.", "This token can't be opened."),
    Code.VALUE_MISSING: Words(
        "Download the token once more, and hand over that file.", _NOTHING, "There is no complete token in this file."
    ),
    Code.EXPIRED: Words(
        "Hand over the file that you downloaded last. If there is no newer one, download the token now.",
        f"It is a file from long ago. {_NOTHING}",
        "The token in this file has run out.",
    ),
    Code.OLDER: Words(
        f"{_LAST} Don't download again while you still have it.",
        "A newer download has made it worthless, so it was not used.",
        "This file is older than the newest token.",
    ),
    Code.DUPLICATE: Words(f"{_LAST} Every download is another file.", _NOTHING),
    Code.WRONG_SERVER: Words("In the portal, choose exactly the service that is named here, and download its token."),
    Code.OTHER_SERVICE: Words("Hand it over where that service is named. Here, another file is needed."),
    Code.UNCONFIRMED: Words(
        "If you downloaded it for this service just now, tick the box and press Hand it over.",
        "Nothing else tells it from a file for another service, so it was not used yet.",
    ),
    Code.SIZE: Words(
        "Hand over the file that Apple's portal gave you: it has a few kilobytes, and its name ends in .p7m.",
        f"It was not looked at. {_NOTHING}",
        "This file is too large for a token.",
    ),
    Code.PRIVATE_KEY: Words("Don't send this file to anybody. Those who run the service have been told."),
}
_BY_KIND: Final[Mapping[FileKind, Words]] = {
    FileKind.CERTIFICATE: Words(
        "This one goes to Apple: upload it in the portal, and save. Then download the token, and hand over that file."
    ),
    FileKind.PUSH_CERTIFICATE: Words(
        f"That is for something else, and belongs to another of Apple's pages. {_THE_ONE}"
    ),
    FileKind.CONTENT_TOKEN: Words(
        "That one is for Apps and Books. In the portal, choose the device management service that is named here, and "
        "download its token."
    ),
    FileKind.OPENED_TOKEN: Words(
        "Delete it, for whoever has it can act as the service. Hand over the file whose name ends in .p7m."
    ),
    FileKind.PRIVATE_KEY: Words(f"Don't send it to anybody. {_THE_ONE}"),
    FileKind.ARCHIVE: Words("Unpack it, and hand over the file inside whose name ends in .p7m."),
    FileKind.WEB_PAGE: Words(
        "Most likely you were signed out. Look for the .p7m file in your downloads folder; only if there is none, "
        "sign in and download it."
    ),
    FileKind.EMPTY: Words(
        "Look whether the download has ended, and hand the file over from your downloads folder. Don't download again "
        "while you still have it."
    ),
}
_BY_HAPPENED: Final[Mapping[str, Words]] = {
    NotAnEnvelope(kind).finding.happened: Words(words.do, words.means or _NOTHING) for kind, words in _BY_KIND.items()
}
