"""One DEP name of one NanoDEP server: settings, abilities, and what can be asked of it."""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field

from tokenward.model.finding import Code, NeedsOperator, Retryable
from tokenward.model.secret import Secret
from tokenward.model.target import (
    NOTHING_HELD,
    Abilities,
    BlockReason,
    Delivery,
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
from tokenward.schema.fault import Fault
from tokenward.schema.secret_ref import SecretRef
from tokenward.targets import TargetSection, target_of
from tokenward.targets.nanodep.answers import (
    CHECK_API_KEY,
    NOT_READ,
    TITLE,
    apple_reading,
    is_nothing_held,
    is_version,
    parse_token,
    refusal,
)
from tokenward.wire.answer import Answer
from tokenward.wire.client import HttpPeer, basic_auth
from tokenward.wire.findings import KEPT_OUT, kept_out, no_verdict, unexpected
from tokenward.wire.settings import PeerSection
from tokenward.wire.token_values import NO_DATE

USER: Final = "depserver"
"""The only user there is."""
SESSION_HEADER: Final = "x-adm-auth-session"

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
)


def parse_dep_name(value: str) -> str:
    """Return *value* if it can be a path segment, as DEP names are.

    Raises:
        Fault: It can't.
    """
    if not value or "/" in value or value in {".", ".."} or not value.isprintable():
        raise Fault(f"{value!r:.60} is no DEP name", "the name as NanoDEP knows it, without a slash")
    return value


class Settings(TargetSection, PeerSection):
    """A service's place in a NanoDEP server."""

    kind: Literal["nanodep"]
    dep_name: Annotated[str, AfterValidator(parse_dep_name)]
    """The name under which NanoDEP keeps this service's keys and token."""
    api_key: SecretRef
    validity_days: int = Field(default=30, ge=1, le=825)
    """How long a certificate for Apple is valid: longer than a person may take to upload it."""


class NanoDep:
    """One DEP name, in all roles. The secrets in NanoDEP's answers are hashed and dropped."""

    def __init__(self, settings: Settings, api_key: Secret) -> None:
        """Speak with the server of *settings* under its *api_key*."""
        self._name = quote(settings.dep_name, safe="")
        self._validity_days = settings.validity_days
        connection = settings.connection()
        self._peer = HttpPeer(TITLE, settings.url, unreachable=Code.TARGET_UNREACHABLE, connection=connection)
        self._authorised = {"Authorization": basic_auth(USER, api_key)}

    async def preflight(self) -> Preflight:
        """Ask for the version, which needs no key, the token, and Apple's terms through the proxy (B4.1)."""
        try:
            if not is_version(await self._peer.send("GET", "/version")):
                return _in_the_way(BlockReason.TARGET_UNREACHABLE, f"{_NOT_NANODEP} {self._peer.base_url}.")
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
        answer = await self._get(f"/v1/tokenpki/{self._name}", query)
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
        return await self._put(_with_mail_headers(delivery.envelope.cms), delivery)

    async def _put(self, file: bytes, delivery: Delivery) -> Receipt:
        answer = await self._peer.send(
            "PUT",
            f"/v1/tokenpki/{self._name}",
            query={"force": "1"} if delivery.forced else None,
            headers=self._authorised | {"Content-Type": "application/pkcs7-mime"},
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
        return _owned(holding, (await self._ask_apple()).reading) if holding.present else holding

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
        return replace(reading, holding=_owned(holding, reading))

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Answer:
        answer = await self._peer.send("GET", path, query=query, headers=self._authorised)
        if answer.status in KEPT_OUT:
            raise NeedsOperator(kept_out(TITLE, answer, CHECK_API_KEY))
        return answer

    async def _holding(self) -> Holding:
        """Return what NanoDEP stores, asking nobody else."""
        answer = await self._get(f"/v1/tokens/{self._name}")
        token = parse_token(answer)
        if token is not None:
            expires_at = None if token.expires_at == NO_DATE else token.expires_at
            return Holding(present=True, token_digest=token.digest, expires_at=expires_at)
        if is_nothing_held(answer):
            return NOTHING_HELD
        raise Retryable(unexpected(TITLE, answer, "did not say which token it holds"), answer.retry_after_seconds)

    async def _ask_apple(self) -> "_View":
        """Return what Apple answers when NanoDEP asks whose its token is."""
        try:
            answer = await self._peer.send("GET", f"/proxy/{self._name}/account", headers=self._authorised)
        except Retryable as error:
            return _View(Reading(None, error.finding.happened, answered=False))
        session = answer.headers.get(SESSION_HEADER, "") if answer.is_ok else ""
        return _View(apple_reading(answer), hashlib.sha256(session.encode()).hexdigest() if session else "")


@dataclass(frozen=True, slots=True)
class _View:
    """Apple, as seen through NanoDEP's proxy."""

    reading: Reading
    session: str = ""
    """SHA-256 of NanoDEP's session with Apple, where the answer shows it."""


_NOT_NANODEP: Final = "Correct the target's url: something else than NanoDEP answers at"
_ACCEPT_TERMS: Final = "Have somebody who may accept Apple's new terms in the portal; Apple can take a day to notice."
_WHICH_KEY: Final = "Which key NanoDEP has staged: a fetch by somebody else shows only when it refuses the token."
_WHETHER_TERMS: Final = "Whether Apple's terms are accepted: NanoDEP has no answer from Apple now."


def _in_the_way(reason: BlockReason, remedy: str) -> Preflight:
    return Preflight((Obstacle(reason, remedy),), cannot_tell=(_WHICH_KEY,))


def _owned(holding: Holding, reading: Reading) -> Holding:
    return replace(holding, downloader=reading.downloader, server_uuid=reading.server_uuid)


def _with_mail_headers(cms: bytes) -> bytes:
    """Return *cms* as Apple's portal writes it: four headers, an empty line, base64 in lines of 76."""
    headers = (
        b'Content-Type: application/pkcs7-mime; name="smime.p7m"; smime-type=enveloped-data',
        b"Content-Transfer-Encoding: base64",
        b'Content-Disposition: attachment; filename="smime.p7m"',
        b"Content-Description: S/MIME Encrypted Message",
    )
    return b"\n".join((*headers, b"", base64.encodebytes(cms)))


def build(settings: Settings, *, service: str, api_key: Secret) -> Target:
    """Return the target for *service*, in all roles."""
    del service
    return target_of(settings, ABILITIES, NanoDep(settings, api_key))
