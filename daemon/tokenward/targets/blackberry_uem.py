"""BlackBerry UEM on your own machines: shows until when each token is good; the file is handed over in its console.

Source of every fact: BlackBerry UEM REST API reference 12.21, "Apple DEP" (since 12.15), "Utilities" and "Getting
started"; the media type of the list is that of the PowerShell module psBlackberryUEM (``apple_dep.psm1``). UEM Cloud
signs nobody in this way.
"""

import base64
import json
import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from tokenward.model.finding import Code, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import NOTHING_HELD, Abilities, Found, Holding, KeyPolicy, Preflight, Proof, Reading
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import TargetSection, target_of
from tokenward.wire.client import HttpPeer, Lost
from tokenward.wire.findings import KEPT_OUT, in_the_way, kept_out, let_in, no_date, no_verdict, unexpected
from tokenward.wire.picking import pick
from tokenward.wire.reading import Moment, Shown, mark_of, read_as
from tokenward.wire.settings import PeerSection

TITLE: Final = "BlackBerry UEM"
ABILITIES: Final = Abilities(
    kind="blackberry-uem",
    title=TITLE,
    summary="BlackBerry UEM, not its cloud: shows until when the token is good; somebody hands the file over there.",
    key_policy=KeyPolicy.NOT_FETCHED,
    installs=False,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    reads_secrets=False,
    least_privilege="An administrator whose role may view Apple DEP accounts, and nothing else.",
    tested_against="a fake built from BlackBerry's API reference; never run against BlackBerry UEM",
    by_hand=(
        "Sign in to BlackBerry UEM's console, and open its settings for Apple's automated device enrolment.",
        "Find the DEP account of this service there. Choose to renew or replace its token; add no new one beside it.",
        "Choose the file whose name ends in .p7m, save, and see that the date of expiry is a year ahead.",
    ),
    finds=True,
)
_PAGE: Final = 500
_MOST: Final = 2000
"""Beyond so many nobody means one of them, and a list without an end is left."""
_ASKS: Final = "application/vnd.blackberry.authorizationrequest-v1+json"
_LISTS: Final = "application/vnd.blackberry.depaccounts-v1+json, application/json;q=0.5"
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,40} [A-Za-z0-9+/=]{1,8192}")
"""What an Authorization header can be, ``besng-basic cHJv…``; a page of a proxy's can't."""

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Settings(TargetSection, PeerSection):
    """One DEP account of one tenant."""

    kind: Literal["blackberry-uem"]
    tenant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    """The tenant's GUID, which is the SRP ID that was entered when UEM was installed."""
    username: _Line
    """Name of an administrator who may view Apple DEP accounts."""
    password: SecretRef
    """That administrator's password."""
    domain: _Line | None = None
    """Their domain, where the account is one of Active Directory; without it, UEM's own."""
    account_guid: _Line | None = None
    """UEM's GUID of this DEP account; not needed where it has only one."""


class _Account(Shown):
    """One DEP account, and what is shown of its token."""

    guid: str
    name: str | None = None
    tokenExpiryDate: Moment | None = None  # noqa: N815  # UEM's spelling

    @property
    def id(self) -> str:
        return self.guid

    @property
    def named(self) -> str:
        return f"{self.guid}, {self.name or 'without a name':.60}"

    @property
    def holding(self) -> Holding:
        """What is known of its token; raises ``NeedsOperator`` where that is nothing."""
        expires_at = self.tokenExpiryDate
        if expires_at is None:
            raise NeedsOperator(no_date(TITLE, f"its DEP account {self.named}"))
        return Holding(present=True, mark=mark_of(self.guid, expires_at), expires_at=expires_at)


class _Accounts(Shown):
    depAccounts: tuple[_Account, ...]  # noqa: N815  # UEM's spelling


class BlackBerryUem:
    """One DEP account of UEM's, as far as it can be read."""

    def __init__(self, settings: Settings, password: Secret) -> None:
        """Read the tenant of *settings* as the administrator with *password*."""
        self._settings = settings
        self._password = password
        self._peer = HttpPeer(
            TITLE,
            f"{settings.url}/{settings.tenant}/api/v1",
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
        )

    async def preflight(self) -> Preflight:
        """Sign in, and ask which DEP accounts there are (B4.1)."""
        try:
            await self._find()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        return Preflight(cannot_tell=(_WHICH_KEY,))

    async def read_back(self) -> Holding:
        """Return until when its token is good, which is all by which it can be told from another."""
        account = await self._find()
        return NOTHING_HELD if account is None else account.holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 2: it shows the token. When it last spoke with Apple is nowhere to be seen."""
        del noted, since
        account = await self._find()
        if account is None:
            return Proof(0, "BlackBerry UEM has no DEP account.")
        return Proof(2, "BlackBerry UEM shows the token; whether Apple takes it, it does not say.")

    async def health(self) -> Reading:
        """Return until when it is good, and no verdict: what Apple says of the token is not shown (B10.1)."""
        try:
            holding = await self.read_back()
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        if not holding.present:
            return Reading(None, "BlackBerry UEM has no DEP account.", holding)
        return Reading(None, "BlackBerry UEM shows until when the token is good, not whether Apple takes it.", holding)

    async def find_all(self) -> tuple[Found, ...]:
        """Return every DEP account that has a token."""
        return tuple(
            Found(one.name or one.guid, {"account_guid": one.guid}, one.holding)
            for one in await self._list()
            if one.tokenExpiryDate
        )

    async def _find(self) -> _Account | None:
        """Return the account that is meant; None where there is none at all, and none was named."""
        return pick(TITLE, "DEP account", await self._list(), "account_guid", self._settings.account_guid)

    async def _list(self) -> tuple[_Account, ...]:
        signed_in = await self._sign_in()
        accounts: tuple[_Account, ...] = ()
        while len(accounts) < _MOST:
            page = await self._page(signed_in, len(accounts))
            accounts += page
            if len(page) < _PAGE:
                break
        return accounts

    async def _page(self, signed_in: Secret, offset: int) -> tuple[_Account, ...]:
        answer = await self._peer.send(
            "GET",
            "/depAccounts",
            query={"max": str(_PAGE), "offset": str(offset)},
            headers={"Authorization": signed_in, "Accept": _LISTS},
        )
        let_in(TITLE, answer, _LET_US_IN)
        return read_as(_Accounts, answer, TITLE, "did not say which DEP accounts it has").depAccounts

    async def _sign_in(self) -> Secret:
        """Return the Authorization header that UEM makes of name and password. It holds both, so it is never kept."""
        answer = await self._peer.send(
            "POST", "/util/authorization", headers={"Content-Type": _ASKS}, body=self._credential(), lost=Lost.HARMLESS
        )
        if answer.status in {*KEPT_OUT, HTTPStatus.BAD_REQUEST}:
            raise NeedsOperator(kept_out(TITLE, answer, _LET_US_IN))
        header = answer.body.decode("ascii", errors="replace").strip()
        if not answer.is_ok or not _HEADER.fullmatch(header):
            raise Retryable(unexpected(TITLE, answer, "did not sign Tokenward in"), answer.retry_after_seconds)
        return Secret(header)

    def _credential(self) -> bytes:
        settings = self._settings
        told = {
            "username": settings.username,
            "password": base64.b64encode(self._password.reveal()).decode(),
            "provider": "AD" if settings.domain else "LOCAL",
        }
        return json.dumps(told | ({"domain": settings.domain} if settings.domain else {})).encode()


_LET_US_IN: Final = (
    "Check the target's username, password and domain (without one, the account is UEM's own), and that the role of "
    "that administrator may view Apple DEP accounts."
)
_WHICH_KEY: Final = "Which key BlackBerry UEM has: only its console gives out the certificate."


def build(settings: Settings, *, password: Secret) -> Target:
    """Return the target, which takes no file from us."""
    return target_of(settings, ABILITIES, BlackBerryUem(settings, password))
