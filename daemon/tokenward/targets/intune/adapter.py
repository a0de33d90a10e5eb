"""One token of one Intune tenant: abilities, and what can be asked of it."""

import base64
import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import Abilities, Delivery, Found, Holding, KeyPolicy, Preflight, Proof, Reading, Receipt
from tokenward.model.token import TokenState
from tokenward.rotation.ports import Target
from tokenward.targets import target_of
from tokenward.targets.intune.answers import (
    LET_US_IN,
    LOG_US_IN,
    NO_END,
    NO_KEY,
    SETTINGS,
    TITLE,
    WHETHER_TERMS,
    WHO,
    WHOSE,
    Key,
    Page,
    Setting,
    refusal,
    verdict,
    which_one,
)
from tokenward.targets.intune.settings import Encoding, Settings
from tokenward.wire.client import HttpPeer, Lost
from tokenward.wire.client_login import ClientLogin, LoggedInPeer
from tokenward.wire.findings import in_the_way, no_verdict
from tokenward.wire.pacing import Pacing
from tokenward.wire.reading import mark_of, read_as
from tokenward.wire.smime import smime_text

ABILITIES: Final = Abilities(
    kind="intune",
    title="Microsoft Intune",
    summary="Microsoft Intune over Graph's beta: keeps its key until somebody makes another, and syncs when asked.",
    key_policy=KeyPolicy.FIXED_UNTIL_REGENERATED,
    installs=True,
    reads_back=True,
    strongest_rung=3,
    verdicts=frozenset({TokenState.VALID}),
    finds=True,
    reads_secrets=False,
    wants_account=True,
    least_privilege=(
        "An app registration in Entra with the application permission DeviceManagementServiceConfig.ReadWrite.All, "
        "granted by an administrator; the tenant needs an active Intune licence."
    ),
    tested_against="a fake built from Microsoft's documentation; never run against a real tenant",
    by_hand=(
        "In the Intune admin center, open Devices > Enrollment > Apple > Enrollment program tokens.",
        "Choose the token of this organisation and Renew token. Make no new one, and download no new public key.",
        "State the Managed Apple Account of whoever downloaded the file, choose the file, and save.",
        "See that the token's expiration date is a year ahead, then choose Devices > Sync.",
    ),
)
SYNC_PAUSE: Final = timedelta(minutes=15)
"""How long after one sync another is asked for: so soon after one Intune may refuse it."""
_JSON: Final = {"Content-Type": "application/json"}
_MOST_PAGES: Final = 20


class Intune:
    """One token of a tenant's, in all roles."""

    def __init__(self, settings: Settings, client_secret: Secret, steady: Callable[[], float]) -> None:
        """Speak with the tenant of *settings* as its app, by *client_secret*; *steady* measures what lasts."""
        self._settings = settings
        connection, away = settings.connection(), Code.TARGET_UNREACHABLE
        form: dict[str, str | Secret] = {
            "client_id": settings.client_id,
            "client_secret": client_secret,
            "scope": settings.scope,
        }
        entra = HttpPeer("Microsoft Entra", settings.token_url, unreachable=away, connection=connection)
        graph = HttpPeer(TITLE, settings.url, unreachable=away, connection=connection)
        self._peer = LoggedInPeer(graph, ClientLogin(entra, "", form, LOG_US_IN), LET_US_IN)
        is_auto = settings.encoding is Encoding.AUTO
        self._encodings = (Encoding.TEXT, Encoding.BASE64) if is_auto else (settings.encoding,)
        self._syncs = Pacing(SYNC_PAUSE, steady)

    async def preflight(self) -> Preflight:
        """Ask for the token (B4.1)."""
        try:
            await self._find()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        return Preflight(cannot_tell=(WHOSE, WHETHER_TERMS))

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Return the certificate of the key that Intune has. The action that makes another one is never used."""
        del common_name
        answer = await self._peer.send("GET", f"{(await self._find()).path}/getEncryptionPublicKey()")
        key = read_as(Key, answer, TITLE, "gave no certificate").value
        if not key.strip():
            raise NeedsOperator(NO_KEY)
        return key.encode()  # PEM or base64: both are read where certificates are read

    async def note(self) -> str:
        """Return which sync was the last: whatever Intune shows of it later is no proof."""
        return mark_of((await self._find()).synced_at)

    async def install(self, delivery: Delivery) -> Receipt:
        """Hand the token over in its place, in the other form too where the first one is refused (B4.5)."""
        setting = await self._find()
        account = delivery.account or self._settings.apple_id
        if account is None:
            return Receipt(refusal=WHO)
        refused = None
        for encoding in self._encodings:
            refused = await self._hand_over(setting, delivery, account, encoding)
            if refused is None:
                break
        return Receipt(refusal=refused)

    async def _hand_over(
        self, setting: Setting, delivery: Delivery, account: str, encoding: Encoding
    ) -> Finding | None:
        text = smime_text(delivery.envelope)
        token = base64.b64encode(text.encode()).decode() if encoding is Encoding.BASE64 else text
        body = json.dumps({"appleId": account, "depToken": token}).encode()
        try:
            answer = await self._peer.send("POST", f"{setting.path}/uploadDepToken", headers=_JSON, body=body)
            return None if answer.is_ok else refusal(answer)
        except OutcomeUnknown:
            self._encodings = self._encodings[::-1]  # next time the other form comes first: this one led nowhere
            raise

    async def read_back(self) -> Holding:
        """Return what Intune shows of the token."""
        return (await self._find()).holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 3 once a sync with Apple went well that is later than *since* and not the *noted* one.

        Where none has been begun since, one is asked for, at most once in a while.
        """
        setting = await self._find()
        if not setting.holding.present:
            return Proof(0, "Intune holds no token.")
        if setting.has_synced(noted, since):
            return Proof(3, "Intune has synced with Apple since the token was handed over.")
        if setting.is_syncing(since):
            return Proof(2, "Intune shows it; the sync with Apple that was begun since has not ended yet.")
        why = f" Its last sync ended with error {setting.sync_error}." if setting.sync_error else ""
        if self._syncs.allows(since) and await self._ask_for_sync(setting):
            return Proof(2, f"Intune shows it, and was asked to sync with Apple.{why}")
        return Proof(2, f"Intune shows it, and has not synced with Apple since; it is asked again in a while.{why}")

    async def _ask_for_sync(self, setting: Setting) -> bool:
        """Return whether Intune means to sync with Apple. Where it does not, the token shows all the same."""
        path = f"{setting.path}/syncWithAppleDeviceEnrollmentProgram"
        try:
            return (await self._peer.send("POST", path, lost=Lost.HARMLESS)).is_ok
        except (Retryable, NeedsOperator):
            return False

    async def health(self) -> Reading:
        """Return until when it is good, and whether Apple took it at Intune's last sync, hours ago perhaps (B10.1)."""
        try:
            setting = await self._find()
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        return Reading(*verdict(setting), setting.holding)

    async def find_all(self) -> tuple[Found, ...]:
        """Return every token of the tenant."""
        return tuple(Found(one.name or one.id, {"token_id": one.id}, one.holding) for one in await self._list())

    async def _find(self) -> Setting:
        settings = await self._list()
        meant = tuple(one for one in settings if self._settings.token_id in {None, one.id})
        if len(meant) != 1:
            raise NeedsOperator(which_one(settings))
        return meant[0]

    async def _list(self) -> tuple[Setting, ...]:
        """Return every place for a token. Of a link to the next page only what it asks for counts, not where."""
        settings: tuple[Setting, ...] = ()
        asked = ""
        for _ in range(_MOST_PAGES):
            answer = await self._peer.send("GET", f"{SETTINGS}{asked}")
            page = read_as(Page, answer, TITLE, "did not say which tokens it has")
            settings += page.value
            if page.next_link is None:
                return settings
            asked = f"?{page.next_link.partition('?')[2]}"
        raise Retryable(NO_END)


def build(settings: Settings, *, client_secret: Secret, steady: Callable[[], float] = time.monotonic) -> Target:
    """Return the target, in all roles."""
    return target_of(settings, ABILITIES, Intune(settings, client_secret, steady))
