"""What is known about each service's installed token, and the sealed secrets that we hold."""

import sqlite3
from datetime import datetime
from typing import Final

from tokenward.model.token import Basis, Expiry, InstalledToken, TokenState
from tokenward.store.columns import insert_into, instant, micros, take_new

_COLUMNS: Final = (
    "service",
    "state",
    "since",
    "expires_at",
    "expiry_basis",
    "downloader",
    "server_uuid",
    "token_digest",
    "mark",
    "envelope",
    "certificate",
    "issued_at",
    "rung",
)
_RECORD: Final = insert_into("token", _COLUMNS) + f" on conflict (service) do update set {take_new(_COLUMNS[1:])}"

# Secrets that were kept after those of the new token belong to a token that is still on its way: they stay.
_SUPERSEDE: Final = """
    update token_secret set superseded_at = :since
    where service = :service and superseded_at is null and token_digest is not :token_digest
      and (token_digest = :before
           or id < (select id from token_secret where service = :service and token_digest = :token_digest))
"""
_KEEP: Final = """
    insert into token_secret (service, token_digest, sealed) values (?, ?, ?)
    on conflict (service, token_digest) do update set sealed = excluded.sealed, superseded_at = null
"""
_HELD: Final = """
    select sealed from token_secret join token using (service, token_digest) where service = ?
"""
_RESTORE: Final = """
    update token_secret set superseded_at = null where service = :service and token_digest = :token_digest
"""
_OVERWRITE: Final = """
    update token_secret set sealed = zeroblob(length(sealed)) where superseded_at < ? and sealed is not null
"""
_DROP: Final = "update token_secret set sealed = null where superseded_at < ? and sealed is not null"


class TokenTable:
    """Installed tokens, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Work on *connection*."""
        self._connection = connection

    def installed(self, service: str) -> InstalledToken | None:
        """Return what is known of the token that *service* works with."""
        row = self._connection.execute("select * from token where service = ?", (service,)).fetchone()
        return None if row is None else token_from_row(row)

    def record(self, token: InstalledToken) -> None:
        """Make *token* the installed one of its service; the secrets of another are superseded by it."""
        before = self.installed(token.service)
        row = {
            "service": token.service,
            "state": token.state,
            "since": micros(token.since),
            "expires_at": token.expiry and micros(token.expiry.at),
            "expiry_basis": token.expiry and token.expiry.basis,
            "downloader": token.downloader,
            "server_uuid": token.server_uuid,
            "token_digest": token.token_digest,
            "mark": token.mark,
            "envelope": token.envelope,
            "certificate": token.certificate,
            "issued_at": micros(token.issued_at),
            "rung": token.rung,
        }
        self._connection.execute(_RECORD, row)
        if before is None or before.token_digest != token.token_digest:
            self._supersede(row, before)

    def sealed_secrets(self, service: str) -> bytes | None:
        """Return the installed token's sealed values, where we hold them."""
        row = self._connection.execute(_HELD, (service,)).fetchone()
        return None if row is None else row["sealed"]

    def keep_secrets(self, service: str, token_digest: str, sealed: bytes) -> None:
        """Keep a token's values, installed already or on their way."""
        self._connection.execute(_KEEP, (service, token_digest, sealed))

    def destroy_superseded(self, before: datetime) -> int:
        """Overwrite with zeros, then drop, the secrets superseded before *before*; return how many."""
        until = (micros(before),)
        self._connection.execute(_OVERWRITE, until)
        return self._connection.execute(_DROP, until).rowcount

    def _supersede(self, row: dict[str, object], before: InstalledToken | None) -> None:
        self._connection.execute(_SUPERSEDE, {**row, "before": before and before.token_digest})
        self._connection.execute(_RESTORE, row)


def token_from_row(row: sqlite3.Row) -> InstalledToken:
    """Return the installed token that stands in *row*."""
    expires_at = instant(row["expires_at"])
    return InstalledToken(
        service=row["service"],
        state=TokenState(row["state"]),
        since=instant(row["since"]),
        expiry=Expiry(expires_at, Basis(row["expiry_basis"])) if expires_at else None,
        downloader=row["downloader"],
        server_uuid=row["server_uuid"],
        token_digest=row["token_digest"],
        mark=row["mark"],
        envelope=row["envelope"],
        certificate=row["certificate"],
        issued_at=instant(row["issued_at"]),
        rung=row["rung"],
    )
