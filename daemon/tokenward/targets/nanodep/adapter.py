"""One DEP name of one NanoDEP server: abilities, and what can be asked of it."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from tokenward.model.finding import NeedsOperator, Retryable
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
from tokenward.model.token import DEAD, TokenState
from tokenward.rotation.ports import Target
from tokenward.targets import target_of
from tokenward.targets.nanodep.answers import NOT_READ, TITLE, is_version, parse_token, refusal
from tokenward.targets.nanodep.server import DepServer, View, owned
from tokenward.targets.nanodep.settings import Settings
from tokenward.wire.findings import no_verdict, unexpected
from tokenward.wire.smime import mail_text

ABILITIES: Final = Abilities(
    kind="nanodep",
    title=TITLE,
    summary="The open-source depserver: makes the key, opens the envelope, and asks Apple through its proxy.",
    key_policy=KeyPolicy.FRESH_ON_FETCH,
    installs=True,
    reads_back=True,
    strongest_rung=3,
    verdicts=frozenset({TokenState.VALID, TokenState.TERMS_UNSIGNED}) | DEAD,
    reads_secrets=True,
    least_privilege="There is one API key (-api, NANODEP_API), which may do anything: limit who reaches it.",
    tested_against="the stand-in that is part of Tokenward, built from NanoDEP's source and a recorded conversation",
    by_hand=(
        "Bring the file to a machine that reaches depserver, and have its API key and the DEP name at hand.",
        "Run: curl --user depserver:API-KEY --upload-file FILE https://DEPSERVER/v1/tokenpki/DEP-NAME",
        "If it answers “mismatched consumer key” and the file is surely this service's, add ?force=1 to the address.",
    ),
    finds=True,
)


class NanoDep:
    """One DEP name, in all roles. The secrets in NanoDEP's answers are hashed and dropped."""

    def __init__(self, settings: Settings, api_key: Secret) -> None:
        """Speak with the server of *settings* under its *api_key*."""
        self._name = settings.dep_name
        self._place = f"/v1/tokenpki/{quote(settings.dep_name, safe='')}"
        self._validity_days = settings.validity_days
        self._server = DepServer(settings, api_key)

    async def preflight(self) -> Preflight:
        """Ask for the version, which needs no key, the token, and Apple's terms through the proxy (B4.1)."""
        try:
            if not is_version(await self._server.peer.send("GET", "/version")):
                return _in_the_way(BlockReason.TARGET_UNREACHABLE, f"{_NOT_NANODEP} {self._server.peer.base_url}.")
            holding = await self._holding()
        except Retryable as error:
            return _in_the_way(BlockReason.TARGET_UNREACHABLE, error.finding.do)
        except NeedsOperator as error:
            return _in_the_way(BlockReason.TARGET_REFUSED, error.finding.do)
        if not holding.present:
            return Preflight(cannot_tell=(_WHICH_KEY, _WHETHER_TERMS))
        reading = (await self._ask_apple()).reading
        if reading.verdict is TokenState.TERMS_UNSIGNED:
            return _in_the_way(BlockReason.TERMS_UNSIGNED, _ACCEPT_TERMS)
        return Preflight(cannot_tell=(_WHICH_KEY,) if reading.answered else (_WHICH_KEY, _WHETHER_TERMS))

    async def fetch_certificate(self, common_name: str) -> bytes:
        """Have NanoDEP make a key, once, and return its certificate (B3.1).

        Every fetch overwrites the key before. The serial number is always 1, so only a unique *common_name*
        lets one certificate's envelopes be told from another's.
        """
        query = {"cn": common_name, "validity_days": str(self._validity_days)}
        answer = await self._server.get(self._place, query)
        if not answer.is_ok:
            raise Retryable(unexpected(TITLE, answer, "made no key"), answer.retry_after_seconds)
        return answer.body

    async def note(self) -> str:
        """Return the digest of the session that NanoDEP has with Apple now; empty where it shows none."""
        return (await self._ask_apple()).session

    async def install(self, delivery: Delivery) -> Receipt:
        """Hand the envelope over as it came; the same one again changes nothing.

        A file without mail headers, which NanoDEP does not read, is handed over once more with those that
        Apple writes (B4.5). A changed consumer key is refused until the delivery is forced (B5.7).
        """
        receipt = await self._put(delivery.envelope.original, delivery)
        if receipt.refusal is not NOT_READ:
            return receipt
        return await self._put(mail_text(delivery.envelope.cms).encode(), delivery)

    async def _put(self, file: bytes, delivery: Delivery) -> Receipt:
        answer = await self._server.peer.send(
            "PUT",
            self._place,
            query={"force": "1"} if delivery.forced else None,
            headers={**self._server.authorised, "Content-Type": "application/pkcs7-mime"},
            body=file,
        )
        if not answer.is_ok:
            return Receipt(refusal=refusal(answer))
        token = parse_token(answer)
        return Receipt(token.digest if token else None, token=token)

    async def read_back(self) -> Holding:
        """Return what NanoDEP stores, with Apple's word on whose it is where its proxy has an answer.

        Right after an installation that word can still come from the old token's session; ``prove`` tells
        them apart.
        """
        holding = await self._holding()
        return owned(holding, (await self._ask_apple()).reading) if holding.present else holding

    async def prove(self, noted: str, since: datetime) -> Proof:
        """Return rung 3 once NanoDEP has Apple's answer on a session other than the *noted* one, else rung 2.

        NanoDEP keeps its session when a new token is stored, so an answer on the same one may stand on the
        old token. A new session suggests a new login; that it is one is promised nowhere.
        """
        del since  # the session tells, which shows no time
        if not (await self._holding()).present:
            return Proof(0, "NanoDEP holds no token.")
        view = await self._ask_apple()
        if view.reading.verdict is not TokenState.VALID:
            return Proof(2, f"NanoDEP holds it, and has no good answer from Apple yet. {view.reading.why}")
        if view.session in {"", noted}:
            return Proof(2, "NanoDEP holds it, and still uses the session with Apple that it had before.")
        why = "NanoDEP has Apple's answer on a session that it did not have before."
        return Proof(3, why, view.reading.downloader, view.reading.server_uuid)

    async def health(self) -> Reading:
        """Return whether a token is stored, until when, and what Apple answers NanoDEP (B10.1)."""
        try:
            holding = await self._holding()
        except (Retryable, NeedsOperator) as error:
            return no_verdict(error)
        if not holding.present:
            return Reading(None, "NanoDEP holds no token.", holding)
        reading = (await self._ask_apple()).reading
        return replace(reading, holding=owned(holding, reading))

    async def find_all(self) -> tuple[Found, ...]:
        """Return every name that NanoDEP lists, with what is stored under it."""
        return await self._server.find(await self._server.names())

    async def _holding(self) -> Holding:
        return await self._server.holding(self._name)

    async def _ask_apple(self) -> View:
        return await self._server.ask_apple(self._name)


_NOT_NANODEP: Final = "Correct the target's url: something else than NanoDEP answers at"
_ACCEPT_TERMS: Final = "Have somebody who may accept Apple's new terms in the portal; Apple can take a day to notice."
_WHICH_KEY: Final = "Which key NanoDEP has staged: a fetch by somebody else shows only when it refuses the token."
_WHETHER_TERMS: Final = "Whether Apple's terms are accepted: NanoDEP has no answer from Apple now."


def _in_the_way(reason: BlockReason, remedy: str) -> Preflight:
    return Preflight((Obstacle(reason, remedy),), cannot_tell=(_WHICH_KEY,))


def build(settings: Settings, *, service: str, api_key: Secret) -> Target:
    """Return the target for *service*, in all roles."""
    del service
    return target_of(settings, ABILITIES, NanoDep(settings, api_key))
