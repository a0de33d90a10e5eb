"""A device management product in memory, which keeps what the target contract promises and fails when told to."""

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tokenward.crypto import parse_certificate
from tokenward.model.certificate import Certificate
from tokenward.model.envelope import Envelope
from tokenward.model.finding import Code, Finding, NeedsOperator, OutcomeUnknown, Retryable
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
from tokenward.model.token import DEAD, ServerToken, TokenState
from tokenward.rotation.ports import Target

SERVER_UUID = "3F2C0000AAAA4000800000000000BBBB"
OTHER_SERVER_UUID = "0000000000000000000000000000DEAD"
MADE_AT = datetime(2026, 11, 24, tzinfo=UTC)
_SERIALS = itertools.count(1)


@lru_cache(maxsize=1)
def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def a_pem(common_name: str) -> bytes:
    """Return a certificate with a serial number of its own. All are over one key, since making one takes time."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=_private_key().public_key(),
        serial_number=next(_SERIALS),
        not_valid_before=MADE_AT - timedelta(minutes=10),
        not_valid_after=MADE_AT + timedelta(days=3650),
    )
    return builder.sign(_private_key(), SHA256()).public_bytes(Encoding.PEM)


def a_token(seed: str, expires_at: datetime = MADE_AT + timedelta(days=365)) -> ServerToken:
    """Return the token that stands for *seed*: the same each time, and another for any other."""
    mark = hashlib.sha256(seed.encode()).hexdigest()[:40]
    return ServerToken(
        Secret(f"CK_{mark}"), Secret(f"CS_{mark}"), Secret(f"AT_{mark}"), Secret(f"AS_{mark}"), expires_at
    )


@dataclass(slots=True)
class FakeTarget:
    """One product with one place for a token. Every field may be changed at any time."""

    id: str = "fake"
    required: bool = True
    key_policy: KeyPolicy = KeyPolicy.FRESH_ON_FETCH
    strongest_rung: int = 3
    """What it declares."""
    reads_secrets: bool = True
    """Whether its answers hold the token's values."""
    installs: bool = True
    """Whether it takes a file from us."""
    can_be_asked: bool = True
    """Whether it shows what it holds."""
    shows_mark: bool = False
    """Whether it shows, instead of values, something that is another for another token."""
    shows_expiry: bool = True
    """Whether it shows until when its token is good."""
    make_certificate: Callable[[str], bytes] = a_pem
    contents: dict[str, ServerToken] = field(default_factory=dict)
    """What is in an envelope, by its digest; for any other, the token that stands for that digest."""

    # How it fails.
    unreachable: bool = False
    refuses: bool = False
    """It does not take the credential."""
    terms_unsigned: bool = False
    mismatch: bool = False
    """It holds another consumer key, and takes an envelope only by force."""
    forgets_its_key: bool = False
    """It makes another one for every fetch, whatever it declares."""
    lost_answers: int = 0
    """How many installations are done without an answer."""
    lag: int = 0
    """How many times the old token is read back after an installation."""
    rung_limit: int = 3
    server_uuid: str = SERVER_UUID
    downloader: str | None = "kim@corp.example"
    is_foreign: bool = False
    """Whether it shows another organisation than before."""
    verdict: TokenState | None = TokenState.VALID

    # What happened.
    fetches: list[str] = field(default_factory=list)
    """Common names that were asked for."""
    uploads: list[str] = field(default_factory=list)
    """Digests of the envelopes that reached it, refused or not."""
    accounts: list[str | None] = field(default_factory=list)
    """Who was said to have downloaded each of them."""
    staged: Certificate | None = None
    held: ServerToken | None = None
    proven_since: datetime | None = None
    """What was last given as the moment of handing over."""

    _certificate: bytes = b""
    _shown_before: ServerToken | None = None
    _lagging: int = 0
    _logins: int = 0

    def target(self) -> Target:
        """Return it in its roles."""
        fetches = self.key_policy.is_fetched
        return Target(
            id=self.id,
            abilities=self.abilities(),
            required=self.required,
            gate=self,
            health=self,
            key_source=self if fetches else None,
            installer=self if self.installs else None,
            read_back=self if self.can_be_asked else None,
            prover=self,
        )

    def abilities(self) -> Abilities:
        """Return what it declares."""
        return Abilities(
            kind="fake",
            title="The fake",
            summary="A product in memory.",
            key_policy=self.key_policy,
            installs=self.installs,
            reads_back=self.can_be_asked,
            strongest_rung=self.strongest_rung,
            verdicts=frozenset({TokenState.VALID, TokenState.TERMS_UNSIGNED}) | DEAD,
            reads_secrets=self.reads_secrets,
            least_privilege="None.",
            tested_against="itself",
            by_hand=("Hand it over in the console of the fake.",),
        )

    def holds(self, seed: str) -> ServerToken:
        """Put the token that stands for *seed* in its place, as if somebody had installed it before."""
        self.held = a_token(seed)
        self._logins += 1
        return self.held

    async def preflight(self) -> Preflight:
        if self.unreachable:
            return Preflight((Obstacle(BlockReason.TARGET_UNREACHABLE, _AWAY.do),))
        if self.refuses:
            return Preflight((Obstacle(BlockReason.TARGET_REFUSED, _REFUSED.do),))
        if self.terms_unsigned:
            return Preflight((Obstacle(BlockReason.TERMS_UNSIGNED, "Accept Apple's terms."),))
        return Preflight()

    async def fetch_certificate(self, common_name: str) -> bytes:
        self._answer()
        self.fetches.append(common_name)
        is_fresh = self.forgets_its_key or self.key_policy is KeyPolicy.FRESH_ON_FETCH
        if not self._certificate or is_fresh:
            self._certificate = self.make_certificate(common_name)
            self.staged = parse_certificate(self._certificate, MADE_AT)
        return self._certificate

    async def note(self) -> str:
        return "" if self.unreachable or self.held is None else f"session {self._logins}"

    async def install(self, delivery: Delivery) -> Receipt:
        self._reach()
        self.uploads.append(delivery.envelope.digest)
        self.accounts.append(delivery.account)
        if self.refuses:
            return Receipt(refusal=_REFUSED)
        if self.staged is not None and not _is_for(delivery.envelope, self.staged):
            return Receipt(refusal=_WRONG_KEY)
        if self.mismatch and not delivery.forced:
            return Receipt(refusal=_MISMATCH)
        token = self._inside(delivery)
        self._put(token)
        if self.lost_answers > 0:
            self.lost_answers -= 1
            raise OutcomeUnknown(_LOST)
        return Receipt(token.digest, token=token) if self.reads_secrets else Receipt()

    async def read_back(self) -> Holding:
        self._answer()
        shown = self.held
        if self._lagging > 0:
            self._lagging -= 1
            shown = self._shown_before
        return self._shown(shown)

    async def prove(self, noted: str, since: datetime) -> Proof:
        self.proven_since = since
        self._answer()
        reached = 3 if self.held is not None and f"session {self._logins}" != noted else 2
        rung = min(reached, self.rung_limit)
        if rung < reached or reached < 3:
            return Proof(rung, "It holds the token; whether it works with it is not to be seen yet.")
        why = "It was seen to work with the token."
        return Proof(rung, why, self.downloader, self.server_uuid, is_foreign=self.is_foreign)

    async def health(self) -> Reading:
        if self.unreachable:
            return Reading(None, _AWAY.happened, answered=False)
        if self.refuses:
            return Reading(None, _REFUSED.happened)
        if self.held is None:
            return Reading(None, "It holds no token.", NOTHING_HELD)
        verdict = TokenState.TERMS_UNSIGNED if self.terms_unsigned else self.verdict
        return Reading(verdict, "As told.", self._shown(self.held), self.downloader, self.server_uuid)

    def _put(self, token: ServerToken) -> None:
        if self.held is not None and self.held.digest == token.digest:
            return
        self._shown_before, self._lagging = self.held, self.lag
        self.held = token
        self._logins += 1

    def _inside(self, delivery: Delivery) -> ServerToken:
        known = delivery.token or self.contents.get(delivery.envelope.digest)
        return known or a_token(delivery.envelope.digest)

    def _shown(self, token: ServerToken | None) -> Holding:
        if token is None:
            return NOTHING_HELD
        shown = Holding(
            present=True,
            expires_at=token.expires_at if self.shows_expiry else None,
            downloader=self.downloader,
            server_uuid=self.server_uuid,
        )
        if self.shows_mark:
            return replace(shown, mark=f"mark of {token.digest}")
        return replace(shown, token_digest=token.digest) if self.reads_secrets else shown

    def _reach(self) -> None:
        if self.unreachable:
            raise Retryable(_AWAY)

    def _answer(self) -> None:
        self._reach()
        if self.refuses:
            raise NeedsOperator(_REFUSED)


def _is_for(envelope: Envelope, certificate: Certificate) -> bool:
    return any(certificate.is_named_by(recipient) for recipient in envelope.recipients)


_AWAY = Finding(Code.TARGET_UNREACHABLE, "The fake is away.", "Nothing was sent.", "Bring it back.")
_REFUSED = Finding(Code.TARGET_REFUSED, "The fake refuses.", "Nothing was changed.", "Give it the right key.")
_WRONG_KEY = Finding(Code.WRONG_KEY, "It is for another key.", "Nothing was installed.", "Download it again.")
_MISMATCH = Finding(Code.CONSUMER_KEY_MISMATCH, "Another consumer key.", "Nothing was installed.", "Force it.")
_LOST = Finding(Code.TARGET_UNREACHABLE, "No answer came.", "It may have been installed.", "Look at it.")
