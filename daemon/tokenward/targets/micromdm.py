"""MicroMDM: one key for good, every token it was ever given, and a client for Apple that takes over behind one's back.

Source of every fact: micromdm/micromdm 1.13.1, ``platform/config/*deptoken*.go``, ``platform/config/builtin/`` and
``platform/dep/``; the wiki's "Updating and Removing DEP Tokens"; issues 174, 510 and 546.

Tokens are kept by consumer key and never removed. The newest added is in use, and nothing shows which that is: the
order of the list is not documented. So a new token is told by what is kept having changed, and what is shown as the
expiry is the latest of all, for Apple lets only the last download live.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Literal

from pydantic import Field

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import (
    NOTHING_HELD,
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
from tokenward.model.token import DEAD, TokenState
from tokenward.policy.apple_words import find_quoted_refusal, parse_account
from tokenward.rotation.ports import Target
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import TargetSection, target_of
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, basic_auth
from tokenward.wire.findings import in_the_way, let_in, no_verdict, refusal_by_status
from tokenward.wire.reading import Shown, find_in, mark_of, read_as, unpacked
from tokenward.wire.settings import PeerSection
from tokenward.wire.token_values import TokenValues

TITLE: Final = "MicroMDM"
USER: Final = "micromdm"
"""The only user there is."""
SWAP_TIME: Final = timedelta(minutes=1)
"""After which a client that takes over by itself has surely done so; it takes seconds."""
ABILITIES: Final = Abilities(
    kind="micromdm",
    title=TITLE,
    summary="The open-source MDM server: keeps one key for good, opens the envelope, and asks Apple when asked to.",
    key_policy=KeyPolicy.FIXED,
    installs=True,
    reads_back=True,
    strongest_rung=3,
    verdicts=frozenset({TokenState.VALID, TokenState.TERMS_UNSIGNED}) | DEAD,
    finds=True,
    reads_secrets=True,
    least_privilege="The server's API key, which also reads the tokens' secrets: limit who reaches the server.",
    tested_against="a fake built from MicroMDM's source; never run against a real MicroMDM",
    by_hand=(
        "Bring the file to a machine on which mdmctl is set up for this server.",
        "Run: mdmctl apply dep-tokens -import FILE",
        "If MicroMDM goes on with the old token, restart it: older versions than 1.13.1 need that.",
    ),
)


class Settings(TargetSection, PeerSection):
    """One MicroMDM server, which uses one token."""

    kind: Literal["micromdm"]
    api_key: SecretRef
    """The API key that the server was started with."""
    swaps_client: bool = False
    """Whether this server uses a new token without a restart, as 1.13.1 does. Then Apple's good answer a minute after
    the handing over is proof; otherwise only one that differs from what was answered before."""


class _Kept(Shown):
    """Everything that is kept, secrets in clear. Both are always there: half an answer says nothing about tokens."""

    dep_tokens: tuple[TokenValues, ...] | None = Field(repr=False)
    public_key: str = Field(min_length=1)

    @property
    def tokens(self) -> tuple[TokenValues, ...]:
        return self.dep_tokens or ()

    @property
    def holding(self) -> Holding:
        """What is held, as far as the list tells; the secrets are hashed here and go no further."""
        if not self.tokens:
            return NOTHING_HELD
        mark = mark_of(*sorted(one.token.digest for one in self.tokens))
        ends = [one.expires_at for one in self.tokens if one.expires_at is not None]
        return Holding(present=True, mark=mark, expires_at=max(ends, default=None))


class _Done(Shown):
    """What every call may answer: an error, or none."""

    error: str = ""


@dataclass(frozen=True, slots=True)
class _View:
    """Apple, as the client in use sees it."""

    reading: Reading
    server_name: str | None = None
    seen: str = ""
    """Digest of what was answered: whose the token is, or ``_REFUSED``. Empty where Apple said nothing about it."""
    answered_at: datetime | None = None


_REFUSED: Final = mark_of("refused")
"""``_View.seen`` of a client that has no token which Apple takes. It can't become one by itself."""


class MicroMdm:
    """One server, in all roles. The secrets in its answers are hashed and dropped."""

    def __init__(self, settings: Settings, api_key: Secret) -> None:
        """Speak with the server of *settings* under its *api_key*."""
        self._swaps_client = settings.swaps_client
        self._peer = HttpPeer(
            TITLE,
            settings.url,
            unreachable=Code.TARGET_UNREACHABLE,
            connection=settings.connection(),
            headers={"Authorization": basic_auth(USER, api_key)},
        )

    async def preflight(self) -> Preflight:
        """Ask what is kept, and for Apple's word, which may tell about the terms (B4.1)."""
        try:
            kept, view = (await self._kept())[0], await self._ask_apple()
        except (Retryable, NeedsOperator) as error:
            return in_the_way(error)
        if view.reading.verdict is TokenState.TERMS_UNSIGNED:
            return Preflight((Obstacle(BlockReason.TERMS_UNSIGNED, _ACCEPT_TERMS),))
        return Preflight(cannot_tell=tuple(_untold(kept, view)))

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Return MicroMDM's one certificate; that it looks expired is usual, for it is never renewed."""
        del common_name
        kept, answer = await self._kept()
        return unpacked(kept.public_key, answer, TITLE, "gave no certificate")

    async def note(self) -> str:
        """Return what Apple answers before: whose the token is, or that it is refused; empty for neither.

        It is asked after the download, which has ended the old token.
        """
        return (await self._ask_apple()).seen

    async def install(self, delivery: Delivery) -> Receipt:
        """Hand the envelope over as it came. Apple is not asked then.

        Once it is taken it stands among what is kept, even where it stood there before and nothing changes.
        """
        content = base64.b64encode(delivery.envelope.original).decode()
        answer = await self._peer.send(
            "PUT",
            "/v1/dep-tokens",
            headers={"Content-Type": "application/json"},
            body=json.dumps({"p7m_content": content}).encode(),
        )
        if not answer.is_ok:
            return Receipt(refusal=_refusal(answer))
        done = find_in(_Done, answer)
        if done is None or done.error:
            return Receipt()
        try:
            return Receipt(mark=(await self._kept())[0].holding.mark)
        except (Retryable, NeedsOperator):
            return Receipt()

    async def read_back(self) -> Holding:
        """Return what is kept, with Apple's word on whose it is.

        Right after an installation that word can still be the old client's; ``prove`` tells them apart.
        """
        holding = (await self._kept())[0].holding
        return _owned(holding, (await self._ask_apple()).reading) if holding.present else holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 3 once Apple answers well, and it can't be the old client that is answered.

        The old one is answered until the new one takes over: some seconds later, with older versions at the next
        restart. How long Apple goes on answering it after a download is not known. The download has ended its token,
        so once refused it stays so: a good answer after a refusal is the new one's. So is one with another person or
        service in it. The same words as before prove nothing, unless the server is known to swap its client and had
        the time to.
        """
        if not (await self._kept())[0].holding.present:
            return Proof(0, "MicroMDM holds no token.")
        view = await self._ask_apple()
        if view.reading.verdict is not TokenState.VALID:
            return Proof(2, f"MicroMDM holds it, and has no good answer from Apple yet. {view.reading.why}")
        if not self._is_new(view, noted, since):
            return Proof(2, _SAME_WORDS)
        why = "Apple answers MicroMDM, and that is by the new token."
        return Proof(3, why, view.reading.downloader, view.reading.server_uuid)

    def _is_new(self, view: _View, noted: str, since: datetime) -> bool:
        if noted not in {"", view.seen}:
            return True
        return self._swaps_client and view.answered_at is not None and view.answered_at - since >= SWAP_TIME

    async def health(self) -> Reading:
        """Return whether a token is kept, until when, and what Apple answers (B10.1)."""
        try:
            holding = (await self._kept())[0].holding
            if not holding.present:
                return Reading(None, "MicroMDM holds no token.", holding)
            reading = (await self._ask_apple()).reading
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        return replace(reading, holding=_owned(holding, reading))

    async def find_all(self) -> tuple[Found, ...]:
        """Return the token in use; the others that are kept can't be chosen."""
        holding = (await self._kept())[0].holding
        if not holding.present:
            return ()
        view = await self._ask_apple()
        return (Found(view.server_name or TITLE, {}, _owned(holding, view.reading)),)

    async def _kept(self) -> tuple[_Kept, Answer]:
        answer = await self._get("/v1/dep-tokens")
        return read_as(_Kept, answer, TITLE, "did not say which tokens it holds"), answer

    async def _ask_apple(self) -> _View:
        """Return what Apple answers the client in use, at this moment."""
        try:
            answer = await self._get("/v1/dep/account")
        except Retryable as error:
            return _View(Reading(None, error.finding.happened, answered=False))
        return _account(answer) if answer.is_ok else _refused(answer)

    async def _get(self, path: str) -> Answer:
        answer = await self._peer.send("GET", path)
        return let_in(TITLE, answer, _LET_US_IN)


def _untold(kept: _Kept, view: _View) -> Iterator[str]:
    if len(kept.tokens) > 1:
        yield f"Which of its {len(kept.tokens)} tokens MicroMDM uses: it keeps all, and the one that ends last counts."
    if view.reading.verdict is None:
        yield f"Whether Apple's terms are accepted: {view.reading.why}"


def _owned(holding: Holding, reading: Reading) -> Holding:
    return replace(holding, downloader=reading.downloader, server_uuid=reading.server_uuid)


def _account(answer: Answer) -> _View:
    detail = parse_account(answer.body)
    if detail is None:
        return _View(Reading(None, "MicroMDM passed on an answer of Apple's that names no service."))
    reading = Reading(
        TokenState.VALID,
        f"Apple answers MicroMDM, for {detail.server_name or detail.server_uuid}.",
        downloader=detail.downloader,
        server_uuid=detail.server_uuid,
    )
    seen = mark_of(detail.server_uuid, detail.downloader)
    return _View(reading, detail.server_name, seen, answer.answered_at)


_LOGIN_REFUSED: Final = re.compile(r"establishing dep session:?\s*40[13]\b")


def _refused(answer: Answer) -> _View:
    """Return what a failed question to Apple means: 500 with a text, which is compared and never repeated.

    Source: ``platform/dep/``. Where the login fails only Apple's status is left; later its words are there.
    """
    shown = find_in(_Done, answer) if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR else None
    text = shown.error.casefold() if shown else ""
    if "dep not configured" in text:
        return _View(Reading(None, f"MicroMDM asks Apple with no token yet. {_RESTART}"), seen=_REFUSED)
    if _LOGIN_REFUSED.search(text):
        return _View(Reading(None, f"{_LOGIN} {_RESTART}"), seen=_REFUSED)
    if "dep api error" not in text:
        return _View(Reading(None, f"MicroMDM has no answer from Apple; it answered {answer.status}.", answered=False))
    refusal = find_quoted_refusal(text)
    if refusal is None or refusal.needs_right_clock:
        return _View(Reading(None, "MicroMDM has a refusal of Apple's that says nothing certain about the token."))
    if refusal.verdict not in DEAD:
        return _View(Reading(refusal.verdict, refusal.why))
    return _View(Reading(refusal.verdict, f"{refusal.why} {_RESTART}"), seen=_REFUSED)


def _refusal(answer: Answer) -> Finding:
    """Return why MicroMDM did not take an envelope: 500 with an error, for whatever reason.

    Raises:
        Retryable: It is out of order and took nothing.
        OutcomeUnknown: The answer does not tell whether it was taken.
    """
    shown = find_in(_Done, answer) if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR else None
    return _NOT_TAKEN if shown and shown.error else refusal_by_status(TITLE, answer, _LET_US_IN)


_LET_US_IN: Final = "Set the target's api_key to the API key that MicroMDM was started with."
_ACCEPT_TERMS: Final = "Have somebody who may accept Apple's new terms in the portal; Apple can take a day to notice."
_RESTART: Final = "If a new token has just been installed, restart MicroMDM: it may still use the old one."
_LOGIN: Final = (
    "Apple refuses MicroMDM's login; whether for its new terms or for a token that was revoked or replaced, MicroMDM "
    "does not say."
)
_SAME_WORDS: Final = (
    "MicroMDM holds it. Apple answers it as before, which can still be by the old token; for a server that uses a new "
    "token without a restart (1.13.1 does), set the target's swaps_client."
)
_NOT_TAKEN: Final = Finding(
    Code.TARGET_ANSWER,
    "MicroMDM did not take this file.",
    "Nothing was installed. Its words for a reason are on no record; most likely the file was made for another "
    "certificate than MicroMDM's.",
    "Look at MicroMDM's log. If it could not decrypt the file, upload the certificate that Tokenward shows now in "
    "Apple's portal, and download the token once more.",
)


def build(settings: Settings, *, api_key: Secret) -> Target:
    """Return the target, in all roles."""
    return target_of(settings, ABILITIES, MicroMdm(settings, api_key))
