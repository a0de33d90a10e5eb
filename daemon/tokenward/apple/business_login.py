"""Logging in to Apple's Business and School Manager APIs with an API account.

Source: Apple, "Implementing OAuth for the Apple School Manager and Apple Business API".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tokenward.model.finding import Code, Finding, NeedsOperator, Retryable
from tokenward.model.instant import Clock
from tokenward.model.registration import ApiAccount
from tokenward.model.secret import Secret
from tokenward.rotation.ports import Chance
from tokenward.wire.answer import Answer
from tokenward.wire.client import Connection, HttpPeer, Lost

AUDIENCE: Final = "https://account.apple.com/auth/oauth2/v2/token"
"""Apple wants this literal one, whichever of its two addresses is asked."""
ASSERTION_LIFE: Final = timedelta(minutes=10)
ASK_EARLY: Final = timedelta(minutes=5)
"""There is no refresh token; a new one is asked for before the old one ends."""
LONGEST_LIFE: Final = timedelta(days=365)
"""Of a bearer token; Apple's live for an hour. What claims to live longer is no answer of Apple's."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_SCOPES: Final = {"BUSINESSAPI": "business.api", "SCHOOLAPI": "school.api"}


@dataclass(frozen=True, slots=True)
class _Bearer:
    value: Secret
    until: datetime


class BusinessLogin:
    """Gives the bearer token of one API account, and keeps it as long as it lives."""

    def __init__(self, account: ApiAccount, clock: Clock, chance: Chance, connection: Connection | None = None) -> None:
        """Log in as *account*."""
        self._account = account
        self._clock = clock
        self._chance = chance
        self._peer = HttpPeer(
            "Apple's login", account.token_url, unreachable=Code.APPLE_UNREACHABLE, connection=connection
        )
        self._bearer: _Bearer | None = None

    async def bearer(self) -> Secret:
        """Return a bearer token that is good for some minutes at least.

        Raises:
            Retryable: Apple was not reached, or is too busy.
            NeedsOperator: Apple does not take this API account.
        """
        now = self._clock.now()
        if self._bearer is None or self._bearer.until - ASK_EARLY <= now:
            self._bearer = await self._ask(now)
        return self._bearer.value

    def forget(self) -> None:
        """Have the next question log in anew: Apple no longer knows the token."""
        self._bearer = None

    async def _ask(self, now: datetime) -> _Bearer:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._account.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(now),
            "scope": _SCOPES.get(self._account.client_id.partition(".")[0], "business.api"),
        }
        body = urlencode(form).encode()
        answer = await self._peer.send("POST", "", headers=_FORM, body=body, lost=Lost.HARMLESS)
        return _bearer_in(answer, now)

    def _assertion(self, now: datetime) -> str:
        """Return the signed note that says who we are: ES256, good for some minutes. RFC 7523 section 3."""
        from joserfc import jwt  # noqa: PLC0415  only organisations with an API account pay for it
        from joserfc.jwk import ECKey  # noqa: PLC0415

        claims = {
            "iss": self._account.client_id,
            "sub": self._account.client_id,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + ASSERTION_LIFE).timestamp()),
            "jti": self._chance.token(),
        }
        try:
            key = ECKey.import_key(self._account.private_key.reveal())
        except ValueError as error:
            raise NeedsOperator(_BAD_KEY) from error
        return jwt.encode({"alg": "ES256", "kid": self._account.key_id}, claims, key)


class _Given(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: Annotated[str, Field(min_length=1, pattern="^[!-~]+$")]
    expires_in: Annotated[float, Field(ge=0, le=LONGEST_LIFE.total_seconds())]


class _Problem(BaseModel):
    error: str


def _bearer_in(answer: Answer, now: datetime) -> _Bearer:
    if answer.is_outage:
        raise Retryable(_busy(answer.status), answer.retry_after_seconds)
    if not answer.is_ok:
        raise NeedsOperator(_refused(_problem_in(answer.body)))
    try:
        given = _Given.model_validate_json(answer.body)
    except ValidationError as error:
        raise Retryable(_busy(answer.status)) from error
    return _Bearer(Secret(given.access_token), now + timedelta(seconds=given.expires_in))


def _problem_in(body: bytes) -> str:
    try:
        return _Problem.model_validate_json(body).error[:40]
    except ValidationError:
        return "no word that is known here"


def _busy(status: int) -> Finding:
    return Finding(
        Code.APPLE_UNREACHABLE,
        f"Apple's login answered {status}: out of order or too busy.",
        "Nothing was asked of Apple's API.",
        "Nothing: it is tried again by itself.",
    )


def _refused(problem: str) -> Finding:
    return Finding(
        Code.APPLE_REFUSED,
        f"Apple does not take the organisation's API account ({problem}).",
        "What Apple's API could tell or do is left to people meanwhile.",
        "Compare client_id, key_id and private_key of apple_api with the portal's API page, and this machine's clock.",
    )


_BAD_KEY: Final = Finding(
    Code.APPLE_REFUSED,
    "The private key of apple_api is no EC key in PEM form.",
    "What Apple's API could tell or do is left to people meanwhile.",
    "Use the .pem file that the portal gave out when the API account was made.",
)
