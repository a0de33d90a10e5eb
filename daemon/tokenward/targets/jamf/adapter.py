"""One enrolment instance of one Jamf Pro tenant: settings, abilities, and what can be asked of it."""

import base64
import json
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import Field

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import (
    Abilities,
    BlockReason,
    Delivery,
    Found,
    Holding,
    KeyPolicy,
    Obstacle,
    Preflight,
    Proof,
    Reading,
    Receipt,
)
from tokenward.model.token import TokenState
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import TargetSection, target_of
from tokenward.targets.jamf.notices import parse_notices, state_told
from tokenward.targets.jamf.syncs import Sync, not_proven_by, verdict_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer
from tokenward.wire.client_login import ClientLogin
from tokenward.wire.findings import (
    in_the_way,
    let_in,
    no_verdict,
    not_exactly_one,
    refusal_by_status,
)
from tokenward.wire.reading import Shown, certificate_in, find_in, mark_of, read_as
from tokenward.wire.settings import PeerSection

TITLE: Final = "Jamf Pro"
ABILITIES: Final = Abilities(
    kind="jamf",
    title=TITLE,
    summary="Jamf Pro: keeps one key for all instances of a tenant, and shows when it last spoke with Apple.",
    key_policy=KeyPolicy.FIXED,
    installs=True,
    reads_back=True,
    strongest_rung=3,
    verdicts=frozenset({TokenState.VALID, TokenState.TERMS_UNSIGNED, TokenState.EXPIRED}),
    finds=True,
    reads_secrets=False,
    least_privilege="An API client whose role has Read and Update Device Enrollment Program Instances.",
    tested_against="a fake built from Jamf's API reference; never run against a real Jamf Pro",
    by_hand=(
        "In Jamf Pro's settings, open Automated Device Enrollment, and there the instance of this service.",
        "Edit it and upload the file as its new server token. Add no new instance.",
        "Save, and see that the date on which the token expires is a year ahead.",
    ),
)
_INSTANCES: Final = "/api/v1/device-enrollments"
_PAGE: Final = 100
_MOST_PAGES: Final = 20
_Number = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", coerce_numbers_to_str=True)]
"""Jamf Pro's numbers are text."""


class Settings(TargetSection, PeerSection):
    """One enrolment instance of one Jamf Pro tenant."""

    kind: Literal["jamf"]
    client_id: Annotated[str, Field(min_length=1)]
    """Client ID of an API client."""
    client_secret: SecretRef
    """The client secret that belongs to it."""
    instance_id: _Number | None = None
    """Jamf Pro's number of this service's enrolment instance; not needed where it has only one."""


class _Instance(Shown):
    """One enrolment instance as Jamf Pro shows it. Its token is never shown."""

    id: _Number
    name: str = ""
    server_uuid: str | None = Field(default=None, alias="serverUuid")
    admin_id: str | None = Field(default=None, alias="adminId")
    org_name: str | None = Field(default=None, alias="orgName")
    expires_on: date | None = Field(default=None, alias="tokenExpirationDate")

    @property
    def mark(self) -> str:
        """Digest of what stays: whoever downloaded it is left out, for that can come in after the token has."""
        return mark_of(self.id, self.server_uuid, self.expires_on)

    @property
    def holding(self) -> Holding:
        day = self.expires_on
        return Holding(
            present=True,
            mark=self.mark,
            expires_at=datetime.combine(day, time(), UTC) if day else None,
            downloader=self.admin_id or None,
            server_uuid=self.server_uuid or None,
        )


class _Page(Shown):
    total: int = Field(alias="totalCount")
    results: tuple[_Instance, ...]


class _Fault(Shown):
    code: str


class _Error(Shown):
    """The shape of every error that is Jamf Pro's own."""

    status: int = Field(alias="httpStatus")
    errors: Annotated[tuple[_Fault, ...], Field(min_length=1)]


class Jamf:
    """One enrolment instance, in all roles."""

    def __init__(self, settings: Settings, client_secret: Secret) -> None:
        """Speak with the server of *settings* as its API client with *client_secret*."""
        self._instance_id = settings.instance_id
        self._peer = HttpPeer(
            TITLE,
            settings.url,
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
            keeps_cookies=True,  # Jamf Cloud is a cluster
        )
        form: dict[str, str | Secret] = {"client_id": settings.client_id, "client_secret": client_secret}
        self._login = ClientLogin(self._peer, "/api/oauth/token", form, _LET_US_IN)

    async def preflight(self) -> Preflight:
        """Ask for the instance, which shows that it can be reached and read (B4.1)."""
        try:
            told, is_told = await self._told(await self._find())
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        if told is TokenState.TERMS_UNSIGNED:
            return Preflight((Obstacle(BlockReason.TERMS_UNSIGNED, _ACCEPT_TERMS),))
        unknown = () if is_told else (_WHETHER_TERMS,)
        return Preflight(cannot_tell=(*unknown, _WHETHER_MAY_RENEW, _SAME_DAY))

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Return the tenant's one certificate; nothing makes another."""
        del common_name
        answer = await self._get("/public-key")
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NeedsOperator(_NO_CERTIFICATE)
        return certificate_in(answer, TITLE)

    async def note(self) -> str:
        """Return which sync was the latest, so that it is no proof later, whatever the clocks say."""
        sync = (await self._latest_sync(await self._find()))[0]
        return sync.mark if sync else ""

    async def install(self, delivery: Delivery) -> Receipt:
        """Renew the token of the instance; another instance would leave the PreStage enrolments with the old one."""
        instance = await self._find()
        body = {
            "tokenFileName": f"{delivery.service}.p7m",
            "encodedToken": base64.b64encode(delivery.envelope.original).decode(),
        }
        answer = await self._login.send(
            self._peer,
            "PUT",
            f"{_INSTANCES}/{quote(instance.id)}/upload-token",
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
        )
        if not answer.is_ok:
            return Receipt(refusal=_refusal(answer))
        renewed = find_in(_Instance, answer)
        return Receipt(mark=renewed.mark if renewed else None)

    async def read_back(self) -> Holding:
        """Return what Jamf Pro shows of the instance."""
        return (await self._find()).holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 3 once a good sync happened after *since* that is not the *noted* one, else rung 2.

        Until then the account that it shows may be that of the old token, and is not told. Whose service it is, is told
        at once: another one is found out as soon as it shows (B5.3).
        """
        sync = (await self._latest_sync(await self._find()))[0]
        instance = await self._find()  # after the sync, which may have changed what it shows
        uuid = instance.server_uuid or None
        missing = not_proven_by(sync, noted, since)
        if missing:
            return Proof(2, f"Jamf Pro shows it, but {missing}.", server_uuid=uuid)
        why = "Jamf Pro has spoken with Apple since the token was handed over, and it went well."
        return Proof(3, why, instance.admin_id or None, uuid)

    async def health(self) -> Reading:
        """Return until when it is good, and how it last went between Jamf Pro and Apple, if that is fresh (B10.1)."""
        try:
            instance = await self._find()
            told, _ = await self._told(instance)
            sync, now = await self._latest_sync(instance)
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        held = instance.holding
        if told is not None:
            return Reading(
                told, "Jamf Pro notifies its administrators of that.", held, held.downloader, held.server_uuid
            )
        return Reading(*verdict_of(sync, now), held, held.downloader, held.server_uuid)

    async def find_all(self) -> tuple[Found, ...]:
        """Return every instance of the tenant."""
        return tuple(
            Found(one.name, {"instance_id": one.id}, one.holding, one.org_name or None) for one in await self._list()
        )

    async def _find(self) -> _Instance:
        instances = await self._list()
        meant = tuple(one for one in instances if self._instance_id in {None, one.id})
        if len(meant) != 1:
            raise NeedsOperator(_which(instances))
        return meant[0]

    async def _list(self) -> tuple[_Instance, ...]:
        found: list[_Instance] = []
        for number in range(_MOST_PAGES):
            answer = await self._get("", {"page": str(number), "page-size": str(_PAGE)})
            page = read_as(_Page, answer, TITLE, "did not say which instances it has")
            found += page.results
            if not page.results or len(found) >= page.total:
                break
        return tuple(found)

    async def _latest_sync(self, instance: _Instance) -> tuple[Sync | None, datetime | None]:
        """Return how it last went with Apple, None before any time, and what time it is by Jamf Pro's own clock."""
        answer = await self._get(f"/{quote(instance.id)}/syncs/latest")
        if answer.status == HTTPStatus.NOT_FOUND:  # unconfirmed: what it says before the first one
            return None, answer.answered_at
        return read_as(Sync, answer, TITLE, "did not say when it spoke with Apple"), answer.answered_at

    async def _told(self, instance: _Instance) -> tuple[TokenState | None, bool]:
        """Return of which state Jamf Pro notifies its administrators, and whether it lets us know."""
        try:
            answer = await self._login.send(self._peer, "GET", "/api/v1/notifications")
        except Retryable:
            return None, False  # what it holds, and how it went with Apple, is asked for by itself
        notices = parse_notices(answer)
        return (None, False) if notices is None else (state_told(notices, instance.name), True)

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Answer:
        answer = await self._login.send(self._peer, "GET", _INSTANCES + path, query=query)
        return let_in(TITLE, answer, _LET_US_IN)


def _refusal(answer: Answer) -> Finding:
    """Return why Jamf Pro did not take a token.

    For one that it can't open, a 500 of its own shape is all that is documented. It may stand for a fault of its own
    just as well, so nothing is concluded from it but that the file was not taken as it should be; what shows decides.

    Raises:
        Retryable: It was turned away for now.
        OutcomeUnknown: The answer is not Jamf Pro's own, and it may have been taken.
    """
    shown = find_in(_Error, answer)
    is_its_own = shown is not None and shown.status == answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
    return _NOT_TAKEN if is_its_own else refusal_by_status(TITLE, answer, _LET_US_IN)


_LET_US_IN: Final = (
    "Check the target's client_id and client_secret, that this API client is enabled in Jamf Pro, and that its role "
    "has Read and Update Device Enrollment Program Instances."
)
_WHETHER_TERMS: Final = "Whether Apple's terms are accepted: the API client may not read Jamf Pro's notifications."
_ACCEPT_TERMS: Final = (
    "Have somebody who may accept Apple's new terms in the portal; Jamf Pro can take hours to notice."
)
_WHETHER_MAY_RENEW: Final = "Whether the API client may renew a token: that shows when it does."
_SAME_DAY: Final = (
    "Which of two tokens of the same day it holds: it shows a day and no time, so its answer to the upload counts."
)
_NO_CERTIFICATE: Final = Finding(
    Code.TARGET_REFUSED,
    "Jamf Pro has no public key to give out: it answered 404.",
    "There is no certificate for Apple yet.",
    "Check that the target's url is that of Jamf Pro itself, and that its own console gives the public key out.",
)
_NOT_TAKEN: Final = Finding(
    Code.TARGET_ANSWER,
    "Jamf Pro answered 500, in its own words, when it was given the token.",
    "That is all it says of a token that it can't open, most likely one made for another certificate; it can be a "
    "fault of its own as well. What it shows is looked at before anything is sent again.",
    "Look at Jamf Pro's server log. If the certificate that Tokenward shows is not the one in Apple's portal, upload "
    "it there, then download the token once more.",
)


def _which(instances: tuple[_Instance, ...]) -> Finding:
    there = [f"{one.id} ({one.name:.60})" for one in instances]
    return not_exactly_one(TITLE, "enrolment instance", there, "instance_id")


def build(settings: Settings, *, client_secret: Secret) -> Target:
    """Return the target, in all roles."""
    return target_of(settings, ABILITIES, Jamf(settings, client_secret))
