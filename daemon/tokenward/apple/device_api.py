"""Asking Apple whose a token is: the harmless probe, and the strongest proof."""

from typing import Annotated, Final

import structlog
from pydantic import BaseModel, Field, ValidationError

from tokenward.apple.oauth import authorization
from tokenward.apple.verdicts import account_reading, refusal_reading
from tokenward.model.finding import Code, Retryable
from tokenward.model.instant import Clock
from tokenward.model.organisation import Organisation
from tokenward.model.secret import Secret
from tokenward.model.target import Reading
from tokenward.model.token import ServerToken
from tokenward.policy.apple_words import Place, is_lost_session
from tokenward.rotation.ports import Chance
from tokenward.wire.answer import Answer
from tokenward.wire.client import Connection, HttpPeer

log = structlog.get_logger("tokenward.apple")

PROTOCOL_VERSION: Final = "10"
SESSION_HEADER: Final = "X-ADM-Auth-Session"
SAID_FROM_SECONDS: Final = 60.0
"""From here on it is said that the clock here and Apple's differ."""
ATTEMPTS: Final = 2
"""A session that Apple no longer knows is renewed once."""
_HEADERS: Final = {
    "X-Server-Protocol-Version": PROTOCOL_VERSION,
    "Content-Type": "application/json;charset=UTF8",
    "Accept-Encoding": "gzip, deflate",
}


class DeviceApi:
    """Apple's own word about a token (B10.1). Keeps nothing: every question opens a session of its own.

    Source: Apple, "Authenticating for Automated Device Enrollment" and "Account Detail".
    """

    def __init__(self, clock: Clock, chance: Chance, connection: Connection | None = None) -> None:
        """Ask with the time of *clock* and nonces of *chance*."""
        self._clock = clock
        self._chance = chance
        self._connection = connection or Connection()
        self.skew_seconds: float | None = None
        """By how much the clock here was ahead of Apple's at the last answer."""
        self._connection.tls()  # read once, before the event loop is busy

    async def account(self, organisation: Organisation, token: ServerToken) -> Reading:
        """Open a session with *token*, ask whose it is, and return the reading; never raises for an answer.

        A session that Apple no longer knows is renewed once; a second refusal is final.
        """
        peer = HttpPeer(
            "Apple",
            organisation.device_api,
            unreachable=Code.APPLE_UNREACHABLE,
            connection=self._connection,
            headers=_HEADERS,
        )
        try:
            for _ in range(ATTEMPTS):
                reading = await self._ask(peer, token)
                if reading is not None:
                    return reading
        except Retryable as error:
            return Reading(None, error.finding.happened, answered=False)
        return Reading(None, "Apple gave a session and then did not know it, again after a new login.")

    async def _ask(self, peer: HttpPeer, token: ServerToken) -> Reading | None:
        """Return the reading, or None where Apple does not know the session that it has just given."""
        opened = await peer.send("GET", "/session", headers={"Authorization": self._sign(peer, token)})
        self._note_skew(opened)
        if not opened.is_ok:
            return refusal_reading(Place.SESSION, opened, self.skew_seconds)
        session = _session_of(opened)
        if session is None:
            return Reading(None, "Apple took the login and gave no session.")
        answer = await peer.send("GET", "/account", headers={SESSION_HEADER: session})
        if answer.is_ok:
            return account_reading(answer)
        if is_lost_session(answer.status, answer.body):
            return None
        return refusal_reading(Place.CALL, answer, self.skew_seconds)

    def _note_skew(self, answer: Answer) -> None:
        """Take note of how the clocks differ, and say it once each time they begin to differ too much."""
        before, self.skew_seconds = self.skew_seconds, answer.skew_seconds(self._clock.now())
        if _is_large(self.skew_seconds) and not _is_large(before):
            log.warning("clock.skewed", peer="Apple", ahead_seconds=self.skew_seconds)

    def _sign(self, peer: HttpPeer, token: ServerToken) -> Secret:
        return authorization(f"{peer.base_url}/session", token, self._clock.now(), self._chance.token())


def _is_large(skew_seconds: float | None) -> bool:
    return skew_seconds is not None and abs(skew_seconds) >= SAID_FROM_SECONDS


def _session_of(answer: Answer) -> Secret | None:
    try:
        return Secret(_Session.model_validate_json(answer.body).auth_session_token)
    except ValidationError:
        return None


class _Session(BaseModel):
    auth_session_token: Annotated[str, Field(min_length=1, pattern="^[!-~]+$")]
