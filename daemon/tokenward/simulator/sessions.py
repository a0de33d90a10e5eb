"""The rules of ``/session`` and of the calls that follow it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from tokenward.simulator.answers import Answer
from tokenward.simulator.oauth import BadParameters, Keys, is_signed, parse_authorization
from tokenward.simulator.state import Session, TermsGate, Token, World
from tokenward.simulator.tokens import problem, refusal

CLOCK_TOLERANCE: Final = timedelta(seconds=300)  # unconfirmed: Apple publishes none
OVERLAP: Final = timedelta(seconds=10)  # how long a replaced session value is still good
KEPT_SESSIONS: Final = 500
SESSION_HEADER: Final = "X-ADM-Auth-Session"


@dataclass(frozen=True, slots=True)
class Call:
    """What the rules look at in a request."""

    method: str
    url: str
    client: str  # the caller's address
    authorization: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """An authenticated call: whose token it stands on, and the session value to use from now on."""

    token: Token
    session: str


def open_session(world: World, call: Call, now: datetime) -> tuple[World, Answer]:
    """Return the world after ``GET /session``, and Apple's answer.

    Source: RFC 5849 section 3.2; Apple, "Interpreting Automated Device Enrollment error codes"; words as
    collected from logs of device management services.
    """
    try:
        parameters = parse_authorization(call.authorization)
    except BadParameters:
        return world, Answer.text(400, problem("oauth_problem_advice", 400))
    token = world.find_token(parameters["oauth_token"])
    doubt = _doubt(world, token, call, parameters, now)
    if token is None or doubt is not None:
        word = doubt if doubt and world.switches.verbose_oauth else "oauth_problem_advice"
        return world, Answer.text(401, problem(word, 401))
    world = _with_nonce(world, parameters, now)
    refused = refusal(world, token, now) or _gate(world, TermsGate.SESSION, now)
    if refused is not None:
        return world, Answer.text(*refused)
    value = secrets.token_hex(24)[:47]
    lifetime = timedelta(seconds=world.switches.session_seconds)
    world = _pruned(world, now).with_sessions(**{value: Session(token.access_token, now + lifetime)})
    return _connected(world, token, call, now), Answer.json(200, {"auth_session_token": value})


def _doubt(world: World, token: Token | None, call: Call, parameters: Mapping[str, str], now: datetime) -> str | None:
    """Return the problem word for a request that cannot be believed."""
    if token is None or token.consumer_key != parameters["oauth_consumer_key"]:
        return "consumer_key_unknown"
    if not is_signed(call.method, call.url, parameters, Keys(token.consumer_secret, token.access_secret)):
        return "oauth_problem_advice"
    if abs(int(parameters["oauth_timestamp"]) - now.timestamp()) > CLOCK_TOLERANCE.total_seconds():
        return "timestamp_refused"
    if _nonce_key(parameters) in world.nonces:
        return "nonce_used"
    return None


def _nonce_key(parameters: Mapping[str, str]) -> str:
    return " ".join(parameters[name] for name in ("oauth_token", "oauth_timestamp", "oauth_nonce"))


def _with_nonce(world: World, parameters: Mapping[str, str], now: datetime) -> World:
    """Return the world where this nonce is used; those too old to be taken anyway are forgotten."""
    kept = {key: at for key, at in world.nonces.items() if abs(now - at) <= CLOCK_TOLERANCE}
    sent_at = datetime.fromtimestamp(int(parameters["oauth_timestamp"]), UTC)
    return replace(world, nonces={**kept, _nonce_key(parameters): sent_at})


def _gate(world: World, at: TermsGate, now: datetime) -> tuple[int, str] | None:
    terms = world.organisation.terms
    if not terms.are_signed(now) and (at is TermsGate.CALLS or terms.gate is at):
        return 403, "T_C_NOT_SIGNED"
    return (403, "ACCESS_DENIED") if world.switches.access_denied else None


def resume_session(world: World, call: Call, now: datetime) -> tuple[World, Answer | Resumed]:
    """Return the world after an authenticated call, and whose call it is or why it is refused."""
    session = world.sessions.get(call.session or "")
    token = world.find_token(session.access_token) if session else None
    if session is None or token is None:
        return world, _unknown_session(world, call)
    refused = _session_refusal(world, session, token, now) or _gate(world, TermsGate.CALLS, now)
    if refused is not None:
        return world, Answer.text(*refused)
    world, value = _rotated(world, call.session or "", session, now)
    return _connected(world, token, call, now), Resumed(token, value)


def _unknown_session(world: World, call: Call) -> Answer:
    if call.session and world.switches.unknown_session == HTTPStatus.FORBIDDEN:
        return Answer.text(403, '"FORBIDDEN"')
    return Answer.text(401, "UNAUTHORIZED")


def _session_refusal(world: World, session: Session, token: Token, now: datetime) -> tuple[int, str] | None:
    """Return why this session gets no answer: too old, or its token has died since."""
    if now >= session.expires_at:
        return 401, "UNAUTHORIZED"
    if token.superseded_at is not None:
        return _superseded_refusal(world.switches.superseded_session, token.superseded_at, now)
    return (401, "UNAUTHORIZED") if refusal(world, token, now) else None


def _superseded_refusal(switch: str, superseded_at: datetime, now: datetime) -> tuple[int, str] | None:
    if switch == "403":
        return 403, problem("token_rejected", 403)
    alive = float(switch.removeprefix("alive:")) if switch.startswith("alive:") else 0.0
    return None if now < superseded_at + timedelta(seconds=alive) else (401, "UNAUTHORIZED")


def _rotated(world: World, value: str, session: Session, now: datetime) -> tuple[World, str]:
    """Return the session value to announce: now and then a new one, the old one good for a moment longer."""
    if session.replaced_by is not None:
        return world, session.replaced_by
    answered = replace(session, answers=session.answers + 1)
    every = world.switches.rotate_session_every
    if not every or answered.answers % every:
        return world.with_sessions(**{value: answered}), value
    successor = secrets.token_hex(24)[:47]
    lifetime = timedelta(seconds=world.switches.session_seconds)
    old = replace(answered, expires_at=min(session.expires_at, now + OVERLAP), replaced_by=successor)
    new = Session(session.access_token, now + lifetime)
    return world.with_sessions(**{value: old, successor: new}), successor


def _connected(world: World, token: Token, call: Call, now: datetime) -> World:
    """Return the world where the token's service was last seen now, from this address."""
    service = world.services[token.service]
    return world.with_service(replace(service, last_connected_at=now, last_connected_ip=call.client))


def _pruned(world: World, now: datetime) -> World:
    alive = [(value, session) for value, session in world.sessions.items() if now < session.expires_at]
    return replace(world, sessions=dict(alive[-KEPT_SESSIONS:]))
