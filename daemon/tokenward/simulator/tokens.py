"""Server tokens: how Apple makes them, and why one no longer works."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from tokenward.simulator.state import Status, Token, User, World

LIFETIME: Final = timedelta(days=365)
KEPT_PER_SERVICE: Final = 50  # older ones are forgotten, and then unknown
# Who may see device management services and download their tokens. unconfirmed: the rights of a custom role.
PORTAL_ROLES: Final = frozenset(
    {
        "administrator",
        "device-enrolment-manager",
        "organization-administrator",
        "it-administrator",
        "custom",
    }
)


def _hexadecimal(digits: int) -> str:
    return secrets.token_hex(digits // 2)


def make_token(world: World, service: str, account: str, now: datetime) -> Token:
    """Return a new token for the service with this uuid, in the shape of real ones.

    The same account keeps its consumer key for this service; everything else is new. The issue time in
    milliseconds ends the access token; the token expires 365 days after the issue second.
    """
    issued_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    milliseconds = round(issued_at.timestamp() * 1000)
    number = 10**9 + secrets.randbelow(9 * 10**9)
    return Token(
        service=service,
        consumer_key=_consumer_key(world, service, account),
        consumer_secret=f"CS_{_hexadecimal(40)}",
        access_token=f"AT_O{number}O{_hexadecimal(40)}O{milliseconds}",
        access_secret=f"AS_{_hexadecimal(40)}",
        issued_at=issued_at,
        expires_at=issued_at.replace(microsecond=0) + LIFETIME,
        downloader=account,
    )


def _consumer_key(world: World, service: str, account: str) -> str:
    mine = [token for token in world.tokens if token.service == service and token.downloader == account]
    return mine[-1].consumer_key if mine else f"CK_{_hexadecimal(96)}"


def with_token(world: World, token: Token) -> World:
    """Return the world after the download of *token*: the one before it is dead from here on."""
    others = [kept for kept in world.tokens if kept.service != token.service]
    mine = [_superseded(kept, token) for kept in world.tokens if kept.service == token.service]
    return replace(world, tokens=(*others, *mine[1 - KEPT_PER_SERVICE :], token))


def _superseded(token: Token, successor: Token) -> Token:
    if token.superseded_at is not None:
        return token
    return replace(token, superseded_at=successor.issued_at, superseded_by=successor.downloader)


def problem(word: str, status: int) -> str:
    """Return an OAuth problem word as Apple writes it: glued to the reason phrase."""
    return f"{word}{HTTPStatus(status).phrase}"


def refusal(world: World, token: Token, now: datetime) -> tuple[int, str] | None:
    """Return the status and body with which ``/session`` refuses *token*, or None for one that works."""
    downloader = world.users.get(token.downloader)
    if downloader is None or downloader.status is Status.DELETED:
        return 403, "FORBIDDEN"
    if token.superseded_at is not None:
        status = world.switches.superseded_status
        same_account = token.superseded_by == token.downloader
        return status, problem("signature_invalid" if same_account else "token_rejected", status)
    if now >= token.expires_at:
        return 403, problem("token_expired", 403)
    if _is_rejected(world, token, downloader, now):
        return 403, problem("token_rejected", 403)
    return None


def _is_rejected(world: World, token: Token, downloader: User, now: datetime) -> bool:
    """Return whether something that its downloader did or suffered has killed *token*."""
    switches = world.switches
    changes = [changed_at for changed_at in downloader.password_changes if changed_at >= token.issued_at]
    return (
        any(_has_effect(switches.password_effect, changed_at, now) for changed_at in changes)
        or _has_effect(switches.role_effect, downloader.role_lost_at, now)
        or _has_effect(switches.deactivation_effect, downloader.deactivated_at, now)
    )


def _has_effect(effect: str, happened_at: datetime | None, now: datetime) -> bool:
    if happened_at is None or effect == "none":
        return False
    delay = float(effect.removeprefix("delay:")) if effect.startswith("delay:") else 0.0
    return now >= happened_at + timedelta(seconds=delay)
