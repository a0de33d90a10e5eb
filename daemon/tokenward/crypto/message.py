"""The innermost layer of a token file: the message that holds a server token's five values."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from tokenward.crypto.refusals import CannotBeOpened, OpeningFailure, ValueMissing
from tokenward.model.instant import BadInstant, parse_instant
from tokenward.model.secret import Secret
from tokenward.model.token import LIFETIME, ServerToken

_SECRETS: Final = ("consumer_key", "consumer_secret", "access_token", "access_secret")
_EXPIRY: Final = "access_token_expiry"
_ISSUED: Final = re.compile(r"O(\d{13})\Z")
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST_LIFE: Final = 2 * LIFETIME
_JSON: Final = json.JSONDecoder()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_message(plain: bytes) -> ServerToken:
    """Return the server token in a decrypted message.

    The JSON may stand between Apple's ``BEGIN MESSAGE`` and ``END MESSAGE`` lines or alone, with or without
    headers; members that are not known are left alone.

    Raises:
        CannotBeOpened: No such message, as when it was decrypted with a wrong key.
        ValueMissing: A value is missing or empty, or the expiry is no instant with an offset from UTC.

    Source: Apple, "Examining Server Tokens"; markers and headers as in published specimens.
    """
    members = _members(plain)
    if members is None:
        raise CannotBeOpened(OpeningFailure.MESSAGE)
    values = {name: _text(members.get(name)) for name in _SECRETS}
    expires_at = _instant(members.get(_EXPIRY))
    if expires_at is None or not all(values.values()):
        missing = [name for name, value in values.items() if not value]
        raise ValueMissing((*missing, *([] if expires_at else [_EXPIRY])))
    return ServerToken(
        **{name: Secret(value) for name, value in values.items()},
        expires_at=expires_at,
        issued_at=_issued_at(values["access_token"], expires_at),
    )


def _members(plain: bytes) -> Mapping[str, object] | None:
    """Return the JSON object in *plain*, or None; no exception, for it would carry the text it failed on."""
    try:
        text = plain.decode()
        found, end = _JSON.raw_decode(text, text.index("{"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and end == text.rindex("}") + 1 else None


def _text(value: object) -> str:
    """Return *value* where it is a text that can be seen and sent, else nothing."""
    return value if isinstance(value, str) and value.strip() and value.isprintable() else ""


def _instant(value: object) -> datetime | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except BadInstant:
        return None


def _issued_at(access_token: str, expires_at: datetime) -> datetime | None:
    """Return the instant that the access token ends in, where it is one in the token's own time.

    # unconfirmed: Apple does not document the 13 digits. In every specimen they are the issue time in
    milliseconds, and the expiry lies 365 days after it.
    """
    found = _ISSUED.search(access_token)
    if found is None:
        return None
    issued_at = _EPOCH + int(found[1]) * _MILLISECOND
    return issued_at if issued_at < expires_at <= issued_at + _LONGEST_LIFE else None
