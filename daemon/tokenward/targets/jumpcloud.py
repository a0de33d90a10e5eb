"""JumpCloud (API v2): one Apple MDM for each organisation, with one token, of which it shows the expiry.

Source of every fact: JumpCloud API v2, ``AppleMDM`` and ``AppleMdmPatchInput`` (TheJumpCloud/jcapi-python), and the
PowerShell module JumpCloud.SDK.V2. Not written down: whether asking for the key makes another one, what it makes of CR
in the token, which words ``depServerTokenState`` has, and whether a refresh has spoken with Apple when it is answered.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import Field, RootModel

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.instant import BadInstant, parse_instant
from tokenward.model.secret import Secret
from tokenward.model.target import (
    NOTHING_HELD,
    Abilities,
    Delivery,
    Found,
    Holding,
    KeyPolicy,
    Preflight,
    Proof,
    Reading,
    Receipt,
)
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.schema.web_url import AnyWebUrl
from tokenward.targets import TargetSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, Lost
from tokenward.wire.findings import in_the_way, let_in, no_verdict, refusal_by_status, unexpected
from tokenward.wire.pacing import Pacing
from tokenward.wire.reading import Shown, mark_of, read_as
from tokenward.wire.settings import PeerSection
from tokenward.wire.smime import smime_text

TITLE: Final = "JumpCloud"
ABILITIES: Final = Abilities(
    kind="jumpcloud",
    title=TITLE,
    summary="JumpCloud: gives its certificate, takes the token, and shows no more of it than until when it is good.",
    key_policy=KeyPolicy.FRESH_ON_FETCH,
    installs=True,
    reads_back=True,
    strongest_rung=2,
    verdicts=frozenset(),
    finds=True,
    reads_secrets=False,
    least_privilege="An API key of an administrator who may change the MDM settings of this one organisation.",
    tested_against="a fake built from the description of JumpCloud's API; never run against the real one",
    by_hand=(
        "In JumpCloud's Admin Portal, open Device Management > MDM, and there Automated Device Enrollment.",
        "Renew the token there with the file. Generate no new key: the file is made for the one before.",
        "See that the token's expiration date is a year ahead.",
    ),
)
REFRESH_PAUSE: Final = timedelta(minutes=15)
"""How long after one refresh another is asked for, for the same token."""
_MDMS: Final = "/api/v2/applemdms"
_JSON: Final = {"Content-Type": "application/json"}


class Settings(TargetSection, PeerSection):
    """The token of one organisation in JumpCloud."""

    kind: Literal["jumpcloud"]
    url: AnyWebUrl = "https://console.jumpcloud.com"
    """Where JumpCloud is reached, without `/api/v2`."""
    api_key: SecretRef
    """API key of an administrator."""
    org_id: Annotated[str, Field(pattern="^[!-~]+$")] | None = None
    """JumpCloud's id of the organisation, for an administrator of several."""
    mdm_id: Annotated[str, Field(min_length=1)] | None = None
    """JumpCloud's id of the Apple MDM; not needed where the organisation has only one."""


class _AppleMdm(Shown):
    """One Apple MDM as JumpCloud shows it: of its token, only when it ends. The rest is of its validity."""

    id: str
    name: str | None = None
    token_expiry: str | None = Field(None, alias="depAccessTokenExpiry")
    """Described as a time in a text; in which form is not."""

    @property
    def path(self) -> str:
        return f"{_MDMS}/{quote(self.id, safe='')}"

    @property
    def holding(self) -> Holding:
        if not self.token_expiry:
            return NOTHING_HELD
        return Holding(present=True, mark=mark_of(self.id, self.token_expiry), expires_at=_instant(self.token_expiry))


class _AppleMdms(RootModel[tuple[_AppleMdm, ...]]):
    """The list of them."""


class JumpCloud:
    """One organisation's token, in all roles."""

    def __init__(self, settings: Settings, api_key: Secret, steady: Callable[[], float]) -> None:
        """Speak with JumpCloud by *api_key* about the organisation of *settings*; *steady* measures what lasts."""
        self._mdm_id = settings.mdm_id
        headers: dict[str, str | Secret] = {"x-api-key": api_key}
        if settings.org_id is not None:
            headers["x-org-id"] = settings.org_id
        self._peer = HttpPeer(
            TITLE,
            settings.url,
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
            headers=headers,
        )
        self._refreshes = Pacing(REFRESH_PAUSE, steady)

    async def preflight(self) -> Preflight:
        """Ask for the token, and not for the key: that may make another one (B4.1)."""
        try:
            await self._find()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        return Preflight(cannot_tell=(_WHICH_KEY, _WHOSE, _WHETHER_TERMS))

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Return JumpCloud's certificate, perhaps over a new key: asked once, and written down (B3.1)."""
        del common_name
        answer = await self._get(f"{(await self._find()).path}/depkey")
        if not answer.is_ok:
            raise Retryable(unexpected(TITLE, answer, "gave no certificate"), answer.retry_after_seconds)
        return answer.body

    async def note(self) -> str:
        """Return nothing: all that JumpCloud shows is compared when it is read back."""
        return ""

    async def install(self, delivery: Delivery) -> Receipt:
        """Hand the token over in its place, and no other setting; without CR where it is refused with (B4.5)."""
        mdm = await self._find()
        text = smime_text(delivery.envelope)
        refused = await self._hand_over(mdm, text)
        if refused is not None and refused.code is Code.TARGET_ANSWER and "\r" in text:
            refused = await self._hand_over(mdm, text.replace("\r\n", "\n").replace("\r", "\n"))
        return Receipt(refusal=refused)

    async def _hand_over(self, mdm: _AppleMdm, text: str) -> Finding | None:
        body = json.dumps({"encryptedDepServerToken": text}).encode()
        answer = await self._peer.send("PUT", mdm.path, headers=_JSON, body=body)
        if answer.is_ok:
            return None
        refused = refusal_by_status(TITLE, answer, _LET_US_IN)
        return replace(refused, means=_NOT_TAKEN, do=_BY_HAND) if refused.code is Code.TARGET_ANSWER else refused

    async def read_back(self) -> Holding:
        """Return what JumpCloud shows of the token."""
        return (await self._find()).holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 2, and have JumpCloud speak with Apple once: Apple's own record can then prove more."""
        del noted
        mdm = await self._find()
        if not mdm.holding.present:
            return Proof(0, "JumpCloud holds no token.")
        said = await self._refresh(mdm) if self._refreshes.allows(since) else ""
        return Proof(2, f"JumpCloud shows it; it does not say whether Apple takes it.{said}")

    async def _refresh(self, mdm: _AppleMdm) -> str:
        """Return how JumpCloud took the request to refresh its devices from Apple; the token shows all the same."""
        path = f"{mdm.path}/refreshdepdevices"
        try:
            answer = await self._peer.send("POST", path, headers=_JSON, body=b"{}", lost=Lost.HARMLESS)
        except Retryable:
            return " Whether it refreshes its devices from Apple is not known."
        if not answer.is_ok:
            return f" It was asked to refresh its devices from Apple, and answered {answer.status}."
        return " It was asked to refresh its devices from Apple."

    async def health(self) -> Reading:
        """Return until when the token is good; the words of its state are not written down (B10.1)."""
        try:
            holding = (await self._find()).holding
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        shown = "shows the token; it does not say whether Apple takes it." if holding.present else "holds no token."
        return Reading(None, f"JumpCloud {shown}", holding)

    async def find_all(self) -> tuple[Found, ...]:
        """Return every Apple MDM that the API key may see."""
        return tuple(Found(one.name or one.id, {"mdm_id": one.id}, one.holding) for one in await self._list())

    async def _find(self) -> _AppleMdm:
        mdms = await self._list()
        meant = tuple(one for one in mdms if self._mdm_id in {None, one.id})
        if len(meant) != 1:
            raise NeedsOperator(_which(mdms))
        return meant[0]

    async def _list(self) -> tuple[_AppleMdm, ...]:
        return read_as(_AppleMdms, await self._get(_MDMS), TITLE, "did not say which Apple MDM it has").root

    async def _get(self, path: str) -> Answer:
        answer = await self._peer.send("GET", path)
        return let_in(TITLE, answer, _LET_US_IN)


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except BadInstant:
        return None


_LET_US_IN: Final = (
    "Set the target's api_key to the API key of an administrator who may change the MDM settings, and org_id to the "
    "organisation's id if that administrator has several."
)
_WHICH_KEY: Final = "Which key JumpCloud has: asking may make another one, so it shows only when it refuses the token."
_WHOSE: Final = "Whose the token in JumpCloud is: it shows neither the organisation nor the service at Apple."
_WHETHER_TERMS: Final = "Whether Apple's terms are accepted: JumpCloud does not show it."
_NOT_TAKEN: Final = "Nothing was installed; most likely the token was made for another key than JumpCloud's."
_BY_HAND: Final = (
    "Renew the token by hand in JumpCloud's Admin Portal, which says more. If it is for another key there, upload the "
    "certificate that Tokenward shows now in Apple's portal, then download the token once more."
)


def _which(mdms: tuple[_AppleMdm, ...]) -> Finding:
    there = "; ".join(one.id for one in mdms[:10])
    return Finding(
        Code.TARGET_REFUSED,
        "JumpCloud does not have exactly one Apple MDM that the target can mean.",
        f"It has {there}." if there else "It has none at all.",
        "Set the target's mdm_id to one of them." if there else "Set up Apple MDM in JumpCloud's Admin Portal first.",
    )


def build(settings: Settings, *, api_key: Secret, steady: Callable[[], float] = time.monotonic) -> Target:
    """Return the target, in all roles."""
    return target_of(settings, ABILITIES, JumpCloud(settings, api_key, steady))
