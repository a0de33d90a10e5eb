"""What Intune's answers mean, and what is said where they are not what was wanted. Its words are never repeated."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote

from pydantic import AfterValidator, AwareDatetime, Field

from tokenward.model.finding import Code, Finding
from tokenward.model.target import NOTHING_HELD, Holding
from tokenward.model.token import TokenState
from tokenward.wire.answer import Answer
from tokenward.wire.findings import refusal_by_status
from tokenward.wire.reading import Shown, mark_of

TITLE: Final = "Intune"
SETTINGS: Final = "/beta/deviceManagement/depOnboardingSettings"


def _dated(moment: datetime | None) -> datetime | None:
    """Return *moment*, or None where it is the year 1, which is what .NET makes of no date."""
    return moment if moment is not None and moment.year > 1 else None


_Instant = Annotated[AwareDatetime | None, AfterValidator(_dated)]


class Setting(Shown):
    """One place for a token, as Graph shows it. It shows no secrets, no organisation and nothing of Apple's service."""

    id: str
    name: str | None = Field(None, alias="tokenName")
    apple_id: str | None = Field(None, alias="appleIdentifier")
    """What whoever uploaded the token typed; no word of Apple's."""
    expires_at: _Instant = Field(None, alias="tokenExpirationDateTime")
    modified_at: _Instant = Field(None, alias="lastModifiedDateTime")
    triggered_at: _Instant = Field(None, alias="lastSyncTriggeredDateTime")
    synced_at: _Instant = Field(None, alias="lastSuccessfulSyncDateTime")
    sync_error: int | None = Field(None, alias="lastSyncErrorCode")
    """From Apple at the last sync; 0 for none. What other numbers mean is not written down."""

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return f"{SETTINGS}/{quote(self.id, safe='')}"

    @property
    def holding(self) -> Holding:
        """What it holds; the expiry alone is of the token itself."""
        if self.expires_at is None:
            return NOTHING_HELD
        mark = mark_of(self.id, self.expires_at)
        return Holding(present=True, mark=mark, expires_at=self.expires_at, downloader=self.apple_id or None)

    def has_synced(self, noted: str, since: datetime) -> bool:
        """Return whether a sync went well after *since*, and is another one than was *noted* before."""
        if self.sync_error != 0 or self.synced_at is None:
            return False
        return self.synced_at > since and mark_of(self.synced_at) != noted

    def is_syncing(self, since: datetime) -> bool:
        """Return whether a sync was begun after *since* that has neither ended nor failed."""
        if self.sync_error or self.triggered_at is None or self.triggered_at <= since:
            return False
        return self.synced_at is None or self.synced_at < self.triggered_at


class Page(Shown):
    """Some of the places for tokens, and where the next ones stand."""

    value: tuple[Setting, ...]
    next_link: str | None = Field(None, alias="@odata.nextLink")


class Key(Shown):
    """The public key: PEM, or base64 of DER; which of them is not written down."""

    value: str


def verdict(setting: Setting) -> tuple[TokenState | None, str]:
    """Return what Intune's last sync says of the token that it has now, and how that is known."""
    if setting.expires_at is None:
        return None, "Intune holds no token."
    if setting.sync_error:
        return None, f"Intune's last sync with Apple ended with error {setting.sync_error}."
    if setting.sync_error is None or setting.synced_at is None:
        return None, "Intune shows the token; it does not show that it has synced with Apple."
    since = (setting.triggered_at, setting.modified_at)
    if any(one is not None and one > setting.synced_at for one in since):
        return None, "Intune shows the token; since its last good sync with Apple it was changed, or began to sync."
    return TokenState.VALID, f"Intune synced with Apple at {setting.synced_at:%Y-%m-%d %H:%M} UTC."


def refusal(answer: Answer) -> Finding:
    """Return why Intune did not take a token; raises as ``refusal_by_status`` does."""
    return replace(refusal_by_status(TITLE, answer, LET_US_IN), means=_NOT_TAKEN, do=_BY_HAND)


LOG_US_IN: Final = (
    "Compare the target's tenant, client_id and client_secret with the app registration in Entra; "
    "a client secret there ends by itself."
)
LET_US_IN: Final = (
    "Give the app in Entra the application permission DeviceManagementServiceConfig.ReadWrite.All, have an "
    "administrator grant it, and see that the tenant has an active Intune licence."
)
WHOSE: Final = "Whose the token in Intune is: it shows neither the organisation nor the service at Apple."
WHETHER_TERMS: Final = "Whether Apple's terms are accepted: Intune shows only a number from its last sync."
_NOT_TAKEN: Final = "Nothing was installed: it may be for another key, or in a form that Intune does not read."
_BY_HAND: Final = (
    "Renew the token by hand in the Intune admin center, which says more. If it is for another key there, upload the "
    "certificate that Tokenward shows now in Apple's portal, then download the token once more."
)
NO_KEY: Final = Finding(
    Code.TARGET_REFUSED,
    "Intune has no public key for this token.",
    "There is no certificate for Apple yet, and none was made: it is not known what a new one would spoil.",
    "In the Intune admin center, choose the token and Renew token, and download the public key there once.",
)
NO_END: Final = Finding(
    Code.TARGET_ANSWER,
    "Intune's list of tokens goes on from page to page without an end.",
    "It is looked at again by itself.",
    "If it lasts, see in the Intune admin center how many enrollment program tokens there are.",
)
WHO: Final = Finding(
    Code.TARGET_REFUSED,
    "It is not known who downloaded this token, and Intune takes none without that account.",
    "Nothing was installed.",
    "Set the target's apple_id to the Managed Apple Account that the token was downloaded with.",
)


def which_one(settings: tuple[Setting, ...]) -> Finding:
    """Return the finding for *settings* among which the target means none, or more than one."""
    there = "; ".join(f"{one.id} ({one.name or '':.60})" for one in settings[:10])
    return Finding(
        Code.TARGET_REFUSED,
        "Intune does not have exactly one token that the target can mean.",
        f"It has {there}." if there else "It has none at all.",
        "Set the target's token_id to one of them." if there else "Add the first token in the Intune admin center.",
    )
